"""What a batch is called and told to be, for every mix of clones, stores, sites and halts."""

from typing import Any

import pytest
from django.utils import timezone

from clones.choices import BatchState, CreationStatus, HoldReason, JobStatus, SiteStatus
from clones.models import Batch, CloneJob, needing_person, with_steps
from clones.progress import Progress, progress_of
from tests.factories import (
    MISSING,
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    SiteCloneFactory,
    StoreCreationFactory,
    TemplateStoreFactory,
)

W, _, _, R, C, F, X = JobStatus
PERSON, CREATING = CreationStatus.NEEDS_PERSON, CreationStatus.CREATING
HELD = {"hold": HoldReason.SAME_FAILURES}


@pytest.mark.parametrize(
    ("counts", "state", "words"),
    [
        ({W: 2}, BatchState.WAITING, "0 of 2 completed, 2 waiting"),
        ({W: 1, C: 1}, BatchState.RUNNING, "1 of 2 completed, 1 waiting"),
        ({R: 1, F: 1}, BatchState.RUNNING, "0 of 2 completed, 1 failed, 1 running"),
        ({C: 40}, BatchState.COMPLETED, "40 of 40 completed"),
        ({C: 37, F: 3}, BatchState.PARTLY, "37 of 40 completed, 3 failed"),
        ({C: 1, F: 1, X: 1}, BatchState.PARTLY, "1 of 3 completed, 1 failed, 1 canceled"),
        ({C: 1, X: 1}, BatchState.CUT, "1 of 2 completed, 1 canceled"),
        ({F: 2}, BatchState.FAILED, "0 of 2 completed, 2 failed"),
        ({F: 1, X: 1}, BatchState.PARTLY, "0 of 2 completed, 1 failed, 1 canceled"),
        ({X: 2}, BatchState.CANCELED, "0 of 2 completed, 2 canceled"),
        ({W: 1200, R: 2000, C: 1000}, BatchState.RUNNING, "1,000 of 4,200 completed, 2,000 running, 1,200 waiting"),
    ],
)
def test_the_state_and_the_totals_in_words(counts: dict[JobStatus, int], state: BatchState, words: str) -> None:
    progress = Progress(counts)

    assert (progress.state, progress.words) == (state, words)


@pytest.mark.parametrize(
    ("counts", "more", "state", "label", "moves"),
    [
        ({C: 37, F: 3}, {}, BatchState.PARTLY, "Partly failed (37 of 40)", False),
        ({C: 2}, {"sites": {SiteStatus.DONE: 2}}, BatchState.COMPLETED, "All completed", False),
        ({C: 2}, {"sites": {SiteStatus.FAILED: 1}}, BatchState.PARTLY, "Partly failed (1 of 2)", False),
        ({C: 2}, {"sites": {SiteStatus.CLONING: 1}}, BatchState.RUNNING, "Running", True),
        ({C: 2}, {"sites": {SiteStatus.NEEDS_PERSON: 1}}, BatchState.COMPLETED, "All completed", False),
        ({W: 2}, {"stores": {CREATING: 1}}, BatchState.RUNNING, "Running", True),
        ({W: 2}, {"stores": {CreationStatus.WAITING: 2}}, BatchState.WAITING, "Waiting", True),
        ({C: 1, W: 1}, {"stores": {PERSON: 1}}, BatchState.WAITING, "Waiting", False),
        ({C: 1, W: 2}, {"stores": {PERSON: 1}}, BatchState.RUNNING, "Running", True),
        ({F: 5, W: 2}, HELD, BatchState.HELD, "Held", False),
        ({F: 5, R: 2}, HELD, BatchState.RUNNING, "Running", True),
        ({F: 5, X: 2}, HELD, BatchState.PARTLY, "Partly failed (0 of 7)", False),
        ({W: 2}, {"is_stopped": True}, BatchState.STOPPED, "Stopped", False),
        ({F: 5, W: 2}, HELD | {"is_stopped": True}, BatchState.HELD, "Held", False),
        ({C: 2}, {"is_stopped": True}, BatchState.COMPLETED, "All completed", False),
    ],
)
def test_the_state_with_steps_and_halts(
    counts: dict[JobStatus, int],
    more: dict[str, Any],
    state: BatchState,
    label: str,
    moves: bool,
) -> None:
    progress = Progress(counts, **more)

    assert (progress.state, progress.label, progress.moves) == (state, label, moves)


def test_the_words_tell_of_sites_when_all_clones_have_ended() -> None:
    assert Progress({C: 3}, sites={SiteStatus.FAILED: 2}).words == "3 of 3 completed, 2 sites failed"
    assert Progress({C: 3}, sites={SiteStatus.WAITING: 1}).words == "3 of 3 completed, 1 site to come"
    assert Progress({C: 3, R: 1}, sites={SiteStatus.WAITING: 1}).words == "3 of 4 completed, 1 running"


def test_the_token_tells_all_apart_that_is_shown() -> None:
    kinds = [
        Progress({W: 1}),
        Progress({R: 1}),
        Progress({W: 1}, stores={PERSON: 1}),
        Progress({W: 1}, sites={SiteStatus.WAITING: 1}),
        Progress({W: 1}, hold=HoldReason.CANARY),
        Progress({W: 1}, hold=HoldReason.SAME_FAILURES),
        Progress({W: 1}, goes_alone=True),
        Progress({W: 1}, is_stopped=True),
    ]

    assert len({progress.token for progress in kinds}) == len(kinds)


def without_store(batch: Batch, store: CreationStatus, **job: Any) -> CloneJob:
    creation = StoreCreationFactory.create(connection=batch.connection, status=store)
    return CloneJobFactory.create(batch=batch, target=creation.target, **job)


@pytest.mark.django_db
def test_many_batches_are_counted_by_one_query(django_assert_num_queries: Any) -> None:
    paused = ConnectionFactory.create(paused_at=timezone.now())
    stopped = BatchFactory.create(template=TemplateStoreFactory.create(connection=paused), canary=True)
    CloneJobFactory.create(batch=stopped)
    held = BatchFactory.create(held_since=timezone.now(), hold_reason=HoldReason.CANARY, canary=True)
    without_store(held, PERSON)
    SiteCloneFactory.create(job=CloneJobFactory.create(batch=held, status=C), status=SiteStatus.NEEDS_PERSON)
    ended = BatchFactory.create()
    without_store(ended, PERSON, status=X)  # nothing waits for that store any more

    with django_assert_num_queries(1):
        found = progress_of([stopped.pk, held.pk, ended.pk, MISSING])

    assert found[stopped.pk] == Progress({W: 1}, goes_alone=True, is_stopped=True)
    assert found[held.pk] == Progress(
        {W: 1, C: 1}, {PERSON: 1}, {SiteStatus.NEEDS_PERSON: 1}, HoldReason.CANARY, goes_alone=True
    )
    assert found[held.pk].needs_person == 2
    assert found[ended.pk] == Progress({X: 1})
    assert found[MISSING].total == 0


@pytest.mark.django_db
def test_who_needs_a_person() -> None:
    batch = BatchFactory.create()
    store = without_store(batch, PERSON)
    site = CloneJobFactory.create(batch=batch, status=C)
    SiteCloneFactory.create(job=site, status=SiteStatus.NEEDS_PERSON)
    without_store(batch, PERSON, status=X)
    without_store(batch, CreationStatus.LOOKING)
    SiteCloneFactory.create(job=CloneJobFactory.create(batch=batch, status=C), status=SiteStatus.FAILED)

    assert set(needing_person(CloneJob.objects.all())) == {store, site}


@pytest.mark.django_db
def test_a_store_is_a_step_of_the_job_that_waited_for_it_and_of_no_later_one() -> None:
    batch = BatchFactory.create()
    creation = StoreCreationFactory.create(connection=batch.connection, status=CreationStatus.FAILED)
    first = CloneJobFactory.create(batch=batch, target=creation.target, status=F, created_at=creation.created_at)
    again = StoreCreationFactory.create(
        connection=batch.connection, target=creation.target, email=creation.email, status=CreationStatus.CREATED
    )
    second = CloneJobFactory.create(batch=batch, target=creation.target, status=F, created_at=again.created_at)
    third = CloneJobFactory.create(batch=batch, target=creation.target)

    steps = {job.pk: getattr(job, "creation_status", None) for job in with_steps(CloneJob.objects.all())}

    assert steps == {first.pk: CreationStatus.FAILED, second.pk: CreationStatus.CREATED, third.pk: None}
