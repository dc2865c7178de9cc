"""Writing down what Ecwid answered: what is kept, and what must not be."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from clones.choices import BlockReason, CloneScope, FailureKind, HoldReason, JobStatus
from clones.ecwid import (
    CloneErrorCode,
    CloneStatus,
    CredentialsRefused,
    EcwidError,
    NoAnswer,
    NotFound,
    NotSent,
    RateLimited,
)
from clones.engine import budget, leasing
from clones.engine.calls import Answer
from clones.engine.settle import set_aside, settle
from clones.lifecycle import Change, advance
from clones.models import Batch, CloneEvent, CloneJob, Connection, EntityMapping, TemplateStore
from clones.secrets import Secret
from tests.engine.answers import refusal, status
from tests.factories import BatchFactory, CloneJobFactory, WorkerBeatFactory, columns, events_of, fresh

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
TICKET = "4a096838-0272-46ae-9c83-35242215161b"
KEY_REFUSED = CredentialsRefused("INVALID_API_TOKEN", "Wrong token", 403)
DONE = status("COMPLETED", ("product", "12345", "09876"), ("category", "12345", "54321"))

pytestmark = pytest.mark.django_db


def leased(job_status: JobStatus, batch: Batch | None = None, **more: object) -> CloneJob:
    """Return a job as a tick has it that has just leased it under the token "mine"."""
    where = {} if batch is None else {"batch": batch}
    job = CloneJobFactory.create(status=job_status, created_at=NOW, **where, **more)
    worker = WorkerBeatFactory.create(beat_at=NOW).pk
    (taken,) = leasing.lease_due(job.connection_id, worker, 1, NOW)
    return taken


def answer(job: CloneJob, result: str | CloneStatus | EcwidError, asked_at: datetime = NOW) -> Answer:
    return Answer(job, submits=job.status == JobStatus.WAITING, result=result, asked_at=asked_at)


def write(*answers: Answer) -> None:
    settle(answers, LATER)


def mapping_of(job: CloneJob) -> list[tuple[str, str, str]]:
    return list(EntityMapping.objects.filter(job=job).values_list("entity_type", "source_id", "target_id"))


def lease_lost(job: CloneJob, **more: object) -> None:
    """Put the row where it stands after its lease was void and another tick took it."""
    CloneJob.objects.filter(pk=job.pk).update(lease_token="theirs", **more)


def next_look_at(job: CloneJob) -> datetime:
    look_at = fresh(job).next_action_at
    assert look_at
    return look_at


def whole_row(job: CloneJob) -> dict[str, object]:
    return dict(CloneJob.objects.values().get(pk=job.pk))


def test_no_answers_cost_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        settle([], LATER)

    assert len(queries) == 0


def test_a_ticket_is_written_down_and_the_lease_is_given_back() -> None:
    job = leased(JobStatus.WAITING)

    write(answer(job, TICKET))

    row = fresh(job)
    assert (row.status, row.ticket, row.accepted_at, row.unanswered_since) == (JobStatus.QUEUED, TICKET, LATER, None)
    assert (row.lease_token, row.leased_until, row.leased_by) == ("", None, None)


def test_a_lost_answer_leaves_the_job_unanswered_since_the_post_left() -> None:
    job = leased(JobStatus.WAITING)

    write(answer(job, NoAnswer("nothing came")))

    row = fresh(job)
    assert (row.status, row.unanswered_since, row.lease_token) == (JobStatus.WAITING, NOW, "")


def test_a_ticket_that_another_job_holds_is_not_taken() -> None:
    batch = BatchFactory.create()
    CloneJobFactory.create(batch=batch, status=JobStatus.COMPLETED, ticket=TICKET)
    job = leased(JobStatus.WAITING, batch)

    write(answer(job, TICKET))

    row = fresh(job)
    assert (row.status, row.ticket, row.unanswered_since) == (JobStatus.WAITING, "", NOW)


def test_the_same_ticket_at_another_address_is_another_clone() -> None:
    elsewhere = "https://sandbox.example/api/v3"
    CloneJobFactory.create(status=JobStatus.QUEUED, ticket=TICKET, batch__template__connection__api_url=elsewhere)
    job = leased(JobStatus.WAITING)

    write(answer(job, TICKET))

    assert fresh(job).ticket == TICKET


@pytest.mark.parametrize("now_is", [JobStatus.WAITING, JobStatus.SUBMITTING])
def test_a_ticket_is_kept_although_the_lease_was_lost(now_is: JobStatus) -> None:
    job = leased(JobStatus.WAITING)
    lease_lost(job, status=now_is)

    write(answer(job, TICKET))

    row = fresh(job)
    assert (row.status, row.ticket, row.unanswered_since) == (JobStatus.QUEUED, TICKET, None)
    assert events_of(job)[-1] == (JobStatus.SUBMITTING, JobStatus.QUEUED)


def test_a_ticket_found_again_is_kept_although_the_lease_was_lost() -> None:
    job = leased(JobStatus.WAITING, unanswered_since=NOW - timedelta(seconds=5))
    lease_lost(job, status=JobStatus.WAITING)

    write(answer(job, refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, TICKET)))

    assert fresh(job).ticket == TICKET


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"status": JobStatus.FAILED, "failure_kind": FailureKind.RESULT_LOST, "finished_at": NOW},
        {"status": JobStatus.CANCELED, "finished_at": NOW},
    ],
    ids=["failed", "cancelled"],
)
def test_a_ticket_that_comes_after_the_end_is_a_line_of_history(meanwhile: dict[str, object]) -> None:
    job = leased(JobStatus.WAITING)
    lease_lost(job, unanswered_since=None, **meanwhile)

    write(answer(job, TICKET))

    assert (fresh(job).status, fresh(job).ticket, fresh(job).finished_at) == (meanwhile["status"], "", NOW)
    assert TICKET in CloneEvent.objects.filter(job=job).latest("pk").note


def test_a_late_ticket_does_not_replace_another_and_leaves_a_trace() -> None:
    job = leased(JobStatus.WAITING)
    lease_lost(job, status=JobStatus.QUEUED, ticket="another", unanswered_since=None)

    write(answer(job, TICKET))

    assert (fresh(job).status, fresh(job).ticket) == (JobStatus.QUEUED, "another")
    assert TICKET in CloneEvent.objects.get(job=job, to_status=JobStatus.QUEUED).note


def test_a_ticket_that_another_application_holds_at_the_same_address_is_not_adopted() -> None:
    CloneJobFactory.create(status=JobStatus.QUEUED, ticket=TICKET)
    job = leased(JobStatus.WAITING, unanswered_since=NOW - timedelta(seconds=5))

    write(answer(job, refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, TICKET)))

    assert (fresh(job).status, fresh(job).ticket) == (JobStatus.WAITING, "")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["one application", "two at one address"])
def test_a_ticket_that_two_answers_of_one_round_name_goes_to_one_job(*, elsewhere: bool) -> None:
    first = leased(JobStatus.WAITING)
    second = leased(JobStatus.WAITING, None if elsewhere else first.batch, unanswered_since=NOW - timedelta(seconds=5))
    busy = refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, TICKET)
    assert (first.connection_id != second.connection_id) is elsewhere

    write(answer(first, TICKET), answer(second, busy))

    assert [(row.status, row.ticket) for row in (fresh(first), fresh(second))] == [
        (JobStatus.QUEUED, TICKET),
        (JobStatus.WAITING, ""),
    ]


@pytest.mark.parametrize(
    ("columns_of_the_job", "present", "counts"),
    [
        ({}, True, (1, 1)),
        ({"scope": CloneScope.STORE_SETTINGS}, True, (None, None)),
        ({"clone_demo_catalog": True}, True, (None, None)),
        ({}, False, (None, None)),
    ],
    ids=["catalog", "settings only", "with demo products", "no mapping"],
)
def test_a_finished_clone_shows_what_its_template_holds(
    columns_of_the_job: dict[str, object], present: bool, counts: tuple[int | None, int | None]
) -> None:
    job = leased(JobStatus.IN_PROGRESS, None, **columns_of_the_job)
    another = BatchFactory.create().template

    write(answer(job, DONE if present else status("COMPLETED", mapping_present=False)))

    template = TemplateStore.objects.get(pk=job.template_id)
    assert (template.product_count, template.category_count) == counts
    another.refresh_from_db()
    assert (another.product_count, another.category_count) == (None, None)


def test_an_empty_template_is_known_to_be_empty_after_its_first_clone() -> None:
    job = leased(JobStatus.IN_PROGRESS)

    write(answer(job, status("COMPLETED", mapping_present=True)))

    assert TemplateStore.objects.get(pk=job.template_id).is_known_empty


@pytest.mark.parametrize("now_is", [JobStatus.WAITING, JobStatus.SUBMITTING])
def test_a_late_ticket_proves_a_clone_whatever_was_thought_meanwhile(now_is: JobStatus) -> None:
    job = leased(JobStatus.WAITING)
    lease_lost(job, status=now_is, unanswered_since=None)

    write(answer(job, TICKET))

    assert (fresh(job).status, fresh(job).ticket) == (JobStatus.QUEUED, TICKET)


@pytest.mark.parametrize(
    "result",
    [
        NoAnswer("nothing came"),
        NotSent("Connection refused."),
        refusal(CloneErrorCode.TARGET_NOT_FOUND),
        refusal(CloneErrorCode.UNKNOWN_INTERNAL_ERROR),
        RateLimited(5),
    ],
)
def test_any_other_answer_to_a_post_changes_nothing_once_the_lease_is_lost(result: EcwidError) -> None:
    job = leased(JobStatus.WAITING)
    lease_lost(job)
    before = whole_row(job)

    write(answer(job, result))

    assert whole_row(job) == before


@pytest.mark.parametrize(
    "result", [DONE, status("FAILED"), status("IN_PROGRESS"), status("QUEUED"), NoAnswer("nothing came")]
)
def test_a_look_changes_nothing_once_the_lease_is_lost(result: CloneStatus | EcwidError) -> None:
    job = leased(JobStatus.QUEUED)
    lease_lost(job)
    before = whole_row(job)

    write(answer(job, result))

    assert whole_row(job) == before
    assert mapping_of(job) == []


def test_completed_comes_with_its_mapping() -> None:
    job = leased(JobStatus.IN_PROGRESS)

    write(answer(job, DONE))

    assert (fresh(job).status, fresh(job).finished_at) == (JobStatus.COMPLETED, LATER)
    assert mapping_of(job) == [("product", "12345", "09876"), ("category", "12345", "54321")]


def test_a_mapping_that_cannot_be_stored_leaves_no_completed_job() -> None:
    job = leased(JobStatus.IN_PROGRESS)
    EntityMapping.objects.create(job=job, entity_type="category", source_id="12345", target_id="1")
    before = whole_row(job)

    with pytest.raises(Exception, match=r"(?i)unique"):
        write(answer(job, DONE))

    assert whole_row(job) == before
    assert mapping_of(job) == [("category", "12345", "1")]
    assert events_of(job) == []


def test_a_look_that_cannot_be_stored_is_set_aside_and_in_the_end_no_more() -> None:
    job = leased(JobStatus.IN_PROGRESS)
    ends = []

    for _ in range(8):
        set_aside(answer(job, DONE), IntegrityError("Key (mapping)=(x) already exists."), LATER)
        ends.append(fresh(job).status)
        CloneJob.objects.filter(pk=job.pk).update(lease_token="mine again")
        job = fresh(job)

    assert ends == [JobStatus.IN_PROGRESS] * 7 + [JobStatus.FAILED]
    assert fresh(job).failure_kind == FailureKind.RESULT_LOST
    notes = list(CloneEvent.objects.filter(job=job).values_list("note", flat=True))
    assert len(notes) == 2
    assert all("IntegrityError" in note and "mapping" not in note for note in notes)


def test_a_ticket_that_cannot_be_stored_stays_unanswered() -> None:
    job = leased(JobStatus.WAITING)
    before = whole_row(job)

    set_aside(answer(job, TICKET), IntegrityError("no"), LATER)

    assert whole_row(job) == before


def test_an_answer_that_is_written_down_twice_counts_once() -> None:
    posted, looked = leased(JobStatus.WAITING), leased(JobStatus.IN_PROGRESS)
    answers = [answer(posted, TICKET), answer(looked, DONE)]
    write(*answers)
    before = whole_row(posted), whole_row(looked)

    write(*answers)

    assert (whole_row(posted), whole_row(looked)) == before
    assert len(mapping_of(looked)) == 2


def test_each_answer_goes_to_its_own_job() -> None:
    queued, running, done, failed = (leased(JobStatus.QUEUED) for _ in range(4))

    write(
        answer(queued, status("QUEUED")),
        answer(running, status("IN_PROGRESS")),
        answer(done, DONE),
        answer(failed, status("FAILED", message="Disk full")),
    )

    assert [fresh(job).status for job in (queued, running, done, failed)] == [
        JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED, JobStatus.FAILED
    ]  # fmt: skip
    assert fresh(failed).error_message == "Disk full"


def test_a_look_without_news_is_written_without_history() -> None:
    job = leased(JobStatus.QUEUED)

    write(answer(job, status("QUEUED")))

    row = fresh(job)
    assert (row.version, events_of(job), row.lease_token) == (job.version, [], "")
    assert row.next_action_at == LATER + timedelta(seconds=1)


def test_looks_of_one_result_share_their_writes() -> None:
    batch = BatchFactory.create(template__connection__rate_limit=6000)
    quiet = [leased(JobStatus.QUEUED, batch) for _ in range(8)]
    moved = [leased(JobStatus.QUEUED, batch) for _ in range(8)]

    with CaptureQueriesContext(connection) as queries:
        write(*(answer(job, status("QUEUED")) for job in quiet), *(answer(job, status("IN_PROGRESS")) for job in moved))

    updates = [query for query in queries if query["sql"].startswith("UPDATE")]
    assert len(updates) == 2
    assert {fresh(job).status for job in moved} == {JobStatus.IN_PROGRESS}
    assert {fresh(job).lease_token for job in quiet + moved} == {""}


def test_more_looks_cost_no_more_queries() -> None:
    batch = BatchFactory.create(template__connection__rate_limit=6000)
    one = [leased(JobStatus.QUEUED, batch)]
    many = [leased(JobStatus.QUEUED, batch) for _ in range(20)]

    counts = []
    for jobs in (one, many):
        with CaptureQueriesContext(connection) as queries:
            write(*(answer(job, status("QUEUED")) for job in jobs))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_next_look_comes_when_clones_of_this_template_usually_end() -> None:
    batch = BatchFactory.create()
    accepted_at, finished_at = NOW - timedelta(seconds=900), NOW - timedelta(seconds=600)
    CloneJobFactory.create_batch(
        10, batch=batch, status=JobStatus.COMPLETED, accepted_at=accepted_at, finished_at=finished_at
    )
    CloneJobFactory.create_batch(20, batch=batch, status=JobStatus.IN_PROGRESS, lease_token="theirs")
    young, due = (leased(JobStatus.QUEUED, batch, accepted_at=LATER - timedelta(seconds=age)) for age in (150, 299))

    write(answer(young, status("QUEUED")), answer(due, status("QUEUED")))

    assert LATER < next_look_at(due) < LATER + timedelta(seconds=5)
    assert next_look_at(young) > LATER + timedelta(seconds=10)


@pytest.mark.parametrize("job_status", [JobStatus.WAITING, JobStatus.QUEUED])
@pytest.mark.parametrize(
    ("result", "reason"), [(RateLimited(30), BlockReason.RATE_LIMITED), (KEY_REFUSED, BlockReason.CREDENTIALS)]
)
def test_a_limit_or_a_refused_key_stops_the_connection_and_not_the_job(
    job_status: JobStatus, result: EcwidError, reason: BlockReason
) -> None:
    job = leased(job_status)

    write(answer(job, result))

    row = Connection.objects.get(pk=job.connection_id)
    assert (row.block_reason, row.blocked_since) == (reason, LATER)
    assert row.is_blocked(LATER)
    assert columns(job, "status", "lease_token", "unanswered_since") == {
        "status": job_status, "lease_token": "", "unanswered_since": None
    }  # fmt: skip


def test_the_others_are_asked_before_the_job_whose_key_was_refused() -> None:
    job = leased(JobStatus.WAITING)

    write(answer(job, KEY_REFUSED))

    assert fresh(job).next_action_at == LATER + timedelta(minutes=1)


def test_the_connection_stops_even_if_the_lease_was_lost() -> None:
    job = leased(JobStatus.QUEUED)
    lease_lost(job)

    write(answer(job, KEY_REFUSED))

    assert Connection.objects.get(pk=job.connection_id).is_blocked(LATER)


def test_a_refusal_of_a_key_that_was_changed_since_says_nothing_of_the_new_one() -> None:
    job = leased(JobStatus.QUEUED)
    Connection.objects.update(client_secret=Secret.seal("another"))

    write(answer(job, KEY_REFUSED))

    assert is_open(job)


def test_a_refusal_of_the_old_key_does_not_hide_one_of_the_new_key_that_comes_with_it() -> None:
    batch = BatchFactory.create()
    old = leased(JobStatus.QUEUED, batch)
    Connection.objects.update(client_secret=Secret.seal("another"))
    new = leased(JobStatus.QUEUED, Batch.objects.get())

    write(answer(old, KEY_REFUSED), answer(new, KEY_REFUSED))

    assert not is_open(new)


def test_many_answers_that_ask_for_silence_stop_the_connection_once_and_for_the_longest() -> None:
    batch = BatchFactory.create(template__connection__rate_limit=6000)
    jobs = [leased(JobStatus.QUEUED, batch) for _ in range(5)]

    with CaptureQueriesContext(connection) as queries:
        write(*(answer(job, RateLimited(seconds)) for job, seconds in zip(jobs, (5, 9, 60, 7, 1), strict=True)))

    row = Connection.objects.get()
    assert row.blocked_until == LATER + timedelta(seconds=60) + budget.RATE_LIMIT_MARGIN
    assert sum('UPDATE "clones_connection"' in query["sql"] for query in queries) == 1


def test_a_connection_is_stopped_before_anything_else_is_written() -> None:
    batch = BatchFactory.create()
    posted, limited = leased(JobStatus.WAITING, batch), leased(JobStatus.QUEUED, batch)

    with CaptureQueriesContext(connection) as queries:
        write(answer(posted, TICKET), answer(limited, RateLimited(5)))

    updates = [query["sql"].split()[1] for query in queries if query["sql"].startswith("UPDATE")]
    assert updates[0] == '"clones_connection"'


def probe() -> CloneJob:
    """Return a job that was leased as the hourly probe of a refused key."""
    batch = BatchFactory.create()
    Connection.objects.filter(pk=batch.connection_id).update(
        block_reason=BlockReason.CREDENTIALS,
        blocked_since=NOW - timedelta(hours=1),
        blocked_until=NOW,
        block_message="Wrong token.",
    )
    return leased(JobStatus.QUEUED, batch)


def is_open(job: CloneJob) -> bool:
    return not Connection.objects.get(pk=job.connection_id).block_reason


@pytest.mark.parametrize("result", [DONE, status("QUEUED"), status("FAILED"), NotFound("", "", 404)])
def test_a_real_answer_to_the_probe_closes_the_breaker(result: CloneStatus | EcwidError) -> None:
    job = probe()

    write(answer(job, result))

    assert is_open(job)


@pytest.mark.parametrize(
    "result",
    [
        KEY_REFUSED,
        RateLimited(5),
        NotSent("Connection refused."),
        NoAnswer("it did not come in time"),
    ],
)
def test_an_answer_that_says_nothing_good_of_the_key_leaves_the_breaker_open(result: EcwidError) -> None:
    job = probe()

    write(answer(job, result))

    assert not is_open(job)
    assert Connection.objects.get(pk=job.connection_id).is_blocked(LATER)


@pytest.mark.parametrize("result", [NotSent("Connection refused."), NoAnswer("it did not come in time")])
def test_a_probe_that_did_not_get_through_is_repeated_soon(result: EcwidError) -> None:
    job = probe()

    write(answer(job, result))

    assert not Connection.objects.get(pk=job.connection_id).is_blocked(LATER + timedelta(seconds=10))


def test_an_answer_to_an_older_request_does_not_close_the_breaker() -> None:
    batch = BatchFactory.create()
    older, refused = leased(JobStatus.QUEUED, batch), leased(JobStatus.QUEUED, batch)

    write(answer(refused, KEY_REFUSED), answer(older, status("QUEUED")))

    assert not is_open(older)


def test_tickets_are_written_even_if_a_look_of_the_same_group_cannot_be() -> None:
    posted, broken = leased(JobStatus.WAITING), leased(JobStatus.IN_PROGRESS)
    EntityMapping.objects.create(job=broken, entity_type="product", source_id="12345", target_id="1")

    with pytest.raises(Exception, match=r"(?i)unique"):
        write(answer(broken, DONE), answer(posted, TICKET))

    assert fresh(posted).ticket == TICKET


def test_a_job_at_its_end_is_not_woken_by_an_answer() -> None:
    job = leased(JobStatus.QUEUED)
    advance(Change(fresh(job), JobStatus.FAILED, {"failure_kind": FailureKind.TIMED_OUT}), at=NOW)

    write(answer(job, DONE))

    assert fresh(job).status == JobStatus.FAILED
    assert mapping_of(job) == []


@pytest.mark.parametrize(
    "error", [RateLimited(30), NotSent("unreachable"), KEY_REFUSED, refusal(CloneErrorCode.UNKNOWN_INTERNAL_ERROR)]
)
def test_what_comes_back_unsent_of_a_batch_that_was_held_meanwhile_is_held_too(error: EcwidError) -> None:
    job = leased(JobStatus.WAITING)
    Batch.objects.filter(pk=job.batch_id).update(held_since=NOW, hold_reason=HoldReason.SAME_FAILURES)

    write(answer(job, error))

    row = fresh(job)
    assert (row.status, row.next_action_at, row.unanswered_since) == (JobStatus.WAITING, None, None)


def test_what_comes_back_unsent_of_any_other_batch_stays_due() -> None:
    first = CloneJobFactory.create(status=JobStatus.COMPLETED, created_at=NOW - timedelta(hours=1))
    job = leased(JobStatus.WAITING, batch=first.batch)

    write(answer(job, NotSent("unreachable")))

    assert fresh(job).next_action_at is not None


def test_a_lost_answer_of_a_held_batch_is_asked_for_all_the_same() -> None:
    job = leased(JobStatus.WAITING)
    Batch.objects.filter(pk=job.batch_id).update(held_since=NOW, hold_reason=HoldReason.SAME_FAILURES)

    write(answer(job, NoAnswer("dropped")))

    assert fresh(job).next_action_at is not None
