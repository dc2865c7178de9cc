"""What the portal itself knows of the targets of drafts: templates, clones, stores that were created. A few queries."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Q, QuerySet

from clones.choices import CREATION_GONE, CloneScope, FailureKind, JobStatus
from clones.engine.check_facts import Filled, Known
from clones.models import CloneJob, Connection, DraftTarget, StoreCreation, TargetStore, TemplateStore
from clones.secrets import Secret

# A clone that ended like this may have left something in the store.
_MAY_HAVE_FILLED: Final = (
    FailureKind.ECWID,
    FailureKind.RESULT_LOST,
    FailureKind.TICKET_LOST,
    FailureKind.TIMED_OUT,
)


def knowledge(rows: Sequence[DraftTarget]) -> dict[int, Known]:
    """Return what is known of each row, by its id. The rows come with their drafts, templates and connections."""
    found: dict[int, Known] = {}
    for connection, together in _by_connection(rows).items():
        about = _Archive(connection, together)
        found |= {row.pk: about.row(row) for row in together}
    return found


def _by_connection(rows: Iterable[DraftTarget]) -> dict[Connection, list[DraftTarget]]:
    grouped: dict[Connection, list[DraftTarget]] = defaultdict(list)
    for row in rows:
        if row.draft.template:
            grouped[row.draft.template.connection].append(row)
    return grouped


def scope_of(row: DraftTarget) -> CloneScope:
    """Return what is copied into this target: as its cell says, else as the draft does."""
    written = re.sub(r"[\s-]+", "_", row.scope.strip()).upper()  # as `operations.cells` reads it
    return CloneScope(written if written in CloneScope.values else row.draft.scope)


class _Archive:
    """What is known of the stores and e-mails of rows over one connection, over whichever it was done."""

    def __init__(self, connection: Connection, rows: Sequence[DraftTarget]) -> None:
        ids = {row.store_id.strip() for row in rows} - {""}
        emails = {row.email.strip().lower() for row in rows if not row.store_id.strip()} - {""}
        places = Connection.objects.at_address_of(connection)
        templates = TemplateStore.objects.filter(connection__in=places, store_id__in=ids)
        self.templates = {one.store_id: one.name for one in templates}
        targets = TargetStore.objects.filter(connection=connection, store_id__in=ids).order_by("pk")
        self.tokens = {one.store_id: one.token for one in targets if one.token}
        into = CloneJob.objects.into(connection, ids)
        self.active = dict(into.active().values_list("target__store_id", "pk"))
        self.filled = _last_filled(into)
        creations = StoreCreation.objects.filter(connection__in=places, email__in=emails)
        self.creations = dict(creations.exclude(status__in=CREATION_GONE).values_list("email", "target__store_id"))

    def row(self, row: DraftTarget) -> Known:
        template = row.draft.template
        assert template is not None  # noqa: S101  `_by_connection` leaves the others out
        store_id, email = row.store_id.strip(), row.email.strip().lower()
        return Known(
            store_id=store_id,
            email="" if store_id else email,
            scope=scope_of(row),
            template_products=template.known_product_count,
            token=row.access_token or self.tokens.get(store_id, Secret()),
            is_template=self.templates.get(store_id),
            is_own_template=store_id == template.store_id,
            active_job=self.active.get(store_id),
            filled=self.filled.get(store_id),
            created=None if store_id else self.creations.get(email),
        )


def _last_filled(jobs: QuerySet[CloneJob]) -> dict[str, Filled]:
    ended = Q(status=JobStatus.COMPLETED) | Q(failure_kind__in=_MAY_HAVE_FILLED)
    rows = jobs.filter(ended).exclude(scope=CloneScope.STORE_SETTINGS).order_by("pk")
    return {store: Filled(pk, at) for store, pk, at in rows.values_list("target__store_id", "pk", "finished_at")}
