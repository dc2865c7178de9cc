"""Which answers stop a whole connection."""

from datetime import UTC, datetime, timedelta

import pytest

from clones.choices import BlockReason
from clones.ecwid import (
    CloneErrorCode,
    Conflict,
    CredentialsRefused,
    EcwidError,
    NoAnswer,
    NotFound,
    NotSent,
    RateLimited,
)
from clones.engine.budget import PROBE_AGAIN
from clones.engine.outcome import Block, block_for, block_of
from clones.models import CloneJob, Connection
from tests.engine.answers import refusal

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
KEY_REFUSED = CredentialsRefused("INVALID_API_TOKEN", "Wrong token", 403)


@pytest.mark.parametrize("seconds", [0, 2, 90, 86_400])
def test_a_reached_limit_stops_it_for_as_long_as_ecwid_says_and_a_little(seconds: float) -> None:
    block = block_for(RateLimited(seconds), NOW)

    assert block is not None
    assert block.reason == BlockReason.RATE_LIMITED
    assert timedelta(0) < block.until - NOW - timedelta(seconds=seconds) <= timedelta(seconds=1)


def test_a_refused_key_stops_it_for_an_hour_and_says_what_ecwid_said() -> None:
    block = block_for(KEY_REFUSED, NOW)

    assert block is not None
    assert (block.reason, block.until) == (BlockReason.CREDENTIALS, NOW + timedelta(hours=1))
    assert block.message == "Ecwid refused: Wrong token (INVALID_API_TOKEN)."


def block_of_a_job(tries: int, **connection: object) -> Block | None:
    job = CloneJob(pk=1, error_code=KEY_REFUSED.code, tries=tries, connection=Connection(**connection))
    return block_of(job, KEY_REFUSED, NOW)


def test_a_key_that_others_had_accepted_meanwhile_stops_it_for_a_moment_and_in_the_end_not_at_all() -> None:
    again = block_of_a_job(tries=1)

    assert again is not None
    assert again.until == NOW + PROBE_AGAIN
    assert block_of_a_job(tries=2) is None


def test_a_key_that_nobody_had_accepted_meanwhile_stops_it_as_before() -> None:
    assert block_of_a_job(tries=9, block_reason=BlockReason.CREDENTIALS) == block_for(KEY_REFUSED, NOW)
    assert block_of(CloneJob(pk=1, error_code="OTHER", tries=9), KEY_REFUSED, NOW) == block_for(KEY_REFUSED, NOW)


@pytest.mark.parametrize(
    "error",
    [
        NotSent("Connection refused."),
        NoAnswer("nothing came", 500),
        NotFound("", "", 404),
        Conflict("", "", 409),
        *(refusal(code) for code in CloneErrorCode if code is not CloneErrorCode.AUTH_APP_DOESNT_EXIST),
    ],
)
def test_every_other_answer_concerns_one_job_only(error: EcwidError) -> None:
    assert block_for(error, NOW) is None
