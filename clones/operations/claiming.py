"""The target rows of a launch: made where they are new, and locked against everybody who wants one of them too."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Q, QuerySet

from clones.models import Connection, TargetStore
from clones.operations.errors import InvalidRequestError
from clones.operations.wanted import Wanted

_CHUNK: Final = 500


def claim(connection: Connection, wanted: Sequence[Wanted]) -> list[TargetStore]:
    """Return the rows in the order asked for, locked until the transaction ends. Raises InvalidRequestError.

    A store that is to be created has one row for its e-mail; that of a creation that failed is taken again.
    """
    rows = _rows(connection, wanted)
    known = {row.store_id or row.email for row in rows.only("store_id", "email")}
    # Sorted: two launches that take the same rows in different orders would wait for each other for ever.
    fresh = sorted((one for one in wanted if one.store not in known), key=lambda one: (one.store_id, one.email))
    TargetStore.objects.bulk_create((_new_row(connection, one) for one in fresh), ignore_conflicts=True)
    # no_key: a worker that leases their jobs refers to them when it commits, and each would wait for the other.
    locked = rows.select_for_update(no_key=True).order_by("store_id", "pk")
    found = {row.store_id or row.email: row for row in locked}
    gone = [one.store for one in wanted if one.store not in found]
    if gone:
        message = f"{gone[0]} changed while you were launching: look at it, and launch again."
        raise InvalidRequestError(message)
    # Whoever names an archived target wants it back.
    rows.filter(pk__in=[row.pk for row in found.values() if row.archived_at]).update(archived_at=None)
    return [found[one.store] for one in wanted]


def _rows(connection: Connection, wanted: Iterable[Wanted]) -> QuerySet[TargetStore]:
    store_ids = [one.store_id for one in wanted if one.store_id]
    emails = [one.email for one in wanted if not one.store_id]
    return TargetStore.objects.filter(
        Q(store_id__in=store_ids) | Q(store_id="", email__in=emails), connection=connection
    )


def _new_row(connection: Connection, wanted: Wanted) -> TargetStore:
    row = TargetStore(connection=connection, store_id=wanted.store_id, email=wanted.email)
    _take_facts(row, wanted)
    return row


def keep_facts(pairs: Iterable[tuple[Wanted, TargetStore]]) -> None:
    """Write the labels and tokens that were given; a target keeps what it has where none was."""
    changed = [target for wanted, target in pairs if _take_facts(target, wanted)]
    TargetStore.objects.bulk_update(changed, ["label", "token"], batch_size=_CHUNK)


def _take_facts(row: TargetStore, wanted: Wanted) -> bool:
    """Set label and token where they are given; tell whether that changed anything."""
    before = (row.label, row.token)
    row.label = wanted.label or wanted.name or row.label
    row.token = wanted.token or row.token
    return (row.label, row.token) != before
