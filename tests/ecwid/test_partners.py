"""Creating stores and looking them up (contract, sections 5 and 9.11)."""

import json

import pytest
import responses
from responses import matchers

from clones.ecwid import (
    Conflict,
    CreatedStore,
    CredentialsRefused,
    EcwidError,
    NewMerchant,
    NoAnswer,
    PartnerClient,
    RateLimited,
    Refused,
)
from tests.ecwid.conftest import API, SECRET

STORES = f"{API}/stores"
ANN = NewMerchant("ann@example.com", "Ann Example", password="pass-w0rd")


def test_a_new_store_gives_its_id_and_token(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.post(
        STORES,
        json={"id": 123, "token": "secret_new"},
        match=[
            matchers.query_param_matcher({"returnApiToken": "true"}),
            matchers.header_matcher({"X-Ecwid-App-Secret-Key": SECRET, "Content-Type": "application/json"}),
            matchers.json_params_matcher(
                {
                    "merchant": {"email": "ann@example.com", "name": "Ann Example", "password": "pass-w0rd"},
                    "profile": {"settings": {"storeName": "Tools"}},
                    "affiliatePartner": {"source": "portal"},
                }
            ),
        ],
    )

    created = partner.create_store(ANN, profile={"settings": {"storeName": "Tools"}}, affiliate_source="portal")

    assert created == CreatedStore("123", "secret_new")


def test_what_is_not_chosen_is_left_out(api: responses.RequestsMock, partner: PartnerClient) -> None:
    wanted = {"merchant": {"email": "bob@example.com", "name": "Bob", "ip": "192.0.2.7"}}
    api.post(STORES, json={"id": "007"}, match=[matchers.json_params_matcher(wanted)])

    assert partner.create_store(NewMerchant("bob@example.com", "Bob", ip="192.0.2.7")) == CreatedStore("007", "")


@pytest.mark.parametrize(
    ("status", "exception"),
    [
        (400, Refused),
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (408, NoAnswer),
        (409, Conflict),
        (429, RateLimited),
        (500, NoAnswer),
        (502, NoAnswer),
    ],
)
@pytest.mark.parametrize("body", ["", "<html>", '{"errorMessage": "No"}'])
def test_the_documented_statuses_of_creating_speak_for_themselves(
    api: responses.RequestsMock, partner: PartnerClient, body: str, status: int, exception: type[EcwidError]
) -> None:
    api.post(STORES, body=body, status=status)

    with pytest.raises(exception) as caught:
        partner.create_store(ANN)

    assert type(caught.value) is exception


@pytest.mark.parametrize("body", ["", "<html>", "{}", '{"id": null}', '{"id": true}', '{"token": "secret_new"}', "[]"])
def test_a_created_store_without_an_id_is_no_answer(
    api: responses.RequestsMock, partner: PartnerClient, body: str
) -> None:
    api.post(STORES, body=body)

    with pytest.raises(NoAnswer):
        partner.create_store(ANN)


def test_an_echoed_password_is_blacked_out(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.post(STORES, body=json.dumps({"errorMessage": "pass-w0rd is too simple"}), status=400)

    with pytest.raises(Refused) as caught:
        partner.create_store(ANN)

    assert "pass-w0rd" not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("body", ["{}", "[]", '{"id": 1}'])
def test_200_means_that_the_email_has_a_store(api: responses.RequestsMock, partner: PartnerClient, body: str) -> None:
    api.get(STORES, body=body, match=[matchers.query_param_matcher({"email": "ann+1@example.com"})])

    assert partner.email_has_store("ann+1@example.com") is True


@pytest.mark.parametrize("body", ["", "<html>", "{}", '{"errorCode": "STORE_NOT_FOUND"}'])
def test_404_means_that_the_email_is_free(api: responses.RequestsMock, partner: PartnerClient, body: str) -> None:
    api.get(STORES, body=body, status=404)

    assert partner.email_has_store("ann@example.com") is False


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, ""),
        (200, "<html>"),
        (200, "null"),
        (200, "true"),
        (302, ""),
        (400, ""),
        (401, ""),
        (403, "<html>"),
        (404, '{"errorCode": "AUTH_APP_DOESNT_EXIST"}'),
        (429, ""),
        (500, '{"errorCode": "STORE_NOT_FOUND"}'),
        (500, '{"success": false, "errorCode": "STORE_NOT_FOUND"}'),
        (200, '{"errorCode": "STORE_NOT_FOUND"}'),
        (503, "<html>"),
    ],
)
def test_anything_unclear_is_neither_free_nor_taken(
    api: responses.RequestsMock, partner: PartnerClient, status: int, body: str
) -> None:
    api.get(STORES, body=body, status=status)

    with pytest.raises(EcwidError):
        partner.email_has_store("ann@example.com")
