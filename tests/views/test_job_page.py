import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from clones.choices import ACTIVE, BlockReason, FailureKind, JobStatus
from clones.models import CloneEvent, CloneJob, WorkerBeat
from clones.views.situation import Situation
from tests.factories import MISSING, CloneJobFactory, WorkerBeatFactory, fresh
from tests.views.markup import inline_code
from tests.views.pages import text
from tests.views.test_mapping import completed

pytestmark = pytest.mark.django_db


def url(name: str, job: CloneJob) -> str:
    return reverse(f"clones:job_{name}", args=[job.pk])


def page(client: Client, job: CloneJob, **query: str) -> str:
    return text(client, url("detail", job), query)


def test_what_happened_is_told_with_who_did_it_and_what_ecwid_said(client: Client, sam: User) -> None:
    job = CloneJobFactory.create(status=JobStatus.QUEUED, target__label="Corner <b>")
    CloneEvent.objects.create(job=job, at=timezone.now(), actor=sam, to_status=JobStatus.WAITING, note="Asked for.")
    CloneEvent.objects.create(
        job=job, at=timezone.now(), from_status=JobStatus.SUBMITTING, to_status=JobStatus.QUEUED, message="<script>"
    )

    shown = page(client, job)

    assert "Asked for." in shown
    assert "sam</bdi>" in shown
    assert "“<bdi>&lt;script&gt;</bdi>”" in shown
    assert "Corner &lt;b&gt;" in shown
    assert f'data-copy="{job.ticket}"' in shown


@pytest.mark.parametrize("kind", FailureKind)
def test_a_failure_says_cause_and_next_step_and_keeps_ecwids_words(
    client: Client, sam: User, kind: FailureKind
) -> None:
    job = CloneJobFactory.create(status=JobStatus.FAILED, failure_kind=kind, error_code="A_CODE", error_message="Words")

    shown = page(client, job)

    assert kind.cause.replace("'", "&#x27;") in shown
    assert kind.next_step.replace("'", "&#x27;") in shown
    assert "A_CODE" in shown
    assert "Words" in shown


def test_a_store_that_is_not_empty_is_told_as_that(client: Client, sam: User) -> None:
    failed = {"status": JobStatus.FAILED, "failure_kind": FailureKind.TARGET}
    job = CloneJobFactory.create(**failed, error_code="TARGET_CATEGORIES_NOT_EMPTY")

    shown = page(client, job)

    assert "The store has categories already" in shown
    assert '<span class="job-remark">Has categories</span>' in shown


@pytest.mark.parametrize(
    ("status", "retry", "cancel"),
    [
        (JobStatus.WAITING, False, True),
        (JobStatus.QUEUED, False, False),
        (JobStatus.COMPLETED, False, False),
        (JobStatus.FAILED, True, False),
        (JobStatus.CANCELED, True, False),
    ],
)
def test_only_what_can_be_done_is_offered(
    client: Client, sam: User, status: JobStatus, retry: bool, cancel: bool
) -> None:
    job = CloneJobFactory.create(status=status)

    shown = page(client, job)

    assert (url("retry", job) in shown) == retry
    assert (url("cancel", job) in shown) == cancel
    assert ("Ecwid has no cancel call" in shown) == (status == JobStatus.QUEUED)


def test_retry_leads_to_the_new_clone_and_both_name_one_another(client: Client, sam: User) -> None:
    old = CloneJobFactory.create(status=JobStatus.FAILED)

    answer = client.post(url("retry", old))

    new = CloneJob.objects.get(retry_of=old)
    assert answer.headers["Location"] == url("detail", new)
    assert url("detail", new) in page(client, old)
    assert url("detail", old) in page(client, new)
    assert url("retry", old) not in page(client, old)


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELED])
def test_a_clone_that_was_retried_says_what_came_of_it_and_asks_for_nothing(
    client: Client, sam: User, status: JobStatus
) -> None:
    old = CloneJobFactory.create(status=status, failure_kind=FailureKind.TEMPLATE if status == JobStatus.FAILED else "")
    new = CloneJobFactory.create(status=JobStatus.COMPLETED, retry_of=old, target=old.target)

    said = " ".join(strip_tags(page(client, old)).split())

    assert f"It was retried as clone {new.pk}: completed." in said
    assert FailureKind.TEMPLATE.next_step not in unescape(said)
    assert "It was retried" not in page(client, new)


def test_a_completed_clone_offers_its_mapping_before_its_story(client: Client, sam: User) -> None:
    shown = page(client, completed(products=2, categories=1))

    first = shown.index('id="job-mapping-csv"')
    assert first < shown.index('id="job-timeline"')
    assert "See the 3 pairs of old and new IDs" in shown


def test_a_clone_without_a_mapping_offers_none(client: Client, sam: User) -> None:
    for job in (completed(), CloneJobFactory.create(status=JobStatus.FAILED)):
        assert "job-mapping-csv" not in page(client, job)


def test_cancel_leads_back(client: Client, sam: User) -> None:
    job = CloneJobFactory.create()

    answer = client.post(url("cancel", job))

    assert answer.headers["Location"] == url("detail", job)
    assert fresh(job).status == JobStatus.CANCELED


def test_the_usual_time_is_learned_from_this_template(client: Client, sam: User) -> None:
    job = CloneJobFactory.create(status=JobStatus.IN_PROGRESS, trying_since=timezone.now())
    assert "usually 1 to 15 minutes" in page(client, job)
    at = timezone.now()
    CloneJobFactory.create(
        batch=job.batch, status=JobStatus.COMPLETED, accepted_at=at - timedelta(seconds=200), finished_at=at
    )

    text = page(client, job)
    assert "usually 3 min 20 s" in text
    assert "rarely more than" not in text


def test_the_most_that_a_clone_takes_is_no_less_than_the_usual_time(client: Client, sam: User) -> None:
    job = CloneJobFactory.create(status=JobStatus.IN_PROGRESS, trying_since=timezone.now())
    at = timezone.now()
    for seconds in (100, 200):
        CloneJobFactory.create(
            batch=job.batch, status=JobStatus.COMPLETED, accepted_at=at - timedelta(seconds=seconds), finished_at=at
        )

    assert "usually 2 min 30 s with this template, rarely more than 3 min 20 s" in page(client, job)


def test_a_status_that_the_portal_does_not_know_is_told_instead_of_its_own(client: Client, sam: User) -> None:
    job = CloneJobFactory.create(status=JobStatus.QUEUED, remote_status="COPYING_IMAGES")

    text = page(client, job)

    assert "Ecwid calls it “<bdi>COPYING_IMAGES</bdi>”, which the portal does not know; it counts as running." in text
    assert "will begin by itself" not in text


def told(job: CloneJob, note: str = "", *, has_worker: bool = True) -> str:
    return Situation(fresh(job), timezone.now(), has_worker).words(note)


def test_a_clone_that_was_never_sent_waits_for_its_turn_or_a_worker() -> None:
    job = CloneJobFactory.create()

    assert "waits for its turn" in told(job)
    assert "No worker is running" in told(job, has_worker=False)
    assert "its turn" not in told(job, has_worker=False)


def test_a_clone_that_waits_again_says_why_and_when_the_next_try_is() -> None:
    now = timezone.now()
    job = CloneJobFactory.create(submitted_at=now, next_action_at=now + timedelta(hours=1))

    said = told(job, "A clone into this store is running that is not ours.")

    assert said.startswith("A clone into this store is running that is not ours. Next try at ")
    assert "Next try" not in told(job, has_worker=False)


def test_a_lost_answer_is_explained() -> None:
    now = timezone.now()
    job = CloneJobFactory.create(submitted_at=now, unanswered_since=now)

    assert "it may be running there" in told(job)
    assert "it may be running there" in told(job, has_worker=False)


@pytest.mark.parametrize("status", ACTIVE)
def test_a_connection_that_stands_still_is_named_with_what_makes_it_go_on(status: JobStatus) -> None:
    now = timezone.now()
    job = CloneJobFactory.create(status=status, connection__name="Main")
    connections = type(job.connection).objects
    blocked = {"blocked_since": now, "blocked_until": now + timedelta(hours=1)}

    connections.update(block_reason=BlockReason.RATE_LIMITED, **blocked)
    assert "rate limit is reached, so nothing is sent over connection " in told(job)
    connections.update(block_reason=BlockReason.CREDENTIALS, **blocked)
    assert "it goes on when an admin has put that right" in told(job)
    connections.update(paused_at=now)
    assert "is paused" in told(job)


def test_the_clock_is_the_persons_own() -> None:
    paused_at = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
    job = CloneJobFactory.create()
    type(job.connection).objects.update(paused_at=paused_at)

    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert "(2 Jan, 08:30)" in told(job)


def test_a_clone_that_ecwid_does_not_tell_of_says_so() -> None:
    job = CloneJobFactory.create(status=JobStatus.IN_PROGRESS, tries=2)

    assert "does not answer just now" in told(job)


@pytest.mark.parametrize("status", JobStatus)
def test_every_status_has_a_sentence_but_failed(status: JobStatus) -> None:
    assert bool(told(CloneJobFactory.create(status=status))) == (status != JobStatus.FAILED)


def test_a_late_clone_is_said_to_be_late() -> None:
    job = CloneJobFactory.create(status=JobStatus.IN_PROGRESS, overdue_since=timezone.now())

    assert "takes longer than" in told(job)


def test_a_ticket_that_ecwid_does_not_know_is_said_to_be_asked_for_again() -> None:
    job = CloneJobFactory.create(status=JobStatus.IN_PROGRESS, ticket_unknown_since=timezone.now(), tries=3)

    assert "does not know its ticket just now" in told(job)
    assert "does not answer" not in told(job)


def token_of(shown: str) -> str:
    (token,) = re.findall(r'data-live-token="([^"]+)"', shown)
    return str(token)


def test_the_refresh_is_empty_until_the_clone_changes_and_then_brings_the_mapping(client: Client, sam: User) -> None:
    job = completed(products=2)
    CloneJob.objects.update(status=JobStatus.IN_PROGRESS, finished_at=None)
    asked: dict[str, str | int] = {"ids": job.pk, "since": job.version, "token": token_of(page(client, job))}

    assert client.get(url("live", job), asked).status_code == 204
    CloneJob.objects.update(status=JobStatus.COMPLETED, finished_at=timezone.now(), version=9)
    changed = client.get(url("live", job), asked)

    shown = changed.content.decode()
    assert "Products</bdi> (2)" in shown
    assert "<html" not in shown
    for part in ("job-summary", "job-timeline", "job-facts", "mapping"):
        assert f'id="{part}"' in shown
    assert client.get(url("live", job), {"since": "9", "token": token_of(shown)}).status_code == 286


def test_what_stops_a_clone_is_told_though_the_clone_is_the_same(client: Client, sam: User) -> None:
    WorkerBeatFactory.create()
    job = CloneJobFactory.create(status=JobStatus.QUEUED, connection__name="Main")
    asked: dict[str, str | int] = {"ids": job.pk, "since": job.version, "token": token_of(page(client, job))}
    assert client.get(url("live", job), asked).status_code == 204

    type(job.connection).objects.update(paused_at=timezone.now())
    assert "is paused" in client.get(url("live", job), asked).content.decode()
    type(job.connection).objects.update(paused_at=None)
    WorkerBeat.objects.update(stopped_at=timezone.now())
    assert "No worker is running" in client.get(url("live", job), asked).content.decode()


def test_an_unchanged_refresh_costs_two_queries(
    client: Client, sam: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = CloneJobFactory.create(status=JobStatus.QUEUED)
    asked: dict[str, str | int] = {"ids": job.pk, "since": job.version, "token": token_of(page(client, job))}

    with django_assert_num_queries(2):  # who is asking, and the clone
        assert client.get(url("live", job), asked).status_code == 204


def test_no_part_is_swapped_twice(client: Client, sam: User) -> None:
    job = CloneJobFactory.create(status=JobStatus.QUEUED, trying_since=timezone.now())

    shown = client.get(url("live", job), {"ids": job.pk, "since": 0}).content.decode()

    assert shown.count("hx-swap-oob") == 4


@pytest.mark.parametrize("name", ["detail", "live", "mapping", "mapping_csv"])
def test_a_clone_that_does_not_exist_is_not_found(client: Client, sam: User, name: str) -> None:
    answer = client.get(reverse(f"clones:job_{name}", args=[MISSING]), {"ids": str(MISSING), "since": "0"})

    assert answer.status_code == 404


def test_the_page_takes_as_many_queries_for_many_pairs_events_and_retries(
    client: Client, sam: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    WorkerBeatFactory.create()
    few, many = completed(products=1), completed(products=3000, categories=300)
    events = (CloneEvent(job=many, at=timezone.now(), actor=sam, to_status=JobStatus.WAITING) for _ in range(50))
    CloneEvent.objects.bulk_create(events)
    CloneJobFactory.create(target=many.target, status=JobStatus.FAILED, retry_of=many)

    for job in (few, many):
        with django_assert_max_num_queries(9):
            page(client, job)


def test_nothing_on_the_page_needs_inline_code(client: Client, sam: User) -> None:
    job = CloneJobFactory.create(status=JobStatus.QUEUED, target__label="<img onerror=x>", ticket="<script>")

    for shown in (page(client, job), client.get(url("live", job)).content.decode(), page(client, completed(2))):
        assert not inline_code(shown)
