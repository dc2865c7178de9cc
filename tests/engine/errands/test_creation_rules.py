"""What each answer means for a store that is to be created: pure decisions."""

from datetime import UTC, datetime, timedelta

import pytest

from clones.choices import BlockReason, CreationStatus
from clones.ecwid import Conflict, CredentialsRefused, EcwidError, NoAnswer, NotSent, RateLimited, RefusalKind, Refused
from clones.engine.errands.creation_rules import (
    FIRST_LOOK,
    GIVE_UP_AFTER,
    LATE_REQUEST,
    LONGEST_PAUSE,
    MOST_REQUESTS,
    Verdict,
    lacks_right,
    on_created,
    on_looked_up,
)
from clones.models import Connection, StoreCreation

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SCOPE = CredentialsRefused("INSUFFICIENT_APP_SCOPE", "No scope create_stores", 403)
WRONG_KEY = CredentialsRefused("AUTH_APP_DOESNT_EXIST", "Application does not exist", 403)
BARE_403 = CredentialsRefused("", "", 403)


def creation(*, asked: timedelta = timedelta(0), tries: int = 1) -> StoreCreation:
    at = NOW - asked
    return StoreCreation(email="a@b.de", submitted_at=at, unanswered_since=at, created_at=at, tries=tries)


def created(error: EcwidError, *, lacks: bool = False, tries: int = 1) -> Verdict:
    return on_created(creation(tries=tries), error, NOW, lacks=lacks)


def looked_up(answer: bool | EcwidError, after: timedelta, *, lacks: bool = False, tries: int = 1) -> Verdict:
    return on_looked_up(creation(asked=after, tries=tries), answer, NOW, NOW, lacks=lacks)


@pytest.mark.parametrize(
    "error",
    [NoAnswer("it did not come in time"), NoAnswer("HTTP status 502 without a readable refusal", 502),
     Refused("TIMEOUT", "Timeout", 408, RefusalKind.TRANSIENT)],
)  # fmt: skip
def test_no_usable_answer_is_looked_up_and_stays_in_doubt(error: EcwidError) -> None:
    verdict = created(error)

    assert verdict.to == CreationStatus.LOOKING
    assert verdict.fields["next_action_at"] == NOW + FIRST_LOOK
    assert "unanswered_since" not in verdict.fields
    assert "may have been created" in verdict.note


@pytest.mark.parametrize("error", [RateLimited(5), NotSent("unreachable"), WRONG_KEY, BARE_403])
def test_what_was_surely_not_sent_waits_again_and_is_no_try(error: EcwidError) -> None:
    verdict = created(error)

    assert verdict.to == CreationStatus.WAITING
    assert (verdict.fields["unanswered_since"], verdict.fields["tries"]) == (None, 0)


@pytest.mark.parametrize(("tried_for", "pause"), [(0, 2), (40, 10), (240, 60), (80_000, 60)])
def test_an_ecwid_that_cannot_be_reached_is_tried_less_and_less_often(tried_for: int, pause: int) -> None:
    row = creation()
    row.trying_since = NOW - timedelta(seconds=tried_for)

    verdict = on_created(row, NotSent("Ecwid could not be reached."), NOW, lacks=False)

    assert (verdict.to, verdict.fields["next_action_at"]) == (CreationStatus.WAITING, NOW + timedelta(seconds=pause))
    assert verdict.fields["error_message"] == "Ecwid could not be reached."


def test_after_a_day_in_vain_a_person_says_how_it_goes_on() -> None:
    row = creation()
    row.trying_since = NOW - GIVE_UP_AFTER - timedelta(seconds=1)

    verdict = on_created(row, NotSent("Ecwid could not be reached."), NOW, lacks=False)

    assert (verdict.to, verdict.fields["unanswered_since"]) == (CreationStatus.NEEDS_PERSON, None)
    assert verdict.fields["error_message"].startswith("Ecwid could not be reached. For a day")


def test_an_email_that_has_a_store_fails_with_a_sentence() -> None:
    verdict = created(Conflict("CONSTRAINT_VIOLATION", "Taken", 409))

    assert (verdict.to, verdict.code) == (CreationStatus.FAILED, "CONSTRAINT_VIOLATION")
    assert verdict.note == "Ecwid has a store with the e-mail a@b.de already, so none was created."


def test_it_is_for_a_person_where_an_earlier_request_was_lost() -> None:
    assert created(Conflict("CONSTRAINT_VIOLATION", "Taken", 409), tries=2).to == CreationStatus.NEEDS_PERSON


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(Refused("WRONG_PARAMETER", "Bad", 400), "not valid"), (Refused("", "", 400), "not valid"),
     (Refused("NOT_AVAILABLE_ON_CURRENT_PLAN", "No", 402), "refused to create the store.")],
)  # fmt: skip
def test_every_other_refusal_fails(error: Refused, sentence: str) -> None:
    verdict = created(error)

    assert (verdict.to, verdict.fields["error_message"]) == (CreationStatus.FAILED, error.message)
    assert sentence in verdict.note


def test_a_right_that_lacks_is_for_a_person_and_surely_nothing_was_sent() -> None:
    verdict = created(SCOPE, lacks=True)

    assert verdict.to == CreationStatus.NEEDS_PERSON
    assert verdict.fields["unanswered_since"] is None
    assert verdict.fields["error_code"] == "INSUFFICIENT_APP_SCOPE"
    assert "create_stores" in verdict.fields["error_message"]


@pytest.mark.parametrize(
    ("error", "block", "refused_before", "lacks"),
    [
        (SCOPE, "", False, True),
        (SCOPE, BlockReason.CREDENTIALS, False, True),
        (WRONG_KEY, "", False, False),
        (BARE_403, "", False, False),
        (BARE_403, "", True, True),  # others had it taken meanwhile
        (BARE_403, BlockReason.CREDENTIALS, True, False),  # as a probe it shows that the key is still refused
        (NoAnswer("dropped"), "", True, False),
    ],
)
def test_a_key_that_may_not_do_this_is_told_from_one_that_is_refused(
    error: EcwidError, block: str, *, refused_before: bool, lacks: bool
) -> None:
    assert lacks_right(error, Connection(block_reason=block), refused_before=refused_before) is lacks


def test_a_store_that_is_found_is_for_a_person_at_once() -> None:
    verdict = looked_up(True, FIRST_LOOK)

    assert (verdict.to, verdict.fields["next_action_at"]) == (CreationStatus.NEEDS_PERSON, None)
    assert "unanswered_since" not in verdict.fields


@pytest.mark.parametrize("after", [timedelta(0), FIRST_LOOK, LATE_REQUEST / 2, LATE_REQUEST - timedelta(seconds=1)])
def test_while_the_request_may_be_on_its_way_nobody_proves_nothing(after: timedelta) -> None:
    verdict = looked_up(False, after)

    assert verdict.to == CreationStatus.LOOKING
    assert NOW < verdict.fields["next_action_at"] <= NOW + LATE_REQUEST


def test_the_look_that_may_prove_it_is_not_missed() -> None:
    verdict = looked_up(False, LATE_REQUEST - timedelta(seconds=20))

    assert verdict.fields["next_action_at"] == NOW + timedelta(seconds=20)


def test_a_look_that_left_too_early_proves_nothing_however_late_its_answer_is() -> None:
    row = creation(asked=LATE_REQUEST + timedelta(minutes=1))
    asked_at = row.created_at + FIRST_LOOK

    assert on_looked_up(row, False, asked_at, NOW, lacks=False).to == CreationStatus.LOOKING


def test_after_that_nobody_means_that_nothing_was_created() -> None:
    verdict = looked_up(False, LATE_REQUEST)

    assert verdict.to == CreationStatus.WAITING
    assert (verdict.fields["unanswered_since"], verdict.fields["next_action_at"]) == (None, NOW)


def test_requests_are_not_lost_for_ever() -> None:
    verdict = looked_up(False, LATE_REQUEST, tries=MOST_REQUESTS)

    assert (verdict.to, verdict.fields["unanswered_since"]) == (CreationStatus.NEEDS_PERSON, None)


@pytest.mark.parametrize("error", [NoAnswer("500"), RateLimited(5), WRONG_KEY, BARE_403, NotSent("unreachable")])
def test_what_is_unclear_is_looked_at_again_with_growing_pauses(error: EcwidError) -> None:
    after = [timedelta(seconds=3), timedelta(minutes=1), timedelta(hours=1), timedelta(hours=23)]

    pauses = [looked_up(error, each).fields["next_action_at"] - NOW for each in after]

    assert {looked_up(error, each).to for each in after} == {CreationStatus.LOOKING}
    assert pauses == [FIRST_LOOK, timedelta(seconds=30), LONGEST_PAUSE, LONGEST_PAUSE]


def test_after_a_day_it_is_for_a_person() -> None:
    assert looked_up(NoAnswer("500"), GIVE_UP_AFTER + timedelta(seconds=1)).to == CreationStatus.NEEDS_PERSON


def test_who_may_not_look_up_leaves_it_to_a_person_in_doubt() -> None:
    verdict = looked_up(SCOPE, FIRST_LOOK, lacks=True)

    assert verdict.to == CreationStatus.NEEDS_PERSON
    assert "unanswered_since" not in verdict.fields
    assert "read_stores" in verdict.note
