"""No secret shows in a repr, an exception, or a log record, not even at DEBUG over a real socket."""

import logging
import pickle
from collections.abc import Iterator

import pytest
import requests

from clones.ecwid import (
    AppCredentials,
    CloneRefused,
    CreatedStore,
    EcwidError,
    NewMerchant,
    NoAnswer,
    PartnerClient,
    RateLimited,
    RefusalKind,
    SiteClient,
    SiteCredentials,
    SiteToken,
    StoreClient,
    StoreCredentials,
    Timeouts,
)
from clones.ecwid.sites import token_request
from clones.ecwid.wire import Answer, Request
from tests.ecwid.servers import LocalServer, Respond, answering, answering_and_closing, holding, plain

SECRET = "t0p-s3cr3t-value"
QUICK = Timeouts(connect=60, read=0.1, total=60)


@pytest.mark.parametrize(
    "shown",
    [
        AppCredentials("https://api.example.com", "client-1", SECRET),
        StoreCredentials("https://api.example.com", "1003", SECRET),
        SiteCredentials("https://site.example.com", "1003", SECRET),
        NewMerchant("ann@example.com", "Ann", password=SECRET),
        CreatedStore("123", SECRET),
        SiteToken(SECRET),
        Answer(200, SECRET.encode(), {"X": SECRET}),
        Request("GET", "https://api.example.com", (("code", SECRET),), {"X": SECRET}, SECRET.encode(), (SECRET,)),
        token_request(Request("POST", "https://site.example.com"), SiteCredentials("", "1003", SECRET)),
    ],
    ids=lambda shown: type(shown).__name__,
)
def test_a_repr_shows_no_secret(shown: object) -> None:
    assert SECRET not in repr(shown) + str(shown)


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="urllib3"):
        yield caplog


def ask_everything(url: str, session: requests.Session) -> list[EcwidError]:
    """One call with each kind of credential."""
    partner = PartnerClient(AppCredentials(url, "client-1", SECRET), session, timeouts=QUICK)
    store = StoreClient(StoreCredentials(url, "1003", SECRET), session, timeouts=QUICK)
    site = SiteClient(SiteCredentials(url, "9001", SECRET), session, timeouts=QUICK)
    calls = [
        lambda: partner.start_clone("1003", "9001"),
        lambda: partner.email_has_store(f"{SECRET}@example.com"),
        lambda: partner.create_store(NewMerchant("ann@example.com", "Ann", password=SECRET)),
        store.profile,
        site.access_token,
        lambda: site.clone_site(SiteToken(SECRET), "1003", draft=True),
    ]
    failures = []
    for call in calls:
        try:
            call()  # type: ignore[no-untyped-call]
        except EcwidError as failure:
            failures.append(failure)
    return failures


@pytest.mark.parametrize(
    "respond",
    [
        answering(plain(b"{}")),
        answering(plain(f'{{"success": false, "errorMessage": "{SECRET}", "errorCode": "{SECRET}"}}'.encode())),
        answering(plain(b"", "302 Found", f"Location: /?code={SECRET}\r\n")),
        answering(plain(b"{}", headers=f"no colon {SECRET}\r\n")),
        answering_and_closing(b""),
        answering_and_closing(f"{SECRET}\r\n\r\n".encode()),
        holding(),
    ],
)
def test_no_log_record_and_no_exception_shows_a_secret(
    session: requests.Session, everything_logged: pytest.LogCaptureFixture, respond: Respond
) -> None:
    with LocalServer(respond) as server:
        failures = ask_everything(server.url, session)

    assert failures
    assert any(SECRET.encode() in request for request in server.requests)
    assert SECRET not in "".join(f"{failure!r} {failure}" for failure in failures)
    assert everything_logged.records
    assert SECRET not in everything_logged.text
    assert SECRET not in "".join(str(vars(record)) for record in everything_logged.records)


def test_a_refused_connection_shows_no_secret(
    session: requests.Session, everything_logged: pytest.LogCaptureFixture
) -> None:
    with LocalServer(holding()) as server:
        url = server.url

    failures = ask_everything(url, session)

    assert len(failures) == 6
    assert SECRET not in everything_logged.text + "".join(f"{failure!r} {failure}" for failure in failures)


@pytest.mark.parametrize(
    "failure",
    [
        RateLimited(17),
        NoAnswer("the answer is empty", 200),
        CloneRefused("TARGET_NOT_FOUND", "Store #9001 not found", 200, RefusalKind.TARGET),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_an_exception_survives_the_way_between_processes(failure: EcwidError) -> None:
    copy = pickle.loads(pickle.dumps(failure))

    assert (type(copy), vars(copy), str(copy)) == (type(failure), vars(failure), str(failure))


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (RateLimited(17), "Ecwid's rate limit is used up; it takes requests again in 17 s."),
        (NoAnswer("the answer is empty", 200), "No usable answer from Ecwid: the answer is empty."),
        (CloneRefused("A_CODE", "A message.", 200), "Ecwid refused: A message (A_CODE)."),
        (CloneRefused("A_CODE", "", 200), "Ecwid refused: A_CODE."),
        (CloneRefused("", "A message.", 200), "Ecwid refused: A message."),
        (CloneRefused("", "", 403), "Ecwid refused with HTTP status 403."),
    ],
)
def test_an_exception_is_a_sentence(failure: EcwidError, sentence: str) -> None:
    assert str(failure) == sentence
