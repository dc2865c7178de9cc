"""What each answer to "how does it go?" means. No database, no network: only the rules."""

from datetime import UTC, datetime, timedelta

import pytest

from clones.choices import BlockReason, CloneScope, FailureKind, JobStatus
from clones.ecwid import CloneStatus, CredentialsRefused, EcwidError, NoAnswer, NotFound, NotSent, RateLimited
from clones.engine import follow, pacing
from clones.engine.outcome import Outcome
from clones.lifecycle import Change
from clones.models import CloneJob, Connection
from tests.engine.answers import status

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
POLL = 3.0
KEY_REFUSED = CredentialsRefused("INVALID_API_TOKEN", "Wrong", 403)


def a_job(**columns: object) -> CloneJob:
    defaults = {
        "status": JobStatus.QUEUED,
        "scope": CloneScope.ALL,
        "ticket": "t",
        "accepted_at": NOW,
        "created_at": NOW,
    }
    return CloneJob(pk=1, **{**defaults, **columns})


def decide(answer: CloneStatus | EcwidError, job: CloneJob | None = None) -> Outcome:
    return follow.decide(job or a_job(), answer, NOW, POLL)


def change_of(outcome: Outcome) -> Change:
    assert outcome.change is not None
    return outcome.change


def test_no_news_is_written_quietly() -> None:
    outcome = decide(status("QUEUED"), a_job(tries=3))

    assert outcome.change is None
    assert outcome.fields["next_action_at"] == NOW + timedelta(seconds=POLL)
    assert outcome.fields["tries"] == 0
    assert outcome.fields["lease_token"] == ""


@pytest.mark.parametrize("word", ["QUEUED", "IN_PROGRESS", "ODD"])
def test_a_look_that_finds_it_running_is_remembered(word: str) -> None:
    outcome = decide(status(word))

    assert (outcome.change.fields if outcome.change else outcome.fields)["looked_at"] == NOW


@pytest.mark.parametrize("answer", [NoAnswer("it did not come in time"), NotSent("Unreachable."), NotFound("", "")])
def test_a_look_that_finds_nothing_out_is_not(answer: EcwidError) -> None:
    outcome = decide(answer)

    assert "looked_at" not in (outcome.change.fields if outcome.change else outcome.fields)


@pytest.mark.parametrize(
    ("old", "word", "new"),
    [
        (JobStatus.QUEUED, "IN_PROGRESS", JobStatus.IN_PROGRESS),
        (JobStatus.IN_PROGRESS, "QUEUED", JobStatus.QUEUED),
    ],
)
def test_a_clone_moves_between_queue_and_work(old: JobStatus, word: str, new: JobStatus) -> None:
    change = change_of(decide(status(word), a_job(status=old)))

    assert change.to == new
    assert change.fields["next_action_at"] == NOW + timedelta(seconds=POLL)


def test_completed_counts_its_mapping_in_words() -> None:
    pairs = [(kind, f"{n}", f"9{n}") for kind in ("product", "category", "gizmo") for n in (1, 2)]

    note = change_of(decide(status("COMPLETED", *pairs), a_job())).note

    assert note == "Ecwid finished the clone. IDs mapped: 2 products, 2 categories, 2 gizmo."


def test_completed_comes_with_its_mapping() -> None:
    outcome = decide(status("COMPLETED", ("product", "12345", "09876"), ("category", "12345", "54321")))

    assert change_of(outcome).to == JobStatus.COMPLETED
    assert outcome.mapping == {"product": {"12345": "09876"}, "category": {"12345": "54321"}}
    assert change_of(outcome).fields["mapping_note"] == ""
    assert change_of(outcome).note == "Ecwid finished the clone. IDs mapped: 1 product, 1 category."


@pytest.mark.parametrize(
    ("scope", "present", "words"),
    [
        (CloneScope.STORE_SETTINGS, False, "Only settings"),
        (CloneScope.ALL, True, "nothing was copied"),
        (CloneScope.CATALOG, False, "held no mapping"),
    ],
)
def test_an_empty_mapping_says_why(scope: CloneScope, words: str, *, present: bool) -> None:
    outcome = decide(status("COMPLETED", mapping_present=present), a_job(scope=scope))

    assert words in change_of(outcome).fields["mapping_note"]


def test_failed_keeps_ecwids_words() -> None:
    change = change_of(decide(status("FAILED", message="Disk full")))

    assert change.to == JobStatus.FAILED
    assert (change.fields["failure_kind"], change.fields["error_message"]) == (FailureKind.ECWID, "Disk full")


def test_an_unknown_status_counts_as_running_and_is_shown_once() -> None:
    first = decide(status("ARCHIVING"), a_job(remote_status="IN_PROGRESS"))
    again = decide(status("ARCHIVING"), a_job(remote_status="ARCHIVING"))

    assert (change_of(first).to, change_of(first).code) == (JobStatus.QUEUED, "ARCHIVING")
    assert again.change is None


@pytest.mark.parametrize("error", [NoAnswer("nothing came"), NotSent("Connection refused.")])
def test_a_missed_answer_is_asked_for_again_a_little_later_each_time(error: EcwidError) -> None:
    pauses = [decide(error, a_job(tries=tries)).fields["next_action_at"] - NOW for tries in range(8)]

    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=POLL)
    assert pauses[-1] == timedelta(seconds=pacing.RETRY_LONGEST_SECONDS)


def test_a_reached_limit_costs_the_job_nothing() -> None:
    outcome = decide(RateLimited(20))

    assert outcome.change is None
    assert outcome.fields["next_action_at"] == NOW


def test_after_a_refused_key_the_others_are_asked_first() -> None:
    outcome = decide(KEY_REFUSED)

    assert outcome.change is None
    assert outcome.fields["next_action_at"] > NOW + timedelta(seconds=30)
    assert (outcome.fields["error_code"], outcome.fields["error_message"]) == (KEY_REFUSED.code, KEY_REFUSED.message)


def test_a_ticket_that_alone_is_refused_again_and_again_ends_its_job() -> None:
    once, twice = (refused_before(tries, Connection()) for tries in (1, 2))

    assert decide(KEY_REFUSED, once).fields["tries"] == 2
    change = change_of(decide(KEY_REFUSED, twice))
    assert (change.to, change.fields["failure_kind"]) == (JobStatus.FAILED, FailureKind.TICKET_LOST)
    assert change.fields["error_code"] == KEY_REFUSED.code


def test_a_key_that_is_still_refused_is_no_tickets_fault() -> None:
    job = refused_before(2, Connection(block_reason=BlockReason.CREDENTIALS))

    assert decide(KEY_REFUSED, job).fields["tries"] == 1


def test_a_refusal_is_forgotten_with_the_next_answer() -> None:
    outcome = decide(status("QUEUED"), refused_before(2, Connection()))

    assert (outcome.fields["error_code"], outcome.fields["error_message"], outcome.fields["tries"]) == ("", "", 0)


def refused_before(tries: int, connection: Connection) -> CloneJob:
    return a_job(error_code=KEY_REFUSED.code, tries=tries, connection=connection)


def test_an_answer_that_cannot_be_stored_is_said_once_and_asked_for_less_and_less_often() -> None:
    first = follow.on_unstorable(a_job(), "IntegrityError", NOW)
    later = [follow.on_unstorable(a_job(tries=tries), "IntegrityError", NOW) for tries in (1, 2, 5)]

    change = change_of(first)
    assert (change.to, "IntegrityError" in change.note) == (JobStatus.QUEUED, True)
    assert [outcome.change for outcome in later] == [None, None, None]
    pauses = [(outcome.fields["next_action_at"] - NOW).total_seconds() for outcome in later]
    assert pauses == [4, 8, 60]


def test_an_answer_that_can_never_be_stored_ends_as_a_lost_result() -> None:
    change = change_of(follow.on_unstorable(a_job(tries=7), "IntegrityError", NOW))

    assert (change.to, change.fields["failure_kind"]) == (JobStatus.FAILED, FailureKind.RESULT_LOST)
    assert "cannot be stored" in change.note


def test_an_unknown_ticket_is_said_once_and_asked_for_again() -> None:
    unknown = NotFound("", "", 404)

    first = decide(unknown)
    second = decide(unknown, a_job(ticket_unknown_since=NOW - timedelta(seconds=20), tries=2))

    assert change_of(first).to == JobStatus.QUEUED
    assert change_of(first).fields["ticket_unknown_since"] == NOW
    assert second.change is None


@pytest.mark.parametrize(
    ("tries", "since", "lost"),
    [(9, timedelta(minutes=2), False), (1, timedelta(minutes=10), False), (4, timedelta(minutes=3), True)],
)
def test_a_ticket_is_lost_after_several_tries_over_minutes(tries: int, since: timedelta, *, lost: bool) -> None:
    job = a_job(ticket_unknown_since=NOW - since, tries=tries)

    outcome = decide(NotFound("", "", 404), job)

    assert (outcome.change is not None and outcome.change.to == JobStatus.FAILED) is lost
    assert not lost or change_of(outcome).fields["failure_kind"] == FailureKind.TICKET_LOST


def test_a_ticket_found_again_is_forgiven() -> None:
    outcome = decide(status("QUEUED"), a_job(ticket_unknown_since=NOW - timedelta(minutes=1), tries=3))

    assert change_of(outcome).fields["ticket_unknown_since"] is None
    assert change_of(outcome).fields["tries"] == 0


def test_a_clone_that_takes_long_is_marked_once_and_goes_on() -> None:
    long_ago = NOW - timedelta(minutes=16)

    first = decide(status("QUEUED"), a_job(accepted_at=long_ago))
    later = decide(status("QUEUED"), a_job(accepted_at=long_ago, overdue_since=NOW))

    assert change_of(first).to == JobStatus.QUEUED
    assert change_of(first).fields["overdue_since"] == NOW
    assert later.change is None


def test_a_status_change_of_an_overdue_clone_is_not_lost() -> None:
    change = change_of(decide(status("IN_PROGRESS"), a_job(accepted_at=NOW - timedelta(minutes=16))))

    assert change.to == JobStatus.IN_PROGRESS
    assert change.fields["overdue_since"] == NOW


MISSES = [NoAnswer("nothing came"), NotSent("Ecwid has just asked for silence."), NotFound("", "", 404)]


@pytest.mark.parametrize("answer", MISSES)
def test_a_missed_look_after_days_without_a_worker_is_not_the_end(answer: EcwidError) -> None:
    outcome = decide(answer, a_job(accepted_at=NOW - timedelta(days=3)))

    assert outcome.change is None or outcome.change.to == JobStatus.QUEUED


@pytest.mark.parametrize(
    ("answer", "tries"), [(status("QUEUED"), 0), *((miss, follow.MISSES_BEFORE_THE_END) for miss in MISSES)]
)
def test_a_day_is_the_end(answer: CloneStatus | EcwidError, tries: int) -> None:
    change = change_of(decide(answer, a_job(accepted_at=NOW - timedelta(hours=25), tries=tries)))

    assert (change.to, change.fields["failure_kind"]) == (JobStatus.FAILED, FailureKind.TIMED_OUT)


def test_a_result_after_a_day_still_counts() -> None:
    change = change_of(decide(status("COMPLETED"), a_job(accepted_at=NOW - timedelta(hours=25))))

    assert change.to == JobStatus.COMPLETED
