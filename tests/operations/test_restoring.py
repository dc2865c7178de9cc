"""After a restore: what the backup calls unsent is in doubt, or at its end where a second clone could start."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from clones.choices import (
    ACTIVE,
    CREATION_ENDED,
    TERMINAL,
    CloneScope,
    CreationStatus,
    FailureKind,
    JobStatus,
    MailChoice,
    MailStatus,
)
from clones.engine import mark, outbox, submit
from clones.engine.batches import review
from clones.engine.calls import Caller
from clones.engine.errands.mailing import MailDesk
from clones.lifecycle import record_start
from clones.models import BatchMail, CloneEvent, CloneJob, Profile, StoreCreation
from clones.operations.errors import InvalidRequestError
from clones.operations.restoring import check_not_restored, take_up
from tests.factories import (
    CloneJobFactory,
    StoreCreationFactory,
    TemplateStoreFactory,
    WorkerBeatFactory,
    columns,
    fresh,
)

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=3)

pytestmark = pytest.mark.django_db


def job_of(status: JobStatus = JobStatus.WAITING, *, products: int | None = 5, **fields: Any) -> CloneJob:
    """Make a clone of a template of which the portal knows so many products."""
    template = TemplateStoreFactory.create(product_count=products, category_count=products and 0)
    return CloneJobFactory.create(
        batch__template=template, batch__connection=template.connection, status=status, **fields
    )


def test_a_waiting_clone_counts_as_perhaps_sent() -> None:
    job = job_of(next_action_at=NOW + timedelta(hours=1))

    taken = take_up(NOW)

    assert (taken.in_doubt, taken.lost) == ([job], [])
    assert columns(job, "status", "unanswered_since", "next_action_at") == {
        "status": JobStatus.WAITING,
        "unanswered_since": NOW,
        "next_action_at": NOW,
    }
    assert "put back from a backup" in job.events.get().note


def test_a_post_that_was_in_the_air_is_asked_about_again_and_keeps_its_time() -> None:
    dead = WorkerBeatFactory.create(stopped_at=EARLIER)
    job = job_of(
        JobStatus.SUBMITTING, unanswered_since=EARLIER, lease_token="token", leased_by=dead, leased_until=EARLIER
    )

    take_up(NOW)

    row = columns(job, "status", "unanswered_since", "lease_token", "leased_by")
    assert row == {"status": JobStatus.WAITING, "unanswered_since": EARLIER, "lease_token": "", "leased_by": None}


@pytest.mark.parametrize(
    ("scope", "products"),
    [(CloneScope.STORE_SETTINGS, 5), (CloneScope.ALL, 0), (CloneScope.CATALOG, 0), (CloneScope.ALL, None)],
    ids=["settings only", "empty template", "empty catalog", "template never counted"],
)
@pytest.mark.parametrize("status", [JobStatus.WAITING, JobStatus.SUBMITTING])
def test_what_could_be_accepted_twice_is_not_sent_any_more(
    status: JobStatus, scope: CloneScope, products: int | None
) -> None:
    job = job_of(status, products=products, scope=scope)

    taken = take_up(NOW)

    assert (taken.in_doubt, taken.lost) == ([], [job])
    assert columns(job, "status", "failure_kind", "finished_at") == {
        "status": JobStatus.FAILED,
        "failure_kind": FailureKind.RESULT_LOST,
        "finished_at": NOW,
    }
    assert "the portal does not ask by itself" in job.events.get().note


def test_what_is_in_doubt_may_be_sent_again_by_the_engine() -> None:
    job = job_of()

    take_up(NOW)

    assert not submit.is_too_late_to_repeat(fresh(job), NOW + timedelta(hours=5))


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.IN_PROGRESS, *TERMINAL])
def test_what_has_a_ticket_or_has_ended_is_left_alone(status: JobStatus) -> None:
    job = job_of(status)
    before = CloneJob.objects.values().get(pk=job.pk)

    take_up(NOW)

    assert CloneJob.objects.values().get(pk=job.pk) == before
    assert not job.events.exists()


def test_it_refuses_while_a_worker_lives() -> None:
    job = job_of()
    WorkerBeatFactory.create(beat_at=NOW, started_at=EARLIER)

    with pytest.raises(InvalidRequestError, match="A worker is at work"):
        take_up(NOW)

    assert fresh(job).unanswered_since is None


# Stores to be created -------------------------------------------------------------------------------------------------


def to_create(status: CreationStatus, **fields: Any) -> tuple[StoreCreation, CloneJob]:
    row = StoreCreationFactory.create(status=status, **fields)
    job = job_of(target=row.target, connection=row.connection, next_action_at=None)
    return row, job


@pytest.mark.parametrize("status", [status for status in CreationStatus if status not in CREATION_ENDED])
@pytest.mark.parametrize("unanswered_since", [None, EARLIER])
def test_a_store_that_is_still_to_be_created_is_looked_up_first(
    status: CreationStatus, unanswered_since: datetime | None
) -> None:
    row, job = to_create(status, unanswered_since=unanswered_since, submitted_at=EARLIER, lease_token="theirs")

    taken = take_up(NOW)

    row.refresh_from_db()
    assert (taken.stores, row.status, row.next_action_at) == ([row], CreationStatus.LOOKING, NOW)
    assert (row.unanswered_since, row.lease_token) == (unanswered_since or NOW, "")
    assert row.submitted_at == NOW  # whatever was sent, left before: so long a 404 proves nothing
    assert "store may have been created since" in " ".join(job.events.values_list("note", flat=True))


@pytest.mark.parametrize("scope", list(CloneScope))
def test_a_clone_without_a_store_stays_in_doubt_and_is_not_due(scope: CloneScope) -> None:
    _, job = to_create(CreationStatus.WAITING)
    CloneJob.objects.update(scope=scope)

    take_up(NOW)

    row = columns(job, "status", "unanswered_since", "next_action_at")
    assert row == {"status": JobStatus.WAITING, "unanswered_since": NOW, "next_action_at": None}


@pytest.mark.parametrize("status", CREATION_ENDED)
def test_a_creation_that_has_ended_is_left_alone(status: CreationStatus) -> None:
    row = StoreCreationFactory.create(status=status)

    assert take_up(NOW).stores == []

    row.refresh_from_db()
    assert row.status == status


def test_what_is_held_is_in_doubt_and_stays_held() -> None:
    job = job_of(next_action_at=None)

    take_up(NOW)

    assert columns(job, "unanswered_since", "next_action_at") == {"unanswered_since": NOW, "next_action_at": None}


@pytest.mark.parametrize("state", [MailStatus.WAITING, MailStatus.SENDING])
def test_a_mail_that_may_have_been_sent_since_is_not_sent_again(state: MailStatus) -> None:
    mail = mail_about(job_of(JobStatus.COMPLETED), state)

    take_up(NOW)

    mail.refresh_from_db()
    assert (mail.state, mail.next_action_at) == (MailStatus.UNSURE, None)
    assert "put back from a backup" in mail.error


def test_nor_is_one_of_an_older_backup_with_nothing_else_to_send() -> None:
    mail = mail_about(an_older_backup(JobStatus.COMPLETED), MailStatus.WAITING)

    check_not_restored()

    mail.refresh_from_db()
    assert mail.state == MailStatus.UNSURE


def test_a_batch_that_is_open_in_the_backup_sends_no_mail_at_its_end() -> None:
    batch = job_of(JobStatus.IN_PROGRESS).batch
    batch.created_by = User.objects.create_user("sam", "sam@shop.example")
    batch.save()

    taken = take_up(NOW)
    CloneJob.objects.update(status=JobStatus.COMPLETED, finished_at=NOW, next_action_at=None)
    review([batch.pk], NOW)

    batch.refresh_from_db()
    assert batch.ended_at == NOW
    assert (batch.mail.state, taken.mails) == (MailStatus.UNSURE, 1)
    assert not MailDesk(Caller(1)).due(NOW).exists()


def test_nobody_is_told_of_a_mail_that_he_does_not_want() -> None:
    batch = job_of(JobStatus.IN_PROGRESS).batch
    batch.created_by = User.objects.create_user("sam", "sam@shop.example")
    batch.save()
    Profile.objects.update_or_create(user=batch.created_by, defaults={"batch_mail": MailChoice.NEVER})

    assert take_up(NOW).mails == 0


def a_database_that_goes_on(**fields: Any) -> CloneJob:
    job = job_of(**fields)
    record_start([job], at=timezone.now())
    mark.keep()
    return job


def test_a_database_that_has_not_gone_back_is_left_alone_and_it_says_what_it_would_have_done() -> None:
    job = a_database_that_goes_on(products=None)
    job_of()

    with pytest.raises(InvalidRequestError, match=r"would end 1 of 2 clones .* after_restore --restored"):
        take_up(NOW)

    assert fresh(job).status == JobStatus.WAITING


def test_but_a_person_may_know_better() -> None:
    job = a_database_that_goes_on(products=None)

    assert take_up(NOW, is_sure=True).lost == [job]


def mail_about(job: CloneJob, state: MailStatus) -> BatchMail:
    sam = User.objects.create_user("sam", "sam@shop.example")
    return BatchMail.objects.create(batch=job.batch, user=sam, state=state, created_at=NOW, next_action_at=NOW)


def test_an_older_backup_with_a_store_to_create_is_noticed() -> None:
    an_older_backup(JobStatus.COMPLETED)
    StoreCreationFactory.create(status=CreationStatus.LOOKING)

    with pytest.raises(InvalidRequestError, match=r"Run first: manage\.py after_restore"):
        check_not_restored()


# Noticing -------------------------------------------------------------------------------------------------------------


def an_older_backup(status: JobStatus) -> CloneJob:
    """Make a clone, and let much happen that the database does not know any more."""
    job = job_of(status)
    record_start([job], at=timezone.now())
    with transaction.atomic():
        record_start([job] * 9, at=timezone.now())
        mark.keep()
        transaction.set_rollback(True)
    return job


@pytest.mark.parametrize("status", [JobStatus.WAITING, JobStatus.SUBMITTING])
def test_an_older_backup_with_something_to_send_is_noticed(status: JobStatus) -> None:
    an_older_backup(status)

    with pytest.raises(InvalidRequestError, match=r"Run first: manage\.py after_restore"):
        check_not_restored()


def test_it_is_in_order_once_it_was_taken_up() -> None:
    an_older_backup(JobStatus.WAITING)

    take_up(NOW)

    check_not_restored()


@pytest.mark.parametrize("status", sorted({*ACTIVE, *TERMINAL} - {JobStatus.WAITING, JobStatus.SUBMITTING}))
def test_an_older_backup_with_nothing_to_send_needs_no_command_now_or_later(status: JobStatus) -> None:
    an_older_backup(status)

    check_not_restored()

    job_of()
    check_not_restored()


def test_a_database_that_goes_on_is_in_order() -> None:
    job = job_of()
    record_start([job], at=timezone.now())
    mark.keep()
    record_start([job], at=timezone.now())

    check_not_restored()


def test_a_database_that_was_never_seen_is_in_order() -> None:
    job_of()

    check_not_restored()


def test_a_database_that_was_emptied_is_another_one() -> None:
    an_older_backup(JobStatus.WAITING)
    CloneEvent.objects.all().delete()
    record_start([job_of()], at=timezone.now())

    check_not_restored()


def test_two_workers_may_find_a_backup_at_once() -> None:
    batch = CloneJobFactory.create(batch__created_by=User.objects.create_user("kim", "kim@shop.example")).batch
    others = iter([{"batch": batch, "user": batch.created_by, "created_at": NOW, "state": MailStatus.UNSURE}])

    def beside_another(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT"):
            for facts in others:
                BatchMail.objects.create(**facts)
        return execute(sql, *rest)

    with connection.execute_wrapper(beside_another):
        outbox.withhold(NOW, "It may have been sent.")

    assert BatchMail.objects.get().state == MailStatus.UNSURE
