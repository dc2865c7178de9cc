"""How stores stand over all their steps, and when a wait for them ends. With a real worker: `tests/worker`."""

from io import StringIO

import pytest
from django.core.management.base import OutputWrapper
from django.utils import timezone

from clones.choices import CreationStatus, FailureKind, HoldReason, JobStatus, SiteChoice, SiteStatus
from clones.management.standing import standings, words
from clones.management.waiting import Wait, describe
from clones.models import Batch, CloneJob, SiteClone, StoreCreation
from clones.operations.launch import Order, start_batch
from clones.operations.wanted import Wanted
from tests.factories import TemplateStoreFactory

pytestmark = pytest.mark.django_db

ANNA = Wanted(email="anna@example.com", name="Anna", instant_site=SiteChoice.DRAFT)
FOR_EVER = 600


def launched(*targets: Wanted, canary: bool = False) -> Batch:
    template = TemplateStoreFactory.create(connection__site_url="https://sites.example")
    batch = start_batch(Order(template, targets=targets, canary=canary)).batch
    assert batch is not None
    return batch


def complete(batch: Batch) -> None:
    jobs = CloneJob.objects.filter(batch=batch)
    for job in jobs:
        jobs.filter(pk=job.pk).update(
            status=JobStatus.COMPLETED, ticket=f"t{job.pk}", finished_at=timezone.now(), next_action_at=None
        )


def creation_is(status: CreationStatus, **columns: object) -> None:
    StoreCreation.objects.update(status=status, **columns)


def site_is(status: SiteStatus, **columns: object) -> None:
    SiteClone.objects.update(status=status, **columns)


def waited(batch: Batch, seconds: float = FOR_EVER) -> str:
    """Wait for the batch; return what was said meanwhile."""
    said = StringIO()
    Wait(batch.pk, seconds, OutputWrapper(said)).run()
    return said.getvalue()


def steps(batch: Batch) -> list[str]:
    return [words(row.step) for row in standings(batch.pk)]


def lines(batch: Batch) -> list[str]:
    return [describe(row) for row in standings(batch.pk)]


def test_a_store_stands_at_its_first_open_step() -> None:
    batch = launched(ANNA, Wanted("9001"))
    assert steps(batch) == ["Store waiting", "Waiting"]

    creation_is(CreationStatus.CREATING)
    assert steps(batch) == ["Store being created", "Waiting"]

    creation_is(CreationStatus.CREATED, finished_at=timezone.now())
    assert steps(batch) == ["Waiting", "Waiting"]

    complete(batch)
    assert steps(batch) == ["Site waiting", "Completed"]

    site_is(SiteStatus.DONE, finished_at=timezone.now())
    assert steps(batch) == ["Completed", "Completed"]


def test_progress_counts_the_steps() -> None:
    batch = launched(ANNA, Wanted("9001"), Wanted("9002"))

    assert waited(batch, 0.01).splitlines()[0] == "1 Store waiting, 2 Waiting"


def test_a_wait_goes_on_for_the_site() -> None:
    batch = launched(ANNA)
    creation_is(CreationStatus.CREATED, finished_at=timezone.now())
    complete(batch)

    (row,) = standings(batch.pk)

    assert (row.moves, row.is_done) == (True, False)


@pytest.mark.parametrize(
    ("status", "is_done", "says"),
    [
        (SiteStatus.DONE, True, "Its Instant Site: Cloned."),
        (SiteStatus.FAILED, False, "Its Instant Site: Failed. Ecwid"),
    ],
)
def test_a_site_that_has_ended_ends_the_wait(status: SiteStatus, says: str, *, is_done: bool) -> None:
    batch = launched(Wanted("9001", instant_site=SiteChoice.DRAFT))
    complete(batch)
    site_is(status, finished_at=timezone.now(), error_code="E1", error_message="broke")

    waited(batch)

    assert [row.is_done for row in standings(batch.pk)] == [is_done]
    assert says in lines(batch)[0]


def test_a_site_of_a_clone_that_failed_keeps_nobody_waiting() -> None:
    batch = launched(Wanted("9001", instant_site=SiteChoice.DRAFT))
    CloneJob.objects.update(
        status=JobStatus.FAILED, failure_kind=FailureKind.ECWID, finished_at=timezone.now(), next_action_at=None
    )

    waited(batch)

    assert lines(batch)[0].startswith("9001: Failed. Failed at Ecwid: ")


def test_a_store_that_needs_a_person_ends_the_wait_and_says_so() -> None:
    batch = launched(ANNA)
    creation_is(CreationStatus.NEEDS_PERSON, next_action_at=None)

    said = waited(batch)

    job = CloneJob.objects.get().pk
    assert said.splitlines()[0] == "1 Store needs a person"
    assert lines(batch) == [
        "Anna (anna@example.com): Store needs a person. Not done yet. "
        f"Its store needs a person: the page of clone {job} says what to do."
    ]


def test_a_site_that_needs_a_person_ends_the_wait_and_says_so() -> None:
    batch = launched(Wanted("9001", instant_site=SiteChoice.DRAFT))
    complete(batch)
    site_is(SiteStatus.NEEDS_PERSON)

    waited(batch)

    assert "Its Instant Site needs a person" in lines(batch)[0]
    assert not standings(batch.pk)[0].is_done


def test_while_others_go_on_the_wait_does_too() -> None:
    batch = launched(ANNA, Wanted("9001"))
    creation_is(CreationStatus.NEEDS_PERSON, next_action_at=None)

    assert [row.moves for row in standings(batch.pk)] == [False, True]


def test_a_batch_that_is_held_ends_the_wait_and_says_why() -> None:
    batch = launched(Wanted("9001"), ANNA)
    CloneJob.objects.update(next_action_at=None)
    StoreCreation.objects.update(next_action_at=None)
    Batch.objects.update(held_since=timezone.now(), hold_reason=HoldReason.SAME_FAILURES)

    waited(batch)

    why = f"Held: five clones in a row failed for the same reason. The page of batch {batch.pk} says what to do."
    assert lines(batch) == [
        f"9001: Waiting. Not done yet. {why}",
        f"Anna (anna@example.com): Store waiting. Not done yet. {why}",
    ]


def test_behind_a_canary_one_waits_unless_it_needs_a_person() -> None:
    batch = launched(ANNA, Wanted("9001"), canary=True)
    assert [row.moves for row in standings(batch.pk)] == [True, True]

    creation_is(CreationStatus.NEEDS_PERSON, next_action_at=None)

    waited(batch)
    assert [row.moves for row in standings(batch.pk)] == [False, False]
    assert "Held: the first store needs a person, see clone" in lines(batch)[1]


def test_when_the_canary_has_ended_one_waits_for_the_release() -> None:
    batch = launched(Wanted("9001"), Wanted("9002"), canary=True)
    first = CloneJob.objects.earliest("pk")
    CloneJob.objects.filter(pk=first.pk).update(
        status=JobStatus.COMPLETED, ticket="t", finished_at=timezone.now(), next_action_at=None
    )

    assert [row.moves for row in standings(batch.pk)] == [False, True]


def test_what_ecwid_has_already_goes_on_in_a_held_batch() -> None:
    batch = launched(Wanted("9001"), Wanted("9002"))
    first = CloneJob.objects.earliest("pk")
    CloneJob.objects.filter(pk=first.pk).update(status=JobStatus.QUEUED, ticket="t")
    CloneJob.objects.exclude(pk=first.pk).update(next_action_at=None)
    Batch.objects.update(held_since=timezone.now(), hold_reason=HoldReason.SAME_FAILURES)

    assert [row.moves for row in standings(batch.pk)] == [True, False]
