"""Which batches are thrown away, what goes with them, what stays, and that half of one is never shown."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from clones.choices import CreationStatus, JobStatus, MailStatus, SiteStatus
from clones.engine import mark, retention
from clones.engine.retention import GRACE, Retention
from clones.lifecycle import record_start
from clones.models import (
    Batch,
    BatchMail,
    CloneEvent,
    CloneJob,
    Draft,
    EntityMapping,
    SiteClone,
    StoreCreation,
    TargetStore,
)
from clones.operations.drafts.making import new_draft
from clones.operations.retry import retry_batch, retry_jobs
from tests.factories import BatchFactory, CloneJobFactory, SiteCloneFactory, StoreCreationFactory
from tests.people import staff
from tests.waiting import until
from tests.worker_process import WorkerProcess

NOW = timezone.now()
DAYS = 90
LONG_AGO = NOW - timedelta(days=DAYS, minutes=1)
NOT_SO_LONG_AGO = NOW - timedelta(days=DAYS) + timedelta(minutes=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kept_for_90_days(settings: Settings) -> None:
    settings.RETENTION_DAYS = DAYS


@pytest.fixture(autouse=True)
def _between_the_first_and_the_newest(request: pytest.FixtureRequest) -> None:
    """Let the first event be older and not old enough; the newest one is made by what a test calls at its end."""
    request.getfixturevalue("transactional_db" if "worker" in request.keywords else "db")
    ended_batch(NOT_SO_LONG_AGO, name="first")


def ended_batch(
    ended_at: Any = LONG_AGO, status: JobStatus = JobStatus.COMPLETED, jobs: int = 1, **facts: Any
) -> Batch:
    """Make a batch of clones that all ended then, each with an event and three mapping rows."""
    batch = BatchFactory.create(ended_at=ended_at, created_at=ended_at, **facts)
    for _ in range(jobs):
        clone_in(batch, status)
    return batch


def clone_in(batch: Batch, status: JobStatus = JobStatus.COMPLETED, **facts: Any) -> CloneJob:
    job = CloneJobFactory.create(
        batch=batch, status=status, **{"created_at": batch.created_at, "finished_at": batch.ended_at, **facts}
    )
    record_start([job], at=batch.created_at)
    EntityMapping.objects.bulk_create(
        EntityMapping(job=job, entity_type="product", source_id=str(number), target_id=str(number))
        for number in range(3)
    )
    return job


def throw_away(turns: int = 30) -> None:
    """Let a worker take all the turns that it needs, with the grace over."""
    newest = ended_batch(NOT_SO_LONG_AGO, name="newest")
    process = Retention()
    for _ in range(turns):
        process.take_turn(NOW)
        Batch.objects.filter(thrown_away_since__isnull=False).update(thrown_away_since=NOW - GRACE)
    assert Batch.objects.filter(pk=newest.pk).exists()


def names() -> list[str]:
    """Return what is kept, but for the first and the newest."""
    kept = Batch.objects.kept().exclude(name__in=("first", "newest")).order_by("pk")
    return list(kept.values_list("name", flat=True))


def test_an_old_batch_goes_with_all_that_hangs_on_it_and_its_store_stays() -> None:
    batch = ended_batch(name="old", jobs=2)
    job = batch.jobs.first()
    SiteCloneFactory.create(job=job, status=SiteStatus.DONE, finished_at=LONG_AGO)
    BatchMail.objects.create(batch=batch, user=staff("sam"), state=MailStatus.SENT, created_at=LONG_AGO)
    young = ended_batch(NOT_SO_LONG_AGO, name="young")
    targets = TargetStore.objects.count()

    throw_away()

    assert names() == ["young"]
    assert not CloneJob.objects.filter(batch=batch.pk).exists()
    assert (SiteClone.objects.count(), BatchMail.objects.count()) == (0, 0)
    assert EntityMapping.objects.filter(job__batch=young).count() == 3
    assert EntityMapping.objects.count() == CloneEvent.objects.count() * 3 == CloneJob.objects.count() * 3
    assert TargetStore.objects.count() == targets + 1  # that of the newest


def test_without_a_retention_everything_stays(settings: Settings) -> None:
    settings.RETENTION_DAYS = 0
    ended_batch(name="old")

    throw_away()

    assert names() == ["old"]


def test_what_is_marked_goes_also_when_nothing_is_to_be_thrown_away_any_more(settings: Settings) -> None:
    ended_batch(name="old", thrown_away_since=LONG_AGO)
    settings.RETENTION_DAYS = 0

    throw_away()

    assert not Batch.objects.filter(name="old").exists()


def open_batch() -> None:
    batch = ended_batch(name="kept")
    Batch.objects.filter(pk=batch.pk).update(ended_at=None)


def with_a_clone_that_has_not_ended() -> None:
    clone_in(ended_batch(name="kept"), JobStatus.WAITING, finished_at=None)


def with_a_clone_that_ended_later() -> None:
    clone_in(ended_batch(name="kept"), finished_at=NOT_SO_LONG_AGO)


def with_a_site_that_needs_a_person() -> None:
    job = clone_in(ended_batch(name="kept"))
    SiteCloneFactory.create(job=job, status=SiteStatus.NEEDS_PERSON)


def with_a_site_that_ended_later() -> None:
    job = clone_in(ended_batch(name="kept"))
    SiteCloneFactory.create(job=job, status=SiteStatus.DONE, finished_at=NOT_SO_LONG_AGO)


def with_a_store_that_may_come() -> None:
    row = StoreCreationFactory.create(status=CreationStatus.LOOKING, unanswered_since=LONG_AGO)
    clone_in(ended_batch(name="kept"), JobStatus.CANCELED, target=row.target)


def with_a_mail_that_waits() -> None:
    batch = ended_batch(name="kept")
    BatchMail.objects.create(batch=batch, user=staff("sam"), created_at=LONG_AGO)


def with_a_young_retry() -> None:
    job = clone_in(ended_batch(name="kept"), JobStatus.FAILED)
    clone_in(ended_batch(NOT_SO_LONG_AGO, name="young"), retry_of=job)


def that_retries_a_younger_end() -> None:
    job = clone_in(ended_batch(NOT_SO_LONG_AGO, name="ended later"), JobStatus.FAILED)
    batch = ended_batch(name="kept", retry_of=job.batch)
    clone_in(batch, retry_of=job)


@pytest.mark.parametrize(
    "make",
    [
        open_batch,
        with_a_clone_that_has_not_ended,
        with_a_clone_that_ended_later,
        with_a_site_that_needs_a_person,
        with_a_site_that_ended_later,
        with_a_store_that_may_come,
        with_a_mail_that_waits,
        with_a_young_retry,
        that_retries_a_younger_end,
    ],
)
def test_what_is_not_over_or_still_needed_stays_whole(make: Callable[[], None]) -> None:
    make()
    rows = EntityMapping.objects.filter(job__batch__name="kept").count()

    throw_away()

    assert "kept" in names()
    assert EntityMapping.objects.filter(job__batch__name="kept").count() == rows


def test_a_chain_of_retries_goes_when_all_of_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCHES", 2)
    before = None
    for _ in range(5):
        batch = ended_batch(name="chain", retry_of=before.batch if before else None)
        before = clone_in(batch, JobStatus.FAILED, retry_of=before)

    throw_away()

    assert not Batch.objects.filter(name="chain").exists()


def test_how_a_store_was_created_is_not_forgotten() -> None:
    row = StoreCreationFactory.create(status=CreationStatus.CREATED, finished_at=LONG_AGO)
    clone_in(ended_batch(name="old"), target=row.target)

    throw_away()

    assert names() == []
    assert StoreCreation.objects.get().target == row.target


def test_a_list_that_somebody_works_on_outlives_the_batch_that_left_it_out() -> None:
    batch, sam = ended_batch(name="old"), staff("sam")
    left_out, launched = new_draft(sam), new_draft(sam)
    Draft.objects.filter(pk=left_out.pk).update(left_out_of=batch, origin=batch)
    Draft.objects.filter(pk=launched.pk).update(batch=batch)

    throw_away()

    kept = Draft.objects.get()
    assert kept == left_out
    assert (kept.left_out_of, kept.origin, kept.batch) == (None, None, None)


def test_it_goes_in_small_portions_and_each_may_be_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS", 5)
    monkeypatch.setattr(retention, "JOBS", 2)
    batch = ended_batch(name="old", jobs=5, thrown_away_since=LONG_AGO)
    ended_batch(NOT_SO_LONG_AGO, name="newest")
    before, left = EntityMapping.objects.count() + CloneEvent.objects.count(), []

    while Batch.objects.filter(pk=batch.pk).exists():
        assert Retention().take_turn(NOW)  # a process that was started anew
        left.append(EntityMapping.objects.count() + CloneEvent.objects.count())

    assert all(0 <= earlier - later <= 5 for earlier, later in zip([before, *left], left, strict=False))
    assert left[-1] == before - 5 * 4


def test_it_is_looked_for_again_soon_while_there_is_more_and_else_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCHES", 2)
    for _ in range(3):
        ended_batch(NOT_SO_LONG_AGO)
    process = Retention()
    assert not process.take_turn(NOW)
    for _ in range(3):
        ended_batch(name="old")
    ended_batch(NOT_SO_LONG_AGO, name="newest")

    said = [process.take_turn(NOW) for _ in range(2)]
    Batch.objects.filter(thrown_away_since__isnull=False).update(thrown_away_since=NOW - GRACE)
    said += [process.take_turn(NOW) for _ in range(3)]

    assert said == [True, True, True, True, False]
    assert not Batch.objects.filter(name="old").exists()


def test_nothing_is_deleted_while_a_download_may_still_run() -> None:
    batch = ended_batch(name="old")
    ended_batch(NOT_SO_LONG_AGO, name="newest")
    process = Retention()

    for _ in range(3):
        assert process.take_turn(NOW)

    assert names() == []
    assert batch.jobs.count() == 1
    assert EntityMapping.objects.filter(job__batch=batch).count() == 3


def test_what_begins_to_move_again_after_its_mark_is_not_deleted_meanwhile() -> None:
    batch = ended_batch(name="old", thrown_away_since=LONG_AGO)
    site = SiteCloneFactory.create(job=batch.jobs.get(), status=SiteStatus.WAITING)

    throw_away()
    assert EntityMapping.objects.filter(job__batch=batch).count() == 3
    SiteClone.objects.filter(pk=site.pk).update(status=SiteStatus.DONE, finished_at=LONG_AGO)
    throw_away()

    assert not Batch.objects.filter(name="old").exists()


def test_no_page_shows_what_is_being_thrown_away(client: Client) -> None:
    batch = ended_batch(name="half a batch", thrown_away_since=NOW)
    client.force_login(staff("sam"))
    job = batch.jobs.get()
    there = [
        *(f"/clones/{job.pk}/{page}" for page in ("", "live/", "mapping/", "mapping.csv")),
        *(f"/batches/{batch.pk}/{page}" for page in ("", "retry/", "results.csv", "mappings.csv")),
    ]

    assert {address: client.get(address).status_code for address in there} == dict.fromkeys(there, 404)
    assert client.get(f"/clones/{job.pk}/mapping/", headers={"HX-Request": "true"}).status_code == 404
    assert "half a batch" not in client.get("/batches/").content.decode()


def test_what_is_being_thrown_away_is_not_retried() -> None:
    batch = ended_batch(name="old", status=JobStatus.FAILED, thrown_away_since=NOW)

    assert retry_batch(batch).jobs == []
    assert retry_jobs(batch.jobs.all()).jobs == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets in one after the other")
def test_what_somebody_retries_at_this_moment_stays() -> None:
    batch = ended_batch(name="old", status=JobStatus.FAILED)
    ended_batch(NOT_SO_LONG_AGO, name="newest")

    def turn() -> None:
        try:
            Retention().take_turn(NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        retry_jobs(batch.jobs.all())
        thread.submit(turn).result(60)
    Retention().take_turn(NOW)

    assert Batch.objects.kept().filter(pk=batch.pk).exists()


def test_the_batches_that_the_mark_is_counted_from_stay(caplog: pytest.LogCaptureFixture) -> None:
    Batch.objects.update(ended_at=LONG_AGO)
    CloneJob.objects.update(finished_at=LONG_AGO)
    ended_batch(name="between")
    ended_batch(name="last")
    mark.keep()
    seen, process = mark.seen(), Retention()

    for _ in range(5):
        process.take_turn(NOW)
        Batch.objects.filter(thrown_away_since__isnull=False).update(thrown_away_since=NOW - GRACE)

    assert list(Batch.objects.order_by("pk").values_list("name", flat=True)) == ["first", "last"]
    assert (mark.seen(), mark.has_gone_back()) == (seen, False)
    CloneEvent.objects.latest("pk").delete()  # as in an older backup
    assert mark.has_gone_back()


def test_it_is_told_once_in_numbers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger=retention.__name__)
    one, other = ended_batch(name="old", jobs=2), ended_batch(name="older still")

    throw_away()

    assert caplog.messages == [
        f"Throwing away what ended more than 90 days ago: batches {one.pk}, {other.pk}, clones: 3."
    ]


def test_a_bug_does_not_stop_the_worker(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    ended_batch(name="old")
    monkeypatch.setattr(retention, "_mark", lambda *_: 1 / 0)

    assert not Retention().take_turn(NOW)
    assert "Old batches could not be thrown away" in caplog.text


@pytest.mark.worker
def test_a_worker_throws_away_what_is_old(start_worker: Callable[..., WorkerProcess]) -> None:
    old = ended_batch(timezone.now() - timedelta(days=31), name="old", jobs=3)
    young = ended_batch(timezone.now() - timedelta(days=29), name="young")
    Batch.objects.filter(name="first").update(ended_at=timezone.now())

    worker = start_worker(RETENTION_DAYS="30")
    until(lambda: Batch.objects.filter(pk=old.pk).exclude(thrown_away_since=None).exists(), "the mark of the old batch")
    Batch.objects.filter(pk=old.pk).update(thrown_away_since=timezone.now() - GRACE)
    until(lambda: not Batch.objects.filter(pk=old.pk).exists(), "the old batch's end")

    assert not CloneJob.objects.filter(batch=old.pk).exists()
    assert young.jobs.count() == 1
    until(lambda: f"batches {old.pk}, clones: 3." in worker.log.read_text(), "what the log says of it")
