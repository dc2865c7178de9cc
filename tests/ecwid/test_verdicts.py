"""Whatever the HTTP libraries raise becomes NotSent or NoAnswer, and nothing of theirs hangs on it."""

import http.client
import inspect
import io
import socket
import ssl
from collections.abc import Iterator

import pytest
import requests
import responses
import urllib3

from clones.ecwid import EcwidError, NoAnswer, NotSent, PartnerClient
from tests.ecwid.conftest import CLONE, SECRET

POOL = urllib3.HTTPConnectionPool("api.example.com")
CONNECTION = urllib3.connection.HTTPConnection("api.example.com")
REFUSED = urllib3.exceptions.NewConnectionError(CONNECTION, "refused")
UNKNOWN_NAME = urllib3.exceptions.NameResolutionError("api.example.com", CONNECTION, socket.gaierror())
SLOW = urllib3.exceptions.ConnectTimeoutError(CONNECTION, "slow")


def wrapped(reason: Exception) -> requests.ConnectionError:
    """As requests raises it."""
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(POOL, "/stores/clone", reason))


def of_module(module: object) -> Iterator[Exception]:
    """One exception of every class that the module defines, made without its constructor's demands."""
    for _, member in inspect.getmembers(module, inspect.isclass):
        if issubclass(member, Exception):
            error = member.__new__(member)
            error.args = ("made up",)
            yield error


EVERY_ERROR = [
    *of_module(requests.exceptions),
    *of_module(urllib3.exceptions),
    *of_module(http.client),
    OSError(),
    ConnectionResetError(),
    socket.gaierror(),
    ssl.SSLError(),
    TimeoutError(),
    UnicodeError(),
    RuntimeError(),
]


def by_class(error: object) -> str:
    return f"{type(error).__module__}.{type(error).__name__}"


class BreakingBody(io.BytesIO):
    """A body that gives a little and then raises."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error
        self._begun = False

    def read1(self, _size: int | None = -1) -> bytes:
        if self._begun:
            raise self._error
        self._begun = True
        return b'{"ticket":'


class BreakingAdapter(requests.adapters.HTTPAdapter):
    """Answers 200 with a body that breaks."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:  # type: ignore[override]
        raw = urllib3.HTTPResponse(BreakingBody(self._error), status=200, preload_content=False)
        return self.build_response(request, raw)


def start_failing(partner: PartnerClient) -> EcwidError:
    with pytest.raises(EcwidError) as caught:
        partner.start_clone("1003", "9001")
    return caught.value


@pytest.mark.parametrize("error", EVERY_ERROR, ids=by_class)
def test_an_error_while_sending_becomes_one_of_ours(
    api: responses.RequestsMock, partner: PartnerClient, error: Exception
) -> None:
    api.post(CLONE, body=error)

    failure = start_failing(partner)

    assert isinstance(failure, NotSent | NoAnswer)
    assert (failure.__cause__, failure.__context__) == (None, None)
    assert SECRET not in str(failure) + repr(failure)


@pytest.mark.parametrize("error", EVERY_ERROR, ids=by_class)
def test_an_error_in_the_body_is_no_answer(session: requests.Session, partner: PartnerClient, error: Exception) -> None:
    session.mount("https://", BreakingAdapter(error))

    failure = start_failing(partner)

    assert type(failure) is NoAnswer
    assert (failure.__cause__, failure.__context__) == (None, None)


@pytest.mark.parametrize(
    "error", [wrapped(REFUSED), wrapped(UNKNOWN_NAME), wrapped(SLOW), requests.ConnectTimeout(SLOW)]
)
def test_no_connection_means_surely_not_sent(
    api: responses.RequestsMock, partner: PartnerClient, error: Exception
) -> None:
    api.post(CLONE, body=error)

    assert type(start_failing(partner)) is NotSent


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", http.client.RemoteDisconnected(""))),
        requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", ConnectionResetError())),
        requests.ReadTimeout(urllib3.exceptions.ReadTimeoutError(POOL, "/stores/clone", "slow")),
        requests.exceptions.SSLError("record layer failure"),
        requests.exceptions.ChunkedEncodingError("broken"),
        requests.exceptions.ContentDecodingError("broken"),
    ],
)
def test_a_lost_connection_means_perhaps_executed(
    api: responses.RequestsMock, partner: PartnerClient, error: Exception
) -> None:
    api.post(CLONE, body=error)

    assert type(start_failing(partner)) is NoAnswer


def test_an_interrupt_is_not_swallowed(session: requests.Session, partner: PartnerClient) -> None:
    session.mount("https://", BreakingAdapter(KeyboardInterrupt()))

    with pytest.raises(KeyboardInterrupt):
        partner.start_clone("1003", "9001")
