"""Who may read a store, rate limits by token, faults on reads, and what the request log says of them."""

import pytest
import requests

from clones.sandbox.teststores import TEST_STORES, TestStore
from tests.sandbox.api import Api
from tests.sandbox_process import SandboxProcess, store_token
from tests.waiting import until

CALLS = {
    "profile": "profile",
    "products": "products",
    "categories": "categories",
    "classes": "classes",
    "latest-stats": "latest_stats",
}
READ_SCOPES = {path: "read_store_profile" if path == "profile" else "read_catalog" for path in CALLS}


def verdict(answer: requests.Response) -> tuple[int, str]:
    """Return status and code of an error, whose envelope is that of section 8."""
    body = answer.json()
    assert set(body) == {"errorCode", "errorMessage"}
    assert body["errorMessage"]
    return answer.status_code, body["errorCode"]


@pytest.mark.parametrize("path", CALLS)
def test_a_read_needs_this_stores_token(api: Api, path: str) -> None:
    other, wrong, none = (api.read(path, token=token) for token in (store_token(2), "secret_wrong", ""))

    assert api.read(path).status_code == 200
    assert {verdict(other), verdict(wrong), verdict(none)} == {(403, "INVALID_API_TOKEN")}


@pytest.mark.parametrize("header", ["secret_sandbox_1", "Basic secret_sandbox_1", "bearer secret_sandbox_1", "Bearer"])
def test_a_token_is_sent_as_bearer(sandbox: SandboxProcess, api: Api, header: str) -> None:
    answer = api.session.get(f"{sandbox.api_url}/1/profile", headers={"Authorization": header}, timeout=120)

    assert verdict(answer) == (403, "INVALID_API_TOKEN")


def test_an_older_client_may_send_the_token_in_the_address(sandbox: SandboxProcess, api: Api) -> None:
    answers = [
        api.session.get(
            f"{sandbox.api_url}/1/profile", params={"token": token}, headers=headers, timeout=120
        ).status_code
        for token, headers in [
            (store_token(1), {}),
            (store_token(2), {}),
            (store_token(1), {"Authorization": "Bearer secret_wrong"}),
        ]
    ]

    assert answers == [200, 403, 403]


def test_the_applications_key_opens_no_store(sandbox: SandboxProcess, api: Api) -> None:
    answer = api.session.get(f"{sandbox.api_url}/1/profile", timeout=120)

    assert verdict(answer) == (403, "INVALID_API_TOKEN")


def test_a_token_can_be_chosen_and_changed(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(7, token="secret_first")
    sandbox.add_store(8, token="secret_second")
    sandbox.add_store(8, token="secret_third")

    assert api.read("profile", 7, token="secret_first").status_code == 200
    assert api.read("profile", 8, token="secret_third").status_code == 200
    assert verdict(api.read("profile", 8, token="secret_second")) == (403, "INVALID_API_TOKEN")
    assert verdict(api.read("profile", 7)) == (403, "INVALID_API_TOKEN")


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("store_id", [404, "abc", "9" * 30, "٢"])
def test_a_store_that_is_not_there_is_404(sandbox: SandboxProcess, api: Api, path: str, store_id: object) -> None:
    headers = {"Authorization": f"Bearer {store_token(1)}"}

    answer = api.session.get(f"{sandbox.api_url}/{store_id}/{path}", headers=headers, timeout=120)

    assert verdict(answer) == (404, "STORE_NOT_FOUND")


@pytest.mark.parametrize("path", CALLS)
def test_a_suspended_store_is_402_for_its_own_token_only(sandbox: SandboxProcess, api: Api, path: str) -> None:
    sandbox.add_store(1, suspended=True)

    assert verdict(api.read(path)) == (402, "STORE_IS_SUSPENDED")
    assert verdict(api.read(path, token="secret_wrong")) == (403, "INVALID_API_TOKEN")


@pytest.mark.parametrize("path", CALLS)
def test_a_token_reads_what_its_scopes_allow(sandbox: SandboxProcess, api: Api, path: str) -> None:
    needed = READ_SCOPES[path]
    (other,) = {"read_store_profile", "read_catalog"} - {needed}
    sandbox.add_store(7, scopes=[needed])
    sandbox.add_store(8, scopes=[other])
    sandbox.add_store(9, scopes=[])

    assert api.read(path, 7).status_code == 200
    assert verdict(api.read(path, 8)) == verdict(api.read(path, 9)) == (403, "INSUFFICIENT_APP_SCOPE")


@pytest.mark.parametrize("scopes", [["read_orders"], "read_catalog", [7], 7])
def test_a_scope_that_the_contract_does_not_name_is_a_mistake(sandbox: SandboxProcess, scopes: object) -> None:
    with pytest.raises(AssertionError, match=r"400 .*scopes"):
        sandbox.add_store(7, scopes=scopes)


def test_a_rate_limit_blocks_one_token_and_spares_other_stores_and_the_application(
    sandbox: SandboxProcess, api: Api
) -> None:
    sandbox.fault("rate_limit", call="profile", target="1", retry_after="300")

    first, second = api.read("profile"), api.read("products")

    assert verdict(first) == verdict(second) == (429, "RATE_LIMITED")
    assert first.headers["Retry-After"] == "300"
    assert 290 <= int(second.headers["Retry-After"]) <= 300
    assert api.read("profile", 2).status_code == 200
    assert api.status("unknown").status_code == 404
    assert [row.blocked_seconds is not None for row in sandbox.requests()] == [False, True, False, False]


def test_a_rate_limit_of_the_application_spares_the_reads(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.fault("rate_limit", call="store_lookup", retry_after="300")

    looked_up = api.look_up(email="owner-1@example.com")

    assert [looked_up.status_code, api.start().status_code, api.read("profile").status_code] == [429, 429, 200]


def test_a_token_beside_the_applications_key_does_not_escape_its_block(api: Api, sandbox: SandboxProcess) -> None:
    sandbox.fault("rate_limit", call="clone_start", retry_after="300")
    api.start()
    api.session.headers["Authorization"] = f"Bearer {store_token(1)}"

    assert api.status("unknown").status_code == 429


def test_a_block_of_a_token_ends_by_itself(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.fault("rate_limit", retry_after="1", block_seconds=0.05)
    assert api.read("profile").status_code == 429

    until(lambda: api.read("profile").status_code == 200, "the end of the block")


@pytest.mark.parametrize(("path", "call"), CALLS.items())
def test_a_read_is_in_the_request_log(sandbox: SandboxProcess, api: Api, path: str, call: str) -> None:
    api.read(path)
    api.read(path, token="secret_wrong")

    log = sandbox.requests(call=call)

    assert [(row.method, row.target, row.client_id, row.http_status, row.error_code) for row in log] == [
        ("GET", "1", "", 200, ""),
        ("GET", "1", "", 403, "INVALID_API_TOKEN"),
    ]


def test_a_look_up_is_in_the_request_log(sandbox: SandboxProcess, api: Api) -> None:
    api.look_up(email="owner-1@example.com")

    (row,) = sandbox.requests(call="store_lookup")

    assert (row.method, row.target, row.client_id, row.http_status) == ("GET", "", "sandbox-app", 200)


@pytest.mark.parametrize(("path", "call"), CALLS.items())
def test_a_fault_strikes_one_read_of_one_store(sandbox: SandboxProcess, api: Api, path: str, call: str) -> None:
    sandbox.fault("html", call=call, target="1", times=None)

    struck = {other: api.read(other).status_code for other in CALLS}

    assert struck == {other: 502 if other == path else 200 for other in CALLS}
    assert api.read(path, 2).status_code == 200


def test_a_read_of_a_slow_store_is_slow(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1, sleep=30)
    api.timeout = 0.2

    with pytest.raises(requests.exceptions.Timeout):
        api.read("profile")


UNREADABLE = [one for one in TEST_STORES if "cannot be read" in one.gives]


@pytest.mark.parametrize("one", UNREADABLE, ids=lambda one: str(one.spec.id))
def test_a_documented_test_store_cannot_be_read_as_its_table_says(
    sandbox: SandboxProcess, api: Api, one: TestStore
) -> None:
    sandbox.add_spec(one.spec)

    profile, products = api.read("profile", one.spec.id), api.read("products", one.spec.id)

    assert f": {verdict(products)[1]};" in one.gives
    assert (profile.status_code == 200) is one.gives.startswith("Its catalog")
    assert api.ended(api.accepted(one.spec.id))["status"] == "COMPLETED"


def test_every_reason_not_to_be_read_has_a_test_store() -> None:
    assert [one.gives.partition(": ")[2].partition(";")[0] for one in UNREADABLE] == [
        "STORE_IS_SUSPENDED",
        "INSUFFICIENT_APP_SCOPE",
        "INVALID_API_TOKEN",
        "NOT_AVAILABLE_ON_CURRENT_PLAN",
        "TIMEOUT",
        "RATE_LIMITED",
        "INTERNAL_ERROR",
    ]
