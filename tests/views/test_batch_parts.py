"""What a batch's page tells beside its totals: causes, steps, who is needed, what stands still; and keeps live."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import Settings

from clones.choices import (
    BlockReason,
    CloneScope,
    CreationStatus,
    FailureKind,
    HoldReason,
    JobStatus,
    MailStatus,
    SiteStatus,
)
from clones.models import Batch, BatchMail, CloneJob, Connection
from clones.operations import moving, restoring
from clones.progress import progress_of
from clones.templatetags.portal import clock
from clones.views.causes import MOST_CAUSES, MOST_NAMED, causes
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    SiteCloneFactory,
    StoreCreationFactory,
    TargetStoreFactory,
    WorkerBeatFactory,
)
from tests.people import staff

pytestmark = pytest.mark.django_db
W, _, _, R, C, F, X = JobStatus
PRODUCTS, UNKNOWN_STORE = "TARGET_PRODUCTS_NOT_EMPTY", "TARGET_NOT_FOUND"
LARGE = 5_000


@pytest.fixture
def batch() -> Batch:
    WorkerBeatFactory.create(beat_at=timezone.now() + timedelta(hours=1))
    return BatchFactory.create()


def job(batch: Batch, status: JobStatus, **fields: Any) -> CloneJob:
    target = fields.pop("target", None) or TargetStoreFactory.create(connection=batch.connection)
    if status == F:
        fields = {"failure_kind": FailureKind.TARGET, **fields}
    return CloneJobFactory.create(batch=batch, target=target, status=status, **fields)


def unborn(batch: Batch, store: CreationStatus, **fields: Any) -> CloneJob:
    creation = StoreCreationFactory.create(connection=batch.connection, status=store)
    return job(batch, fields.pop("status", W), target=creation.target, created_at=creation.created_at, **fields)


def page(client: Client, batch: Batch, **query: str) -> str:
    answer = client.get(reverse("clones:batch_detail", args=[batch.pk]), query)
    return " ".join(answer.content.decode().split())


def live(client: Client, batch: Batch, **query: str) -> Any:
    return client.get(reverse("clones:batch_live", args=[batch.pk]), query)


def part(shown: str, name: str, end: str = "</section>") -> str:
    return shown.split(f'id="{name}"')[1].split(end, maxsplit=1)[0]


def token(batch: Batch) -> str:
    return progress_of([batch.pk])[batch.pk].token


# Causes -----------------------------------------------------------------------------------------------------------


def test_failures_are_grouped_by_cause_the_most_frequent_first(batch: Batch, django_assert_num_queries: Any) -> None:
    job(batch, F, error_code=UNKNOWN_STORE)
    many = [job(batch, F, error_code=PRODUCTS) for _ in range(MOST_NAMED + 2)]
    job(batch, F, failure_kind=FailureKind.RESULT_LOST, error_code=PRODUCTS)
    job(BatchFactory.create(), F, error_code=PRODUCTS)

    with django_assert_num_queries(2):
        found = causes(batch.pk)

    assert [(cause.failure.label, cause.count) for cause in found] == [
        ("Has products", MOST_NAMED + 2),
        ("Result lost", 1),
        ("Store not found", 1),
    ]
    assert (list(found[0].jobs), found[0].more) == (many[:MOST_NAMED], 2)


def test_what_was_retried_is_no_cause_any_more(batch: Batch) -> None:
    old = job(batch, F)
    CloneJobFactory.create(batch=BatchFactory.create(template=batch.template), target=old.target, retry_of=old)

    assert causes(batch.pk) == []


def test_the_page_leads_from_a_cause_to_all_its_clones(client: Client, sam: User, batch: Batch) -> None:
    for _ in range(MOST_NAMED + 1):
        job(batch, F, error_code=PRODUCTS)
    other = job(batch, F, error_code=UNKNOWN_STORE)

    shown = part(page(client, batch), "batch-failures")
    query = re.search(r'href="/clones/[?]([^"]*)"> ?1 more', shown)
    assert query is not None
    listed = client.get(f"/clones/?{query[1].replace('&amp;', '&')}").content.decode()

    assert "Delete the store&#x27;s products in its own control panel" in shown
    assert listed.count("data-job=") == MOST_NAMED + 1
    assert f'data-job="{other.pk}"' not in listed
    assert "Failure: Target store" in listed


def test_of_many_causes_the_first_are_told(client: Client, sam: User, batch: Batch) -> None:
    for number in range(MOST_CAUSES + 2):
        job(batch, F, error_code=f"CODE_{number}")

    shown = part(page(client, batch), "batch-failures")

    assert shown.count('class="batch-cause"') == MOST_CAUSES
    assert "2 other causes" in shown


def test_without_failures_there_is_no_list_of_them(client: Client, sam: User, batch: Batch) -> None:
    job(batch, C)

    assert re.search(r'id="batch-failures"[^>]* hidden', page(client, batch))


def test_a_failed_site_is_told_though_its_clone_completed(client: Client, sam: User, batch: Batch) -> None:
    site = SiteCloneFactory.create(job=job(batch, C), status=SiteStatus.FAILED, error_message="No <site> here")

    shown = page(client, batch)

    assert "Partly failed (0 of 1)" in shown
    assert "Instant Site not cloned" in shown
    assert "No &lt;site&gt; here" in shown
    assert reverse("clones:job_detail", args=[site.job_id]) in part(shown, "batch-failures")


# Rows -------------------------------------------------------------------------------------------------------------


def test_a_row_tells_its_steps_and_for_whom_a_store_is_to_be_created(client: Client, sam: User, batch: Batch) -> None:
    waiting = unborn(batch, CreationStatus.LOOKING)
    SiteCloneFactory.create(job=waiting)
    plain = job(batch, C)

    shown = page(client, batch)

    steps = re.sub("<[^>]+>", "", part(shown, f"job-{waiting.pk}-steps", "</ol>")).split(">", 1)[1]
    assert " ".join(steps.split()) == "Store: being looked up Clone: waiting Site: waiting"
    assert f"store to be created for <bdi>{waiting.target.email}</bdi>" in shown
    assert f"job-{plain.pk}-steps" not in shown


def test_what_differs_in_what_is_copied_is_said(client: Client, sam: User, batch: Batch) -> None:
    job(batch, C)
    job(batch, C)
    alike = page(client, batch)
    job(batch, C, scope=CloneScope.CATALOG, clone_demo_catalog=True)

    shown = page(client, batch)

    assert "not the same for all" not in alike
    assert "not the same for all: 2 settings and catalog, 1 catalog only with demo products" in shown
    assert "Catalog only, demo products" in shown


# What it waits for ------------------------------------------------------------------------------------------------


def test_who_needs_a_person_is_counted_and_linked(client: Client, sam: User, batch: Batch) -> None:
    stuck = [unborn(batch, CreationStatus.NEEDS_PERSON) for _ in range(MOST_NAMED + 1)]
    site = job(batch, C)
    SiteCloneFactory.create(job=site, status=SiteStatus.NEEDS_PERSON)

    shown = page(client, batch)
    listed = client.get(f"/clones/?batch={batch.pk}&needs=person").content.decode()

    assert f"{MOST_NAMED + 2} need a person" in shown
    assert part(shown, "batch-needing", "</p>").count("/clones/") == MOST_NAMED + 1
    assert f"all {MOST_NAMED + 2}" in shown
    assert {int(pk) for pk in re.findall(r'data-job="(\d+)"', listed)} == {*(each.pk for each in stuck), site.pk}


def test_the_canary_goes_alone_in_words(client: Client, sam: User, batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk).update(canary=True)
    for status in (R, W, W):
        job(batch, status)

    before = page(client, batch)
    Batch.objects.filter(pk=batch.pk).update(released_at=timezone.now())

    assert "The first clone goes alone; 2 follow when it has ended well." in before
    assert "goes alone" not in page(client, batch)


def test_a_canary_that_ended_badly_says_why(client: Client, sam: User, batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk).update(canary=True, held_since=timezone.now(), hold_reason=HoldReason.CANARY)
    SiteCloneFactory.create(job=job(batch, C), status=SiteStatus.FAILED, error_message="No site here")
    job(batch, W)

    shown = page(client, batch)

    assert "The first clone did not end well." in shown
    assert "its Instant Site did not: <bdi>No site here</bdi>" in shown
    assert "goes alone" not in shown


def test_a_held_batch_says_once_what_to_do(client: Client, sam: User, batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk).update(canary=True, held_since=timezone.now(), hold_reason=HoldReason.CANARY)
    failed = job(batch, F, error_code="TARGET_PRODUCTS_LIMIT")
    job(batch, W)

    shown = unescape(page(client, batch))

    assert shown.count(f"See clone {failed.pk}") == 1
    assert shown.count("then retry.") == shown.count("Ecwid's code:") == 1


A_DAY_AND_MORE = timedelta(hours=25)  # so that it is written alike whenever the test runs


def at(moment: datetime) -> str:
    """Return a moment as it is written after "since"."""
    return clock(moment, timezone.now())


def test_a_batch_of_a_paused_connection_says_since_when_and_by_whom(client: Client, sam: User, batch: Batch) -> None:
    job(batch, W)
    paused_at = timezone.now() - A_DAY_AND_MORE
    Connection.objects.update(paused_at=paused_at, paused_by=sam)

    shown = part(page(client, batch), "batch-totals")

    words = " ".join(strip_tags(shown).split())
    assert "Stopped" in words
    assert f"is paused since {at(paused_at)} by sam: nothing is sent until it is resumed." in words
    assert "You may close this tab" not in words


def test_a_batch_of_a_stopped_connection_says_since_when_why_and_until_when(
    client: Client, sam: User, batch: Batch
) -> None:
    job(batch, W)
    since, until = timezone.now() - A_DAY_AND_MORE, timezone.now() + A_DAY_AND_MORE
    stop = {"blocked_since": since, "blocked_until": until, "block_reason": BlockReason.RATE_LIMITED}
    Connection.objects.update(**stop, block_message="Too many.")

    words = " ".join(strip_tags(part(page(client, batch), "batch-totals")).split())

    assert f"is stopped since {at(since)}: Too many. It goes on at {at(until)}." in words


def test_while_something_moves_the_tab_may_be_closed(client: Client, sam: User, batch: Batch) -> None:
    job(batch, R)
    moving = page(client, batch)
    CloneJob.objects.update(status=C, finished_at=timezone.now())

    assert "You may close this tab" in moving
    assert "You may close this tab" not in page(client, batch)


# Live -------------------------------------------------------------------------------------------------------------


def test_a_hold_comes_with_the_refresh(client: Client, sam: User, batch: Batch) -> None:
    job(batch, F)
    job(batch, W)
    seen = token(batch)
    unchanged = live(client, batch, token=seen)
    Batch.objects.filter(pk=batch.pk).update(held_since=timezone.now(), hold_reason=HoldReason.SAME_FAILURES)

    changed = live(client, batch, token=seen).content.decode()

    assert unchanged.status_code == 204
    assert 'id="batch-held"' in changed


def test_a_store_that_was_created_comes_with_the_refresh(client: Client, sam: User, batch: Batch) -> None:
    waiting = unborn(batch, CreationStatus.WAITING)
    target = waiting.target
    target.store_id = "424242"
    target.save(update_fields=["store_id"])

    changed = live(client, batch, ids=str(waiting.pk), since="0", token=token(batch)).content.decode()

    assert re.search(rf'id="job-{waiting.pk}-target" hx-swap-oob="true"', changed)
    assert "424242" in changed
    assert re.search(rf'id="job-{waiting.pk}-steps"[^>]* hx-swap-oob="true"', changed)


def test_a_page_goes_on_asking_while_only_sites_move(client: Client, sam: User, batch: Batch) -> None:
    site = SiteCloneFactory.create(job=job(batch, C))
    moving = live(client, batch, token=token(batch)).status_code
    type(site).objects.update(status=SiteStatus.DONE, finished_at=timezone.now())

    assert moving == 204
    assert live(client, batch, token=token(batch)).status_code == 286


@pytest.fixture
def large(batch: Batch) -> Batch:
    """A batch of thousands, of every status, that failed in many ways, with stores and sites."""
    jobs = [job(batch, status, error_code="A" if status == F else "") for status in (F, X, W)]
    for each in jobs:
        _multiply(batch, each, LARGE // 4)
    completed = job(batch, C)
    SiteCloneFactory.create(job=completed, status=SiteStatus.NEEDS_PERSON)
    unborn(batch, CreationStatus.NEEDS_PERSON)
    _multiply(batch, completed, LARGE // 4)
    return batch


def _multiply(batch: Batch, like: CloneJob, count: int) -> None:
    store = type(like.target)
    targets = store.objects.bulk_create(
        store(connection=batch.connection, store_id=f"{like.pk}{number:05}") for number in range(count)
    )
    copied = ("batch", "connection", "template", "scope", "status", "failure_kind", "created_at", "finished_at")
    same = {name: getattr(like, name) for name in copied}
    CloneJob.objects.bulk_create(
        CloneJob(
            **same,
            target=target,
            ticket=f"{like.ticket}-{number}" if like.ticket else "",
            error_code=f"CODE_{number % 30}" if like.failure_kind else "",
        )
        for number, target in enumerate(targets)
    )


def test_thousands_cost_as_many_queries_as_a_few(
    client: Client, sam: User, large: Batch, settings: Any, django_assert_max_num_queries: Any
) -> None:
    one = CloneJob.objects.filter(batch=large).earliest("pk")
    asked = {"ids": str(one.pk), "since": str(one.version)}
    signed_in = 1 if settings.SESSION_ENGINE.endswith(("file", "cached_db")) else 2
    seen = token(large)

    with django_assert_max_num_queries(2 + signed_in):
        assert live(client, large, token=seen, **asked).status_code == 204
    with django_assert_max_num_queries(12 + signed_in):
        assert live(client, large, token="old", **asked).status_code == 200
    with django_assert_max_num_queries(20):
        page(client, large)


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        (MailStatus.FAILED, "refused", "The mail to kim about its end could not be sent."),
        (MailStatus.UNSURE, "", "may not have arrived, and is not sent again."),
        (MailStatus.WAITING, "refused", "could not be sent yet; it is tried again."),
        (MailStatus.WAITING, "", ""),
        (MailStatus.SENT, "", ""),
    ],
)
def test_a_mail_that_was_not_sent_is_told_of(
    client: Client, sam: User, batch: Batch, state: MailStatus, error: str, said: str
) -> None:
    CloneJobFactory.create(batch=batch, status=JobStatus.COMPLETED)
    now = timezone.now()
    Batch.objects.update(ended_at=now)
    sent = now if state == MailStatus.SENT else None
    BatchMail.objects.create(batch=batch, user=staff("kim"), state=state, error=error, created_at=now, sent_at=sent)
    client.force_login(sam)

    page = words_of(client, batch)

    assert (said in page) if said else ("The mail to" not in page)


@pytest.mark.parametrize("why", [moving.MAIL_NOTE, restoring.MAIL_NOTE])
def test_why_a_mail_will_not_be_sent_is_told_while_its_batch_is_open(
    client: Client, sam: User, batch: Batch, why: str
) -> None:
    CloneJobFactory.create(batch=batch, status=JobStatus.QUEUED)
    now = timezone.now()
    BatchMail.objects.create(batch=batch, user=staff("kim"), state=MailStatus.UNSURE, error=why, created_at=now)
    client.force_login(sam)

    assert f"The mail to kim about its end is not sent. {why}" in words_of(client, batch)


def words_of(client: Client, batch: Batch) -> str:
    return re.sub(r"<[^>]*>", "", client.get(f"/batches/{batch.pk}/").content.decode())


@pytest.mark.parametrize(
    ("days", "ended_at", "said"),
    [
        (90, datetime(2026, 8, 1, 12, tzinfo=UTC), "Kept until 30 Oct 2026 at least, then thrown away"),
        (0, datetime(2026, 8, 1, 12, tzinfo=UTC), None),
        (90, None, None),
    ],
    ids=["ended", "everything is kept", "not ended"],
)
def test_it_says_until_when_it_is_kept(
    client: Client, batch: Batch, settings: Settings, days: int, ended_at: datetime | None, said: str | None
) -> None:
    settings.RETENTION_DAYS = days
    job(batch, C)
    Batch.objects.filter(pk=batch.pk).update(ended_at=ended_at)
    client.force_login(staff("kim"))

    shown = words_of(client, batch)

    assert (said in shown) if said else ("Kept until" not in shown)
