"""What each answer to a POST means. No database, no network: only the rules."""

from datetime import UTC, datetime, timedelta

import pytest

from clones.choices import BlockReason, CloneScope, FailureKind, JobStatus
from clones.ecwid import CloneErrorCode, CloneRefused, CredentialsRefused, EcwidError, NoAnswer, NotSent, RateLimited
from clones.engine import submit
from clones.engine.outcome import Outcome
from clones.lifecycle import Change
from clones.models import CloneJob, Connection, TemplateStore
from tests.engine.answers import not_empty, refusal

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(seconds=3)
JUST_NOW = NOW - timedelta(seconds=30)
A_DAY_AGO = NOW - timedelta(hours=25)
KEY_REFUSED = CredentialsRefused("AUTH_APP_DOESNT_EXIST", "Application does not exist", 403)
TICKET = "4a096838-0272-46ae-9c83-35242215161b"


def a_job(*, age: timedelta = timedelta(), **columns: object) -> CloneJob:
    return CloneJob(pk=1, status=JobStatus.WAITING, created_at=NOW - age, **columns)


def decide(answer: str | EcwidError, job: CloneJob | None = None, taken: frozenset[str] = frozenset()) -> Outcome:
    return submit.decide(job or a_job(), answer, NOW, taken.__contains__)


def change_of(outcome: Outcome) -> Change:
    assert outcome.change is not None
    return outcome.change


def test_a_ticket_means_accepted() -> None:
    change = change_of(decide(TICKET, a_job(unanswered_since=EARLIER)))

    assert change.to == JobStatus.QUEUED
    assert change.fields["ticket"] == TICKET
    assert change.fields["unanswered_since"] is None
    assert change.fields["next_action_at"] <= NOW + timedelta(seconds=3)


def test_a_ticket_that_another_job_holds_is_no_answer() -> None:
    change = change_of(decide(TICKET, taken=frozenset({TICKET})))

    assert change.to == JobStatus.WAITING
    assert "ticket" not in change.fields


@pytest.mark.parametrize("earlier", [None, EARLIER])
@pytest.mark.parametrize("tries", [0, 30])
def test_a_lost_answer_is_asked_again_within_two_seconds_and_stays_unanswered(
    earlier: datetime | None, tries: int
) -> None:
    change = change_of(decide(NoAnswer("nothing came"), a_job(unanswered_since=earlier, tries=tries)))

    assert change.to == JobStatus.WAITING
    assert "unanswered_since" not in change.fields  # as written ahead
    assert timedelta(seconds=1) <= change.fields["next_action_at"] - NOW <= timedelta(seconds=2)


def test_what_was_surely_not_sent_leaves_an_earlier_question_open() -> None:
    never = change_of(decide(NotSent("Connection refused.")))
    earlier = change_of(decide(NotSent("Connection refused."), a_job(unanswered_since=EARLIER)))

    assert never.fields["unanswered_since"] is None
    assert earlier.fields["unanswered_since"] == EARLIER


@pytest.mark.parametrize("result", [NotSent("Connection refused."), refusal(CloneErrorCode.UNKNOWN_INTERNAL_ERROR)])
def test_a_doubt_is_asked_about_at_once_however_long_the_back_off_has_become(result: EcwidError) -> None:
    job = a_job(unanswered_since=EARLIER, error_code=CloneErrorCode.UNKNOWN_INTERNAL_ERROR, tries=7)
    job.trying_since, job.submitted_at = NOW - timedelta(minutes=4), EARLIER

    change = change_of(decide(result, job))

    assert change.fields["next_action_at"] - NOW <= timedelta(seconds=2)


def test_a_busy_target_hands_out_the_lost_ticket() -> None:
    busy = refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, TICKET)

    change = change_of(decide(busy, a_job(unanswered_since=EARLIER)))

    assert change.to == JobStatus.QUEUED
    assert change.fields["ticket"] == TICKET


def test_a_busy_target_without_a_lost_answer_is_somebody_elses() -> None:
    busy = refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, TICKET)

    change = change_of(decide(busy))

    assert change.to == JobStatus.WAITING
    assert "ticket" not in change.fields
    assert change.fields["error_code"] == "TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET"


def test_a_lost_ticket_that_another_job_holds_is_not_adopted() -> None:
    busy = refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, TICKET)

    change = change_of(decide(busy, a_job(unanswered_since=EARLIER), taken=frozenset({TICKET})))

    assert change.to == JobStatus.WAITING
    assert change.fields["unanswered_since"] is None


def test_a_busy_target_that_names_no_ticket_proves_nothing() -> None:
    busy = refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, None)

    change = change_of(decide(busy, a_job(unanswered_since=EARLIER)))

    assert change.to == JobStatus.WAITING
    assert change.fields["unanswered_since"] == EARLIER


def test_a_target_that_stays_busy_ends_the_job() -> None:
    busy = refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, TICKET)

    change = change_of(decide(busy, a_job(tries=submit.BUSY_TRIES - 1, error_code=busy.code)))

    assert (change.to, change.fields["failure_kind"]) == (JobStatus.FAILED, FailureKind.BUSY)


@pytest.mark.parametrize("code", not_empty())
def test_a_target_filled_unseen_is_a_lost_result(code: CloneErrorCode) -> None:
    change = change_of(decide(refusal(code), a_job(unanswered_since=EARLIER)))

    assert (change.to, change.fields["failure_kind"]) == (JobStatus.FAILED, FailureKind.RESULT_LOST)


PERMANENT = {
    CloneErrorCode.SOURCE_NOT_FOUND: FailureKind.TEMPLATE,
    CloneErrorCode.TARGET_NOT_FOUND: FailureKind.TARGET,
    CloneErrorCode.TARGET_NOT_ALLOWED_TO_CLONE: FailureKind.TARGET,
    CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY: FailureKind.TARGET,
    CloneErrorCode.TARGET_CATEGORIES_NOT_EMPTY: FailureKind.TARGET,
    CloneErrorCode.TARGET_PRODUCT_TYPES_NOT_EMPTY: FailureKind.TARGET,
    CloneErrorCode.TARGET_PRODUCTS_LIMIT: FailureKind.TARGET,
    CloneErrorCode.TARGET_CATEGORIES_LIMIT: FailureKind.TARGET,
    CloneErrorCode.TARGET_DESTINATION_ZONES_LIMIT: FailureKind.TARGET,
}
TRANSIENT = {
    CloneErrorCode.SOURCE_NOT_RESPONDING,
    CloneErrorCode.UNKNOWN_IMPORT_FAILED_TO_START,
    CloneErrorCode.UNKNOWN_INTERNAL_ERROR,
}
ELSEWHERE = {CloneErrorCode.AUTH_APP_DOESNT_EXIST, CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET}


def test_every_refusal_has_a_rule() -> None:
    assert set(CloneErrorCode) == set(PERMANENT) | TRANSIENT | ELSEWHERE


@pytest.mark.parametrize(("code", "kind"), PERMANENT.items())
def test_a_permanent_refusal_fails_with_code_and_words_as_they_came(code: CloneErrorCode, kind: FailureKind) -> None:
    change = change_of(decide(refusal(code)))

    assert change.to == JobStatus.FAILED
    assert change.fields == {"failure_kind": kind, "error_code": code.value, "error_message": "As it came"}
    assert (change.code, change.message) == (code.value, "As it came")


@pytest.mark.parametrize("code", sorted(TRANSIENT))
def test_a_passing_refusal_is_tried_again_and_ends_some_day(code: CloneErrorCode) -> None:
    first = change_of(decide(refusal(code)))
    last = change_of(decide(refusal(code), a_job(tries=submit.TRANSIENT_TRIES - 1, error_code=code.value)))

    assert first.to == JobStatus.WAITING
    assert first.fields["error_code"] == first.code == code.value
    assert first.fields["error_message"] == first.message == "As it came"
    assert first.fields["lease_token"] == ""
    assert (last.to, last.fields["failure_kind"]) == (JobStatus.FAILED, FailureKind.TRANSIENT)


@pytest.mark.parametrize("code", sorted(TRANSIENT))
def test_a_passing_refusal_never_settles_a_lost_answer(code: CloneErrorCode) -> None:
    change = change_of(decide(refusal(code), a_job(unanswered_since=EARLIER, tries=submit.TRANSIENT_TRIES + 5)))

    assert change.to == JobStatus.WAITING
    assert change.fields["unanswered_since"] == EARLIER


def test_a_code_that_nobody_knows_is_permanent_and_shown() -> None:
    change = change_of(decide(CloneRefused(code="TARGET_ON_FIRE", message="Store burns", http_status=400)))

    assert change.fields == {
        "failure_kind": FailureKind.UNKNOWN, "error_code": "TARGET_ON_FIRE", "error_message": "Store burns"
    }  # fmt: skip


def test_a_reached_limit_costs_the_job_nothing() -> None:
    change = change_of(decide(RateLimited(30), a_job(tries=3)))

    assert change.to == JobStatus.WAITING
    assert (change.fields["unanswered_since"], change.fields["tries"]) == (None, 3)


def test_a_doubt_waits_no_longer_than_the_block() -> None:
    pauses = [
        change_of(decide(answer, a_job(unanswered_since=EARLIER))).fields["next_action_at"] - NOW
        for answer in (RateLimited(5), KEY_REFUSED)
    ]

    assert pauses == [timedelta(), timedelta()]


def test_lost_answers_in_a_row_are_asked_for_less_and_less_often() -> None:
    pauses = []
    for seconds in (0, 10, 600):
        since = NOW - timedelta(seconds=seconds)
        job = a_job(unanswered_since=since, trying_since=since, submitted_at=JUST_NOW)
        pauses.append(change_of(decide(NoAnswer("nothing came"), job)).fields["next_action_at"] - NOW)

    assert pauses == [timedelta(seconds=1.5), timedelta(seconds=5), timedelta(seconds=30)]


def test_a_refused_key_is_not_the_jobs_end() -> None:
    change = change_of(decide(KEY_REFUSED))

    assert change.to == JobStatus.WAITING
    assert change.fields["error_code"] == KEY_REFUSED.code


def refused_before(tries: int, connection: Connection, unanswered_since: datetime | None = None) -> CloneJob:
    return a_job(connection=connection, unanswered_since=unanswered_since, error_code=KEY_REFUSED.code, tries=tries)


def test_a_store_that_alone_is_refused_again_and_again_ends_its_job() -> None:
    once, twice = (change_of(decide(KEY_REFUSED, refused_before(tries, Connection()))) for tries in (1, 2))

    assert (once.to, once.fields["tries"]) == (JobStatus.WAITING, 2)
    assert (twice.to, twice.fields["failure_kind"]) == (JobStatus.FAILED, FailureKind.TARGET)
    assert twice.fields["error_code"] == KEY_REFUSED.code


def test_a_store_that_alone_is_refused_while_its_clone_may_run_has_lost_its_result() -> None:
    change = change_of(decide(KEY_REFUSED, refused_before(2, Connection(), unanswered_since=EARLIER)))

    assert change.fields["failure_kind"] == FailureKind.RESULT_LOST


def test_a_key_that_is_still_refused_is_no_stores_fault() -> None:
    connection = Connection(block_reason=BlockReason.CREDENTIALS)

    change = change_of(decide(KEY_REFUSED, refused_before(2, connection)))

    assert (change.to, change.fields["tries"]) == (JobStatus.WAITING, 1)


def test_a_day_of_trying_without_reaching_ecwid_is_the_end() -> None:
    never_sent = a_job(trying_since=A_DAY_AGO, submitted_at=JUST_NOW)
    perhaps_sent = a_job(trying_since=A_DAY_AGO, submitted_at=JUST_NOW, unanswered_since=A_DAY_AGO)

    kinds = [
        change_of(decide(NotSent("Connection refused."), job)).fields["failure_kind"]
        for job in (never_sent, perhaps_sent)
    ]

    assert kinds == [FailureKind.TIMED_OUT, FailureKind.RESULT_LOST]


DOUBTFUL = [NoAnswer("nothing came"), refusal(CloneErrorCode.UNKNOWN_INTERNAL_ERROR)]


@pytest.mark.parametrize("answer", DOUBTFUL)
def test_a_day_of_doubt_that_was_asked_about_is_the_end(answer: EcwidError) -> None:
    asked_for_long = a_job(unanswered_since=A_DAY_AGO, trying_since=NOW - timedelta(minutes=11), submitted_at=JUST_NOW)

    change = change_of(decide(answer, asked_for_long))

    assert (change.to, change.fields["failure_kind"]) == (JobStatus.FAILED, FailureKind.RESULT_LOST)


@pytest.mark.parametrize("answer", [*DOUBTFUL, NotSent("Connection refused.")])
def test_one_missed_answer_after_days_behind_a_block_is_not_the_end(answer: EcwidError) -> None:
    days_ago = NOW - timedelta(days=3)

    change = change_of(decide(answer, a_job(trying_since=days_ago, submitted_at=days_ago, unanswered_since=days_ago)))

    assert change.to == JobStatus.WAITING


def test_patience_with_one_refusal_is_not_used_up_by_another() -> None:
    busy = CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET

    change = change_of(decide(refusal(CloneErrorCode.UNKNOWN_INTERNAL_ERROR), a_job(tries=9, error_code=busy.value)))

    assert (change.to, change.fields["tries"]) == (JobStatus.WAITING, 1)


def test_a_target_that_stays_busy_with_what_may_be_ours_is_a_lost_result() -> None:
    busy = refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET)
    job = a_job(unanswered_since=EARLIER, tries=submit.BUSY_TRIES - 1, error_code=busy.code)

    change = change_of(decide(busy, job))

    assert change.fields["failure_kind"] == FailureKind.RESULT_LOST


def test_a_target_that_stays_busy_with_what_is_somebody_elses_after_all_is_busy() -> None:
    busy = refusal(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, TICKET)
    job = a_job(unanswered_since=EARLIER, tries=submit.BUSY_TRIES - 1, error_code=busy.code)

    change = change_of(decide(busy, job, taken=frozenset({TICKET})))

    assert change.fields["failure_kind"] == FailureKind.BUSY


@pytest.mark.parametrize("answer", [NoAnswer("nothing came"), NotSent("Connection refused.")])
def test_a_job_that_waited_for_days_has_all_its_patience_left(answer: EcwidError) -> None:
    change = change_of(decide(answer, a_job(age=timedelta(days=3))))

    assert change.to == JobStatus.WAITING


def test_what_was_not_sent_is_no_try() -> None:
    change = change_of(decide(NotSent("Connection refused."), a_job(tries=4)))

    assert change.fields["tries"] == 4


@pytest.mark.parametrize(
    ("scope", "seconds", "too_late"),
    [
        (CloneScope.STORE_SETTINGS, 59, False),
        (CloneScope.STORE_SETTINGS, 61, True),
        (CloneScope.ALL, 61, False),
    ],
)
def test_settings_are_asked_for_again_within_a_minute_or_not_at_all(
    scope: CloneScope, seconds: int, *, too_late: bool
) -> None:
    job = a_job(unanswered_since=NOW - timedelta(seconds=seconds))
    job.scope, job.template = scope, TemplateStore(product_count=40, category_count=6)

    assert submit.is_too_late_to_repeat(job, NOW) is too_late
