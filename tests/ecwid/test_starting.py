"""Starting a clone: every way in which Ecwid may say yes, no, or nothing (contract, sections 3, 8 and 9)."""

import json

import pytest
import responses
from responses import matchers

from clones.ecwid import (
    CloneErrorCode,
    CloneRefused,
    CredentialsRefused,
    NoAnswer,
    PartnerClient,
    RateLimited,
    RefusalKind,
    Refused,
)
from tests.ecwid.conftest import CLONE, SECRET
from tests.ecwid.test_codes import documented_refusals

TICKET = "4a096838-0272-46ae-9c83-35242215161b"
NO_CREDENTIALS = [refusal for refusal in documented_refusals() if refusal[2] is not RefusalKind.CREDENTIALS]
ANY_STATUS = [200, 201, 400, 401, 403, 404, 408, 409, 500, 502]


def refusal_body(code: str, message: str = "No", *, success: object = False) -> str:
    return json.dumps({"success": success, "errorCode": code, "errorMessage": message})


def start_refused(api: responses.RequestsMock, partner: PartnerClient, body: str, status: int) -> Refused:
    api.post(CLONE, body=body, status=status)
    with pytest.raises(Refused) as caught:
        partner.start_clone("1003", "9001")
    return caught.value


def start_unanswered(
    api: responses.RequestsMock, partner: PartnerClient, body: str | bytes, status: int = 200
) -> NoAnswer:
    api.post(CLONE, body=body, status=status)
    with pytest.raises(NoAnswer) as caught:
        partner.start_clone("1003", "9001")
    return caught.value


def test_an_accepted_clone_gives_its_ticket(api: responses.RequestsMock, partner: PartnerClient) -> None:
    headers = {"X-Ecwid-App-Client-Id": "client-1", "X-Ecwid-App-Secret-Key": SECRET}
    query = {"sourceStoreId": "1003", "targetStoreId": "9001"}
    api.post(
        CLONE,
        json={"ticket": TICKET, "success": True},
        match=[matchers.query_param_matcher(query), matchers.header_matcher(headers)],
    )

    assert partner.start_clone("1003", "9001") == TICKET


def test_scope_and_demo_catalog_are_passed_on_as_chosen(api: responses.RequestsMock, partner: PartnerClient) -> None:
    query = {"sourceStoreId": "1003", "targetStoreId": "9001", "scope": "CATALOG", "cloneDemoCatalog": "true"}
    api.post(CLONE, json={"ticket": TICKET}, match=[matchers.query_param_matcher(query)])

    assert partner.start_clone("1003", "9001", scope="CATALOG", clone_demo_catalog=True) == TICKET


@pytest.mark.parametrize("success", [True, "true", "True", " TRUE "])
def test_success_may_be_a_boolean_or_a_word(
    api: responses.RequestsMock, partner: PartnerClient, success: object
) -> None:
    api.post(CLONE, json={"ticket": TICKET, "success": success})

    assert partner.start_clone("1003", "9001") == TICKET


@pytest.mark.parametrize("written", [f"  {TICKET}\n", TICKET.replace("-", "\\-"), f"{TICKET}\\"])
def test_a_ticket_is_freed_of_stray_backslashes_and_blanks(
    api: responses.RequestsMock, partner: PartnerClient, written: str
) -> None:
    api.post(CLONE, json={"ticket": written, "success": True})

    assert partner.start_clone("1003", "9001") == TICKET


@pytest.mark.parametrize("success", [None, False])
def test_a_ticket_beside_a_refusal_is_no_yes(
    api: responses.RequestsMock, partner: PartnerClient, success: object
) -> None:
    body = {"errorCode": "TARGET_NOT_FOUND", "errorMessage": "No", "ticket": TICKET, "success": success}

    assert start_refused(api, partner, json.dumps(body), 400).code == "TARGET_NOT_FOUND"


@pytest.mark.parametrize("ticket", [None, "", "  ", "\\", True, 1.5, {}, ["a"], "\0", "ü", "x" * 101])
def test_a_yes_without_a_usable_ticket_is_no_answer(
    api: responses.RequestsMock, partner: PartnerClient, ticket: object
) -> None:
    failure = start_unanswered(api, partner, json.dumps({"ticket": ticket, "success": True}))

    assert failure.http_status == 200


@pytest.mark.parametrize("success", [False, "false", "False", " FALSE "])
@pytest.mark.parametrize("status", ANY_STATUS)
@pytest.mark.parametrize("refusal", NO_CREDENTIALS, ids=lambda refusal: refusal[1])
def test_every_documented_refusal_is_read_whatever_the_http_status(
    api: responses.RequestsMock,
    partner: PartnerClient,
    refusal: tuple[str, str, RefusalKind],
    status: int,
    success: object,
) -> None:
    code, message, kind = refusal

    failure = start_refused(api, partner, refusal_body(code, message, success=success), status)

    assert isinstance(failure, CloneRefused)
    assert (failure.error_code, failure.kind) == (CloneErrorCode[code], kind)
    assert (failure.code, failure.message, failure.http_status) == (code, message, status)


@pytest.mark.parametrize("status", ANY_STATUS)
@pytest.mark.parametrize("code", ["AUTH_APP_DOESNT_EXIST", "INSUFFICIENT_APP_SCOPE", "INVALID_API_TOKEN"])
def test_a_refused_application_is_no_refused_clone(
    api: responses.RequestsMock, partner: PartnerClient, code: str, status: int
) -> None:
    failure = start_refused(api, partner, refusal_body(code), status)

    assert type(failure) is CredentialsRefused
    assert failure.kind is RefusalKind.CREDENTIALS


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", ["", "<html>Forbidden</html>", "{}", '{"errorCode": "NEW_CODE"}', "[1]"])
def test_401_and_403_concern_the_credentials_whatever_the_body(
    api: responses.RequestsMock, partner: PartnerClient, body: str, status: int
) -> None:
    assert type(start_refused(api, partner, body, status)) is CredentialsRefused


@pytest.mark.parametrize("status", [200, 400, 402, 404, 409])
def test_a_code_without_success_is_a_refusal(api: responses.RequestsMock, partner: PartnerClient, status: int) -> None:
    body = json.dumps({"errorCode": "TARGET_NOT_FOUND", "errorMessage": "Store #9001 not found"})

    failure = start_refused(api, partner, body, status)

    assert isinstance(failure, CloneRefused)
    assert failure.error_code is CloneErrorCode.TARGET_NOT_FOUND


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_code_without_success_in_a_5xx_is_no_answer(
    api: responses.RequestsMock, partner: PartnerClient, status: int
) -> None:
    failure = start_unanswered(api, partner, '{"errorCode": "INTERNAL_ERROR"}', status)

    assert failure.http_status == status


def test_an_unknown_code_is_shown_as_it_came(api: responses.RequestsMock, partner: PartnerClient) -> None:
    failure = start_refused(api, partner, refusal_body("TARGET_IS\\_ODD", "It is odd"), 200)

    assert isinstance(failure, CloneRefused)
    assert (failure.error_code, failure.kind) == (None, RefusalKind.UNKNOWN)
    assert str(failure) == "Ecwid refused: It is odd (TARGET_IS\\_ODD)."


def test_a_general_code_that_asks_for_patience_is_transient(
    api: responses.RequestsMock, partner: PartnerClient
) -> None:
    failure = start_refused(api, partner, refusal_body("INTERNAL_ERROR"), 500)

    assert isinstance(failure, CloneRefused)
    assert failure.kind is RefusalKind.TRANSIENT


def test_a_code_with_stray_backslashes_is_the_code_that_it_means(
    api: responses.RequestsMock, partner: PartnerClient
) -> None:
    failure = start_refused(api, partner, refusal_body("SOURCE\\_NOT\\_FOUND"), 200)

    assert isinstance(failure, CloneRefused)
    assert failure.error_code is CloneErrorCode.SOURCE_NOT_FOUND


@pytest.mark.parametrize("ending", ["", ".", " ", '"', "\\"])
def test_a_busy_target_hands_out_the_ticket(api: responses.RequestsMock, partner: PartnerClient, ending: str) -> None:
    message = (
        f"Not allowed to clone to #99928003 while previous clone is still in progress with ticket {TICKET}{ending}"
    )

    failure = start_refused(api, partner, refusal_body("TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET", message), 400)

    assert isinstance(failure, CloneRefused)
    assert failure.ticket == TICKET


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET", "Busy"),
        ("TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET", "still in progress with ticket 4a096838"),
        ("TARGET_NOT_FOUND", f"still in progress with ticket {TICKET}"),
    ],
)
def test_no_ticket_is_guessed(api: responses.RequestsMock, partner: PartnerClient, code: str, message: str) -> None:
    failure = start_refused(api, partner, refusal_body(code, message), 200)

    assert isinstance(failure, CloneRefused)
    assert failure.ticket is None


@pytest.mark.parametrize("status", [200, 400, 402, 404, 409, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<html><body>Bad gateway</body></html>",
        b'{"ticket": "4a096838-0272',
        b"null",
        b'"ok"',
        b"[]",
        b"{}",
        b"\xff\xfe\x00",
        b'{"success": NaN}',
        b'{"success": false, "success": true, "ticket": "a"}',
        b"[" * 100_000,
        b'{"ticket": ' + b"9" * 5_000 + b"}",
    ],
)
def test_a_body_that_says_nothing_is_no_answer(
    api: responses.RequestsMock, partner: PartnerClient, body: bytes, status: int
) -> None:
    failure = start_unanswered(api, partner, body, status)

    assert failure.http_status == status


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
def test_a_redirect_is_not_followed(api: responses.RequestsMock, partner: PartnerClient, status: int) -> None:
    api.post(CLONE, status=status, headers={"Location": "https://elsewhere.example.com/"})

    with pytest.raises(NoAnswer) as caught:
        partner.start_clone("1003", "9001")

    assert caught.value.http_status == status
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    "body", ["", "<html>", '{"success": false, "errorCode": "TARGET_NOT_FOUND"}', '{"ticket": "a"}']
)
def test_429_is_a_rate_limit_whatever_the_body(api: responses.RequestsMock, partner: PartnerClient, body: str) -> None:
    api.post(CLONE, body=body, status=429, headers={"Retry-After": "17"})

    with pytest.raises(RateLimited) as caught:
        partner.start_clone("1003", "9001")

    assert caught.value.retry_after == 17


def test_the_code_of_a_rate_limit_is_one_under_another_status(
    api: responses.RequestsMock, partner: PartnerClient
) -> None:
    api.post(CLONE, body=refusal_body("RATE_LIMITED"), status=400)

    with pytest.raises(RateLimited) as caught:
        partner.start_clone("1003", "9001")

    assert caught.value.retry_after == 60


def test_a_byte_order_mark_is_not_in_the_way(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.post(CLONE, body=b'\xef\xbb\xbf{"ticket": "abc", "success": "true"}')

    assert partner.start_clone("1003", "9001") == "abc"


@pytest.mark.parametrize(
    ("code", "message", "shown"),
    [
        (None, None, ("", "")),
        (17, 4.5, ("17", "4.5")),
        ({}, [], ("", "")),
        (True, False, ("", "")),
        ("A\0B", "nul\0 and \ud800", ("AB", "nul and ?")),
        ("X" * 999, "y" * 99_999, ("X" * 255, "y" * 2_000)),
    ],
)
def test_what_is_shown_of_a_refusal_can_be_stored(
    api: responses.RequestsMock, partner: PartnerClient, code: object, message: object, shown: tuple[str, str]
) -> None:
    body = json.dumps({"success": False, "errorCode": code, "errorMessage": message})

    failure = start_refused(api, partner, body, 400)

    assert (failure.code, failure.message) == shown


def test_an_echoed_secret_is_blacked_out(api: responses.RequestsMock, partner: PartnerClient) -> None:
    failure = start_refused(api, partner, refusal_body(f"NO_{SECRET}", f"Key {SECRET} is wrong"), 403)

    assert SECRET not in repr(failure) + str(failure) + failure.code + failure.message
    assert failure.message == "Key [hidden] is wrong"
