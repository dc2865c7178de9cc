"""Cloning an Instant Site (contract, section 7)."""

import pytest
import requests
import responses
from responses import matchers

from clones.ecwid import (
    CredentialsRefused,
    NoAnswer,
    NotFound,
    RateLimited,
    Refused,
    SiteClient,
    SiteCredentials,
    SiteToken,
)

SITE = "https://site.example.com/api/v1"
TOKEN = SiteToken("site-t0ken")


@pytest.fixture
def site(session: requests.Session) -> SiteClient:
    return SiteClient(SiteCredentials(SITE, "9001", "secret_9001token"), session)


def test_a_token_is_got_with_the_stores_secret(api: responses.RequestsMock, site: SiteClient) -> None:
    query = {"grant_type": "authorization_code", "site_id": "9001", "code": "secret_9001token"}
    body = {"accessToken": "site-t0ken", "tokenType": "bearer", "expiresIn": 3600}
    api.post(f"{SITE}/oauth/token", json=body, match=[matchers.query_param_matcher(query)])

    assert site.access_token() == TOKEN


@pytest.mark.parametrize("body", ["", "{}", "<html>", '{"accessToken": " "}', '{"accessToken": 7}', "[1]"])
def test_an_answer_without_a_token_is_no_answer(api: responses.RequestsMock, site: SiteClient, body: str) -> None:
    api.post(f"{SITE}/oauth/token", body=body)

    with pytest.raises(NoAnswer):
        site.access_token()


@pytest.mark.parametrize("draft", [True, False])
@pytest.mark.parametrize(
    ("status", "body"), [(200, ""), (200, "<html>"), (201, "null"), (202, '{"anything": 1}'), (204, "")]
)
def test_any_2xx_is_success(
    api: responses.RequestsMock, site: SiteClient, body: str, status: int, *, draft: bool
) -> None:
    wanted = [
        matchers.header_matcher({"Authorization": "site-t0ken"}),
        matchers.json_params_matcher({"source": 1003, "draft": draft}),
    ]
    api.post(f"{SITE}/9001/clone", body=body, status=status, match=wanted)

    site.clone_site(TOKEN, "1003", draft=draft)

    assert len(api.calls) == 1


@pytest.mark.parametrize(
    ("status", "body", "exception"),
    [
        (200, '{"success": "false", "errorMessage": "No"}', Refused),
        (401, "", CredentialsRefused),
        (403, "<html>", CredentialsRefused),
        (404, '{"errorCode": "STORE_NOT_FOUND"}', NotFound),
        (404, "", NoAnswer),
        (429, "", RateLimited),
        (500, "", NoAnswer),
    ],
)
def test_anything_else_is_not(
    api: responses.RequestsMock, site: SiteClient, status: int, body: str, exception: type[Exception]
) -> None:
    api.post(f"{SITE}/9001/clone", body=body, status=status)

    with pytest.raises(exception) as caught:
        site.clone_site(TOKEN, "1003", draft=True)

    assert type(caught.value) is exception
