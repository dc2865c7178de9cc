"""A store that was to be created has come into being: its ID and token go to the target, and its clone is due."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Max, Q

from clones.choices import CREATION_GONE, CreationStatus, JobStatus
from clones.engine.holds import end_hold_of_canary, is_held_back
from clones.lifecycle import Change, advance_many
from clones.models import Batch, CloneJob, Connection, StoreCreation, TargetStore, TemplateStore
from clones.secrets import Secret
from clones.steps import advance_creations


class StoreTakenError(Exception):
    """The store cannot be the one that was to be created; the text is a sentence that says why and what to do."""


def clone_of(row: StoreCreation) -> CloneJob | None:
    """Return the active clone that waits for the store."""
    return CloneJob.objects.active().filter(target=row.target_id).select_related("batch").first()


def lock_batch_of(row: StoreCreation) -> None:
    """Lock the batch of the clone that waits: before the creation itself, as everywhere."""
    batches = Batch.objects.filter(jobs__target=row.target_id, jobs__finished_at=None)
    list(Batch.objects.filter(pk__in=batches).select_for_update(no_key=True))


def due_at(row: StoreCreation, now: datetime) -> datetime | None:
    """Return `now`, or None where the batch of its clone is held back."""
    job = clone_of(row)
    return None if job and is_held_back(job, job.batch) else now


def end_doubt(row: StoreCreation) -> None:
    """Without a store, its clone was surely not sent either (it may have been in doubt after an older backup)."""
    CloneJob.objects.filter(target=row.target_id, status=JobStatus.WAITING).update(unanswered_since=None)


def remark(
    rows: list[StoreCreation],
    note: str,
    now: datetime,
    *,
    actor: User | None = None,
    code: str = "",
    message: str = "",
) -> None:
    """Tell it in the histories of the clones that wait for these stores, or that waited for them last."""
    clones = CloneJob.objects.filter(target__in=[row.target_id for row in rows]).order_by()
    latest = clones.values("target").annotate(last=Max("pk")).values("last")
    jobs = CloneJob.objects.filter(pk__in=latest).order_by("pk")
    changes = [Change(job, JobStatus(job.status), note=note, code=code, message=message) for job in jobs]
    advance_many(changes, at=now, actor=actor)


def arrive(
    row: StoreCreation, store_id: str, token: Secret, now: datetime, note: str, actor: User | None = None
) -> None:
    """Give the store to the target of `row`, and let its clone go on. `row` and its batch are locked by the caller.

    Without a token the clone goes on all the same. Where the portal knows the store as another target already, the
    clone moves to that one. Raises StoreTakenError where it cannot be; nothing is written then.
    """
    _refuse_template(row, store_id)
    _refuse_beside(row, store_id)
    other = _claim(row, store_id)
    if other:
        _refuse_busy(other)
    job = clone_of(row)
    advance_creations([row], CreationStatus.CREATED, at=now, error_code="", error_message="")
    if job is None:
        remark([row], note, now, actor=actor)
    columns = {"token": token} if token else {}
    if other:
        _move_to(other, row, job)
        TargetStore.objects.filter(pk=other.pk).update(archived_at=None, **columns)
    else:
        TargetStore.objects.filter(pk=row.target_id).update(store_id=store_id, **columns)
    if job:
        end_hold_of_canary(job, job.batch)
        at = None if is_held_back(job, job.batch) else now
        advance_many([Change(job, JobStatus(job.status), {"next_action_at": at}, note=note)], at=now, actor=actor)


def _refuse_template(row: StoreCreation, store_id: str) -> None:
    templates = TemplateStore.objects.filter(connection__api_url=row.connection.api_url, store_id=store_id)
    for template in templates[:1]:
        message = f"Store {store_id} is the template “{template.name}”, and nothing may be cloned into a template."
        raise StoreTakenError(message)


def _refuse_beside(row: StoreCreation, store_id: str) -> None:
    """Refuse a store that another connection at the same address is at, or that was created over it."""
    places = Connection.objects.at_address_of(row.connection).exclude(pk=row.connection_id)
    for other in TargetStore.objects.filter(connection__in=places, store_id=store_id):
        _refuse_busy(other)


def _refuse_busy(other: TargetStore) -> None:
    for job in CloneJob.objects.active().filter(target=other)[:1]:
        message = f"Store {other.store_id} is a target already, and clone {job.pk} into it has not ended yet."
        raise StoreTakenError(message)
    for creation in StoreCreation.objects.filter(~Q(status__in=CREATION_GONE), target=other)[:1]:
        message = f"Store {other.store_id} was created for {creation.email}: it cannot be this one too."
        raise StoreTakenError(message)


def _claim(row: StoreCreation, store_id: str) -> TargetStore | None:
    """Lock the target of `row`, and the one that is at the store already: that is returned.

    In the order of a launch, which may name both: the store's row is made where there is none, then they are locked by
    their IDs. In another order, each would wait for the other for ever.
    """
    _, is_new = TargetStore.objects.get_or_create(connection=row.connection, store_id=store_id)
    at_store = TargetStore.objects.filter(connection=row.connection_id, store_id=store_id).exclude(pk=row.target_id)
    both = at_store | TargetStore.objects.filter(pk=row.target_id)
    locked = list(both.select_for_update(no_key=True).order_by("store_id", "pk"))
    if is_new:
        at_store.delete()
        return None
    return next((one for one in locked if one.pk != row.target_id), None)


def _move_to(other: TargetStore, row: StoreCreation, job: CloneJob | None) -> None:
    """Let the clone, and how its store came into being, belong to a target that the portal knows already."""
    StoreCreation.objects.filter(pk=row.pk).update(target=other)
    if job:
        CloneJob.objects.filter(pk=job.pk).update(target=other)
    TargetStore.objects.filter(pk=row.target_id, jobs=None, creations=None).delete()
