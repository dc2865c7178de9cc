"""What the portal knows of the stores that somebody wants to clone into, asked for all of them at once."""

from collections.abc import Collection, Iterable

from clones.choices import CREATION_GONE
from clones.models import CloneJob, Connection, StoreCreation, TargetStore, TemplateStore
from clones.operations.two_sides import NEVER_A_TARGET, templates_among


class KnownStores:
    """Says in a sentence what stands in the way of a store, an e-mail or an Instant Site; "" where nothing does."""

    def __init__(self, template: TemplateStore, store_ids: Collection[str], emails: Collection[str]) -> None:
        connection = template.connection
        self._template = template
        self._templates = {one.store_id: one for one in templates_among(connection, list(store_ids))}
        self._taken = taken_emails(live_creations(connection, emails).values(), connection)
        rows = TargetStore.objects.filter(connection=connection, store_id__in=store_ids)
        self._targets = {row.store_id: row for row in rows.only("store_id", "email", "token")}

    def against_store(self, store_id: str) -> str:
        """Refuse templates."""
        rival = self._templates.get(store_id)
        if rival is None:
            return ""
        if rival.pk == self._template.pk:
            return f"Store {store_id} is the template itself: remove this row."
        return f"{NEVER_A_TARGET.format(f'{store_id} (“{rival.name}”)')[:-1]}, so remove this row."

    def against_email(self, email: str) -> str:
        """Refuse an e-mail that a store is, or was, created for."""
        return self._taken.get(email, "")

    def against_both(self, store_id: str, email: str) -> str:
        """Refuse a store ID together with an e-mail, unless the portal had that very store created for it."""
        target = self._targets.get(store_id)
        if target and target.email == email:
            return ""
        return (
            "This row has a store ID and an e-mail: leave the e-mail empty to clone into that store, or the store ID "
            "to have a new one created."
        )

    def against_site(self, store_id: str, *, has_token: bool) -> str:
        """Refuse an Instant Site that could not be cloned; `has_token`: the row has one, or the store will get one."""
        connection = self._template.connection
        if not connection.site_url:
            return (
                f"Connection “{connection}” has no address for Instant Sites: write no, or ask an administrator to "
                "enter one."
            )
        target = self._targets.get(store_id)
        if not (has_token or (target and target.token)):
            return "An Instant Site is cloned with the store's access token: write it into this row, or write no here."
        return ""


def live_creations(connection: Connection, emails: Iterable[str]) -> dict[str, StoreCreation]:
    """Return for each of these e-mails the creation of its store that has ended well, or not ended.

    Whoever asked for it: an e-mail has one store at one address, over whichever connection.
    """
    places = Connection.objects.at_address_of(connection)
    rows = StoreCreation.objects.filter(connection__in=places, email__in=list(emails)).exclude(status__in=CREATION_GONE)
    return {creation.email: creation for creation in rows.select_related("target", "connection")}


def taken_emails(creations: Iterable[StoreCreation], connection: Connection) -> dict[str, str]:
    """Say for the e-mail of each of these, to people at `connection`, what there is of its store."""
    creations = list(creations)
    batches = _batches([creation.target_id for creation in creations if not creation.target.store_id])
    return {one.email: _taken(one, connection, batches.get(one.target_id)) for one in creations}


def _batches(target_ids: list[int]) -> dict[int, int]:
    """Return the latest batch of each target."""
    jobs = CloneJob.objects.filter(target__in=target_ids).order_by("pk") if target_ids else CloneJob.objects.none()
    return dict(jobs.values_list("target_id", "batch_id"))


def _taken(creation: StoreCreation, connection: Connection, batch: int | None) -> str:
    over = f" over connection “{creation.connection}”" if creation.connection_id != connection.pk else ""
    if creation.target.store_id:
        return (
            f"A store was created for {creation.email} already{over}: write its ID, {creation.target.store_id}, into "
            "store_id, and leave the e-mail empty."
        )
    where = f" in batch {batch}" if batch else ""
    return f"A store is being created for {creation.email} already{where}{over}: remove this row."
