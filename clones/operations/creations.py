"""What a person decides about a store that was to be created, where the portal must not guess."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from clones.choices import CreationStatus, FailureKind, JobStatus
from clones.engine import arrival, bell
from clones.engine.holds import end_hold_of_canary, is_held_back
from clones.lifecycle import Change, advance_many
from clones.models import Batch, CloneJob, StoreCreation
from clones.operations.errors import InvalidRequestError, about
from clones.operations.keys import check_key
from clones.operations.store_ids import check_store_id
from clones.operations.two_sides import refuse_templates
from clones.secrets import Secret
from clones.steps import advance_creations

_GIVEN_UP = "No store was created: it was given up."


def creation_of(job: CloneJob) -> StoreCreation | None:
    """Return how the store of `job` comes into being, or came; None where it was there from the beginning."""
    return StoreCreation.objects.filter(target=job.target_id).order_by("-pk").first()


def enter_store(job: CloneJob, store_id: str, token: str = "", user: User | None = None) -> CloneJob:
    """Take a store that a person names for the one that was to be created; its clone goes on. Returns the clone.

    Where it is a target already, and free, the clone moves to that one. Raises InvalidRequestError, also where nobody
    is asked for it any more.
    """
    with about("store_id"):
        wanted = check_store_id(store_id)
    sealed = Secret.seal(check_key(token, "The access token", "access_token"))
    now = timezone.now()
    with transaction.atomic():
        row = _waiting_for_a_person(job)
        refuse_templates(row.connection, [wanted], "store_id")
        try:
            arrival.arrive(row, wanted, sealed, now, f"The store for {row.email} is {wanted}.", user)
        except arrival.StoreTakenError as error:
            raise InvalidRequestError(str(error), "store_id") from None
        transaction.on_commit(bell.ring_all)
    return CloneJob.objects.get(pk=job.pk)


def look_again(job: CloneJob, user: User | None = None) -> int:
    """Look again whether the store is there; where surely none was asked for, ask for it again.

    What waits for the same reason over the same connection is asked for again along with it, as the reason was the
    application's. Returns how many stores that are. Raises InvalidRequestError.
    """
    now = timezone.now()
    with transaction.atomic():
        alike = _locked_alike(job)
        row = _waiting_for_a_person(job)
        if row.unanswered_since:
            advance_creations([row], CreationStatus.LOOKING, at=now, next_action_at=now)
            arrival.remark([row], f"Looking again whether {row.email} has a store.", now, actor=user)
            if waiting := arrival.clone_of(row):
                end_hold_of_canary(waiting, waiting.batch)
            count = 1
        else:
            count = _ask_again(alike, now, user)
        transaction.on_commit(bell.ring_all)
    return count


def _locked_alike(job: CloneJob) -> list[StoreCreation]:
    """Lock what waits for a person for the same reason as the store of `job`, and surely was not asked for."""
    row = creation_of(job)
    if row is None or row.unanswered_since:
        return []
    alike = StoreCreation.objects.filter(
        connection=row.connection_id,
        status=CreationStatus.NEEDS_PERSON,
        unanswered_since=None,
        finished_at=None,
        error_code=row.error_code,
    )
    _lock_batches(job, alike)
    return list(alike.order_by("pk").select_for_update(no_key=True))


def _lock_batches(job: CloneJob, creations: QuerySet[StoreCreation]) -> None:
    """Lock the batches of `job` and of all clones that wait for these stores, in the order of their keys."""
    waiting = CloneJob.objects.active().filter(target__in=creations.order_by().values("target")).order_by()
    batches = Batch.objects.filter(Q(pk=job.batch_id) | Q(pk__in=waiting.values("batch")))
    list(batches.order_by("pk").select_for_update(no_key=True))


def _ask_again(rows: list[StoreCreation], now: datetime, user: User | None) -> int:
    jobs = CloneJob.objects.active().filter(target__in=[each.target_id for each in rows]).select_related("batch")
    for job in jobs:
        end_hold_of_canary(job, job.batch)
    held = {job.target_id for job in jobs if is_held_back(job, job.batch)}
    cleared = {"error_code": "", "error_message": "", "trying_since": None}
    free = [each for each in rows if each.target_id not in held]
    advance_creations(free, CreationStatus.WAITING, at=now, next_action_at=now, **cleared)
    kept = [each for each in rows if each.target_id in held]
    advance_creations(kept, CreationStatus.WAITING, at=now, next_action_at=None, **cleared)
    arrival.remark(rows, "The store is asked for again.", now, actor=user)
    return len(rows)


def give_up_store(job: CloneJob, user: User | None = None) -> None:
    """Do without the store; its clone fails, as there is nothing to clone into. Raises InvalidRequestError."""
    now = timezone.now()
    with transaction.atomic():
        row = _waiting_for_a_person(job)
        advance_creations([row], CreationStatus.FAILED, at=now)
        waiting = arrival.clone_of(row)
        if waiting:
            fields = {"failure_kind": FailureKind.NO_STORE}
            advance_many([Change(waiting, JobStatus.FAILED, fields, note=_GIVEN_UP)], at=now, actor=user)


def _waiting_for_a_person(job: CloneJob) -> StoreCreation:
    """Lock the batch and the creation, in this order as everywhere. Raises InvalidRequestError."""
    _lock_batches(job, StoreCreation.objects.filter(target=job.target_id))
    rows = StoreCreation.objects.select_for_update(of=("self",), no_key=True).select_related("connection", "target")
    row = rows.filter(target=job.target_id).order_by("-pk").first()
    if row is None or row.status != CreationStatus.NEEDS_PERSON:
        raise InvalidRequestError("This store does not wait for a person any more: look at what became of it.")
    return row
