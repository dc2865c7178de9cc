"""The rate limit of section 2: each token by itself, all ignored until Retry-After, bad tokens for longer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clones.ecwid import AppCredentials, PartnerClient, RateLimited, make_session
from tests.sandbox.api import Api
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, NO_LIMITS, SandboxProcess


@pytest.fixture
def strict(sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """A sandbox with small limits; afterwards it has none again, as the other tests expect."""
    usual = sandbox.limit()
    sandbox.limit(calls_a_minute=5, bad_calls_a_minute=3, bad_calls_from_one_address=8, long_block_seconds=1000)
    yield sandbox
    sandbox.limit(**usual)
    sandbox.clear_limits()


def read(api: Api, token: str = "secret_sandbox_1", store_id: int = 1) -> int:
    return api.read("profile", store_id, token=token).status_code


def test_one_call_too_many_is_429_and_so_is_all_that_follows(strict: SandboxProcess, api: Api) -> None:
    passed = [read(api) for _ in range(5)]

    first, second = api.read("profile"), api.read("products")

    assert passed == [200] * 5
    assert {first.status_code, second.status_code} == {429}
    assert first.json()["errorCode"] == "RATE_LIMITED"
    assert 1 <= int(second.headers["Retry-After"]) <= int(first.headers["Retry-After"]) <= 60
    assert [row.blocked_seconds is not None for row in strict.requests()] == [False] * 6 + [True]


def test_each_token_is_counted_by_itself(strict: SandboxProcess, api: Api) -> None:
    for _ in range(6):
        read(api)

    assert [read(api), read(api, "secret_sandbox_2", 2), api.start().status_code] == [429, 200, 200]


def test_the_application_is_counted_over_all_its_calls(strict: SandboxProcess, api: Api) -> None:
    passed = [api.start().status_code, *(api.status("unknown").status_code for _ in range(4))]

    assert passed == [200, 404, 404, 404, 404]
    assert api.look_up(email="owner-1@example.com").status_code == 429


def test_calls_inside_a_block_do_nothing(strict: SandboxProcess, api: Api) -> None:
    for _ in range(6):
        api.status("unknown")

    assert api.start().status_code == 429
    assert strict.log() == []


def test_a_token_that_does_not_work_is_blocked_for_long_and_alone(strict: SandboxProcess, api: Api) -> None:
    refused = [read(api, "secret_wrong") for _ in range(3)]

    blocked = api.read("profile", token="secret_wrong")

    assert refused == [403] * 3
    assert blocked.status_code == 429
    assert 60 < int(blocked.headers["Retry-After"]) <= 1000
    assert read(api) == 200


def test_a_wrong_key_does_not_block_the_right_one(strict: SandboxProcess, api: Api) -> None:
    with Api(strict, secret="not it") as stranger:
        assert [stranger.start().status_code for _ in range(4)] == [403, 403, 403, 429]

    assert api.start().status_code == 200


def test_too_many_bad_tokens_block_the_address_that_they_come_from(strict: SandboxProcess, api: Api) -> None:
    refused = [read(api, f"secret_wrong_{number}") for number in range(8)]

    assert refused == [403] * 8
    assert [read(api), api.start().status_code] == [429, 429]


def test_a_missing_scope_is_no_bad_token(strict: SandboxProcess, api: Api) -> None:
    strict.add_store(7, scopes=[])

    assert [read(api, "secret_sandbox_7", 7) for _ in range(5)] == [403] * 5


def test_the_test_store_with_a_refused_application_is_no_bad_key(strict: SandboxProcess, api: Api) -> None:
    strict.add_store(2, refusal="AUTH_APP_DOESNT_EXIST")

    assert [api.start().status_code for _ in range(5)] == [403] * 5


def test_limits_can_be_lifted(strict: SandboxProcess, api: Api) -> None:
    for _ in range(6):
        read(api)

    strict.clear_limits()

    assert read(api) == 200


def test_the_portals_client_understands_it(strict: SandboxProcess, api: Api) -> None:
    for _ in range(5):
        api.status("unknown")

    with make_session() as session, pytest.raises(RateLimited) as caught:
        PartnerClient(AppCredentials(strict.api_url, CLIENT_ID, CLIENT_SECRET), session).email_has_store(
            "a@example.com"
        )

    assert 0 < caught.value.retry_after <= 60


def test_the_limits_are_those_of_the_contract_unless_told_otherwise(fresh_database: Path) -> None:
    with SandboxProcess(fresh_database, "--no-seed", is_strict=True) as sandbox:
        assert sandbox.limit() == {
            "calls_a_minute": 600,
            "bad_calls_a_minute": 20,
            "bad_calls_from_one_address": 600,
            "long_block_seconds": 600,
            "site_token_seconds": 3600,
        }


def test_an_option_lifts_a_limit(fresh_database: Path) -> None:
    with SandboxProcess(fresh_database, "--no-seed", *NO_LIMITS, is_strict=True) as sandbox:
        assert sandbox.limit()["calls_a_minute"] == 0
