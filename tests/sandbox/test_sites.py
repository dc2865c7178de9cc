"""The Instant Site API, read by the portal's own client and by a plain one."""

from collections.abc import Callable, Iterator

import pytest
import requests

from clones.ecwid import (
    CredentialsRefused,
    NotFound,
    RateLimited,
    Refused,
    SiteClient,
    SiteCredentials,
    SiteToken,
    make_session,
)
from clones.sandbox.teststores import TEST_STORES_BY_ID
from tests.sandbox.api import Api
from tests.sandbox_process import SandboxProcess, store_token


@pytest.fixture
def site(sandbox: SandboxProcess) -> Iterator[Callable[..., SiteClient]]:
    """Make a client of one store's site, with the store's own secret unless told otherwise."""
    with make_session() as session:

        def make(store_id: int = 2, token: str = "") -> SiteClient:
            return SiteClient(SiteCredentials(sandbox.site_url, str(store_id), token or store_token(store_id)), session)

        yield make


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("draft", [True, False])
def test_a_site_is_cloned_as_often_as_one_likes(
    sandbox: SandboxProcess, site: Callable[..., SiteClient], *, draft: bool
) -> None:
    client = site(2)
    token = client.access_token()

    client.clone_site(token, "1", draft=not draft)
    client.clone_site(token, "1", draft=draft)

    found = sandbox.store(2)["site"]
    assert (found["source"], found["draft"]) == (1, draft)
    assert sandbox.store(1)["site"] == {}


def test_the_token_is_told_with_its_kind_and_its_end(sandbox: SandboxProcess, api: Api) -> None:
    answer = api.site_token(2)

    assert set(answer.json()) == {"accessToken", "tokenType", "expiresIn"}
    assert (answer.json()["tokenType"], answer.json()["expiresIn"]) == ("bearer", 3600)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"grant_type": "password"}, 400, "WRONG_PARAMETER"),
        ({"grant_type": ""}, 400, "WRONG_PARAMETER"),
        ({"site_id": ""}, 400, "WRONG_PARAMETER"),
        ({"code": ""}, 400, "WRONG_PARAMETER"),
        ({"code": "secret_wrong"}, 403, "INVALID_API_TOKEN"),
        ({"site_id": "404"}, 404, "STORE_NOT_FOUND"),
    ],
)
def test_a_token_is_refused(api: Api, query: dict[str, str], status: int, code: str) -> None:
    answer = api.site_token(2, **query)

    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)


def test_a_suspended_store_gets_no_token(sandbox: SandboxProcess, site: Callable[..., SiteClient]) -> None:
    sandbox.add_store(2, suspended=True)

    with pytest.raises(Refused) as caught:
        site().access_token()

    assert caught.value.code == "STORE_IS_SUSPENDED"


@pytest.mark.usefixtures("api")
def test_a_token_opens_its_own_store_only(site: Callable[..., SiteClient]) -> None:
    token = site(1).access_token()

    with pytest.raises(CredentialsRefused) as caught:
        site(2).clone_site(token, "1", draft=True)

    assert caught.value.http_status == 403


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("token", ["unknown", store_token(2)])
def test_a_token_that_nobody_gave_is_401(site: Callable[..., SiteClient], token: str) -> None:
    with pytest.raises(CredentialsRefused) as caught:
        site().clone_site(SiteToken(token), "1", draft=True)

    assert caught.value.http_status == 401


@pytest.mark.usefixtures("api")
def test_a_template_that_is_not_there_is_404(site: Callable[..., SiteClient]) -> None:
    client = site()

    with pytest.raises(NotFound):
        client.clone_site(client.access_token(), "404", draft=True)


@pytest.mark.parametrize("body", [None, {}, {"source": "1"}, {"source": True}, {"source": 1, "draft": "yes"}, [1]])
def test_a_body_that_makes_no_sense_is_400(sandbox: SandboxProcess, api: Api, body: object) -> None:
    token = api.site_token(2).json()["accessToken"]

    answer = api.site_clone(2, token, body)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "WRONG_PARAMETER")
    assert sandbox.store(2)["site"] == {}


def test_the_store_whose_tokens_expire_at_once_is_401(sandbox: SandboxProcess, site: Callable[..., SiteClient]) -> None:
    sandbox.add_spec(TEST_STORES_BY_ID[9166].spec)
    client = site(9166)

    with pytest.raises(CredentialsRefused) as caught:
        client.clone_site(client.access_token(), "9166", draft=True)

    assert caught.value.http_status == 401


def test_the_store_whose_token_opens_no_site_is_403(sandbox: SandboxProcess, site: Callable[..., SiteClient]) -> None:
    sandbox.add_spec(TEST_STORES_BY_ID[9167].spec)

    with pytest.raises(CredentialsRefused) as caught:
        site(9167).access_token()

    assert (caught.value.http_status, caught.value.code) == (403, "INSUFFICIENT_APP_SCOPE")


@pytest.mark.usefixtures("api")
def test_a_rate_limit_is_understood(sandbox: SandboxProcess, site: Callable[..., SiteClient]) -> None:
    sandbox.fault("rate_limit", call="site_token", target="2", retry_after="30")

    with pytest.raises(RateLimited) as caught:
        site().access_token()

    assert caught.value.retry_after == 30


def test_no_secret_of_a_site_is_in_the_request_log(sandbox: SandboxProcess, api: Api) -> None:
    token = api.site_token(2).json()["accessToken"]
    api.site_clone(2, token, {"source": 1, "draft": True})

    log = sandbox.requests()

    assert [(row.call, row.target, row.http_status) for row in log] == [
        ("site_token", "2", 200),
        ("site_clone", "2", 200),
    ]
    assert store_token(2) not in repr(log)
    assert token not in repr(log)


def test_another_method_is_an_unknown_call(sandbox: SandboxProcess, api: Api) -> None:
    statuses = [
        requests.get(f"{sandbox.site_url}/{path}", timeout=120).status_code
        for path in ("oauth/token", "2/clone", "2/pages")
    ]

    assert statuses == [404, 404, 404]
    assert {row.call for row in sandbox.requests()} == {"unknown"}
