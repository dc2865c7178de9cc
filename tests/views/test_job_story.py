"""What happened to a clone, and the clones it was retried as."""

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clones.choices import ACTIVE, AT_ECWID, JobStatus
from clones.models import CloneEvent, CloneJob
from clones.views.job_story import SHOWN, Timeline, chain, into_the_same_store, why_not_retried
from tests.factories import BatchFactory, CloneJobFactory
from tests.people import staff

pytestmark = pytest.mark.django_db


def tell(job: CloneJob, to: JobStatus, before: JobStatus | str = "", **fields: Any) -> None:
    CloneEvent.objects.create(job=job, at=timezone.now(), from_status=before, to_status=to, **fields)


def told(job: CloneJob) -> list[str]:
    return [line.words for line in Timeline.of(job, whole=False).lines]


def family(*parents: int | None) -> list[CloneJob]:
    """Make clones into one store: each retries the one at that place, or none."""
    jobs: list[CloneJob] = []
    for parent in parents:
        retry_of = None if parent is None else jobs[parent]
        same = {"target": jobs[0].target, "batch": jobs[0].batch} if jobs else {}
        jobs.append(CloneJobFactory.create(status=JobStatus.FAILED, retry_of=retry_of, **same))
    return jobs


def chained(job: CloneJob) -> list[int]:
    return [each.pk for each in chain(job, into_the_same_store(job))]


def refusal(job: CloneJob) -> str | None:
    return why_not_retried(job, into_the_same_store(job))


def test_the_latest_is_told_first() -> None:
    job = CloneJobFactory.create()
    tell(job, JobStatus.WAITING, note="Asked for.")
    tell(job, JobStatus.SUBMITTING, JobStatus.WAITING, note="Sent.")

    assert told(job) == ["Sent.", "Asked for."]


@pytest.mark.parametrize("status", JobStatus)
def test_a_change_without_a_note_is_told_in_words_and_not_in_ecwids_code(status: JobStatus) -> None:
    job = CloneJobFactory.create()
    before = JobStatus.QUEUED if status != JobStatus.QUEUED else JobStatus.IN_PROGRESS
    tell(job, status, before, code=status.value)

    (line,) = Timeline.of(job, whole=False).lines

    assert line.is_step
    assert line.words.endswith(".")
    assert line.code == ""


def test_a_code_that_the_words_do_not_tell_is_shown() -> None:
    job = CloneJobFactory.create(status=JobStatus.QUEUED)
    tell(job, JobStatus.QUEUED, JobStatus.QUEUED, note="Ecwid says something odd.", code="PONDERING")

    (line,) = Timeline.of(job, whole=False).lines

    assert (line.is_step, line.code) == (False, "PONDERING")


def test_tries_are_counted_over_the_whole_life() -> None:
    job = CloneJobFactory.create()
    for _ in range(SHOWN):
        tell(job, JobStatus.SUBMITTING, JobStatus.WAITING)
        tell(job, JobStatus.WAITING, JobStatus.SUBMITTING, note="Asking again.")

    assert Timeline.of(job, whole=False).tries == SHOWN


def test_a_long_story_shows_its_end_and_all_of_it_when_asked(client: Client) -> None:
    client.force_login(staff())
    job = CloneJobFactory.create()
    for number in range(SHOWN + 3):
        tell(job, JobStatus.WAITING, JobStatus.SUBMITTING, note=f"Note {number}.")
    address = reverse("clones:job_detail", args=[job.pk])

    short, whole = (client.get(address, query).content.decode() for query in ({}, {"events": "all"}))

    assert ("Note 2." in short, "Note 3." in short) == (False, True)
    assert "Show 3 older" in short
    assert "Note 0." in whole
    assert "older" not in whole
    live = reverse("clones:job_live", args=[job.pk])
    assert f'hx-get="{live}?events=all"' in whole
    assert "Note 0." in client.get(live, {"events": "all"}).content.decode()


def test_a_chain_holds_what_was_retried_and_what_it_was_retried_as() -> None:
    first, second, third, _alone = family(None, 0, 1, None)

    for job in (first, second, third):
        assert chained(job) == [first.pk, second.pk, third.pk]


def test_a_clone_that_was_never_retried_has_no_chain() -> None:
    alone, *_ = family(None, None, 1)

    assert chained(alone) == []


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELED])
def test_what_ended_badly_can_be_retried_once(status: JobStatus) -> None:
    job = CloneJobFactory.create(status=status)
    assert refusal(job) == ""

    CloneJobFactory.create(target=job.target, batch=job.batch, retry_of=job, status=JobStatus.FAILED)

    assert refusal(job) is None


@pytest.mark.parametrize("status", [*ACTIVE, JobStatus.COMPLETED])
def test_nobody_is_told_why_a_clone_is_not_retried_that_did_not_end_badly(status: JobStatus) -> None:
    assert refusal(CloneJobFactory.create(status=status)) is None


def test_a_retry_waits_for_another_clone_into_the_same_store() -> None:
    job = CloneJobFactory.create(status=JobStatus.FAILED)
    other = CloneJobFactory.create(target=job.target, batch=job.batch, status=AT_ECWID[0])

    assert refusal(job) == f"Clone {other.pk} into the same store is under way."


def test_a_clone_over_another_connection_is_in_the_way_too() -> None:
    job = CloneJobFactory.create(status=JobStatus.FAILED)
    batch = BatchFactory.create(template__connection__api_url=job.connection.api_url)
    other = CloneJobFactory.create(batch=batch, target__store_id=job.target.store_id)

    assert refusal(job) == f"Clone {other.pk} into the same store is under way."


@pytest.mark.parametrize("side", ["template", "target"])
def test_nothing_is_retried_with_an_archived_store(client: Client, side: str) -> None:
    client.force_login(staff())
    job = CloneJobFactory.create(status=JobStatus.FAILED)
    store = getattr(job, side)
    type(store).objects.update(archived_at=timezone.now())

    shown = client.get(reverse("clones:job_detail", args=[job.pk])).content.decode()

    assert f"It cannot be retried now. Store {store} is archived: take it back into use first." in html.unescape(shown)
    assert reverse("clones:job_retry", args=[job.pk]) not in shown
