"""Sending one request and fetching its answer. No exception of the HTTP libraries gets out, nor is one chained."""

import time
from collections.abc import Callable
from urllib.parse import urlencode

import requests
from requests.exceptions import (
    ConnectTimeout,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    ReadTimeout,
)
from urllib3.exceptions import (
    ConnectTimeoutError,
    EmptyPoolError,
    LocationValueError,
    NewConnectionError,
    ReadTimeoutError,
)

from clones.ecwid.errors import EcwidError, NoAnswer, NotSent
from clones.ecwid.schemas import Timeouts
from clones.ecwid.watch import Fence, Watch, watching
from clones.ecwid.wire import Answer, Request

LARGEST_BODY = 64 * 1024 * 1024
_CHUNK = 64 * 1024
# Causes that say that no connection came about. (A NameResolutionError is a NewConnectionError.)
_BEFORE_SENDING = (
    ConnectTimeout,
    ConnectTimeoutError,
    EmptyPoolError,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    LocationValueError,
    MissingSchema,
    NewConnectionError,
)
_TIMEOUTS = (TimeoutError, ReadTimeout, ReadTimeoutError)


class Transport:
    """Sends requests over one session. Threads may share it."""

    def __init__(
        self,
        session: requests.Session,
        timeouts: Timeouts,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the session (see `make_session`: another one is not bounded as strictly) and the clocks."""
        self._session = session
        self._timeouts = timeouts
        self._clock = clock
        self._monotonic = monotonic

    def send(self, request: Request, *, fence: Fence | None = None) -> Answer:
        """Send, and give the answer whatever its status; redirects are not followed.

        Raise NotSent or NoAnswer. `fence` is asked when the first byte is about to leave: nothing does where it says
        why not.
        """
        prepared = self._prepared(request)
        watch = Watch(self._timeouts.total, fence, self._monotonic)
        with watching(watch):
            watch.check_fence()
            try:
                return self._exchange(prepared, watch)
            except EcwidError as error:
                failure = error
            # Whatever goes wrong in the libraries: the caller must learn whether the request may have been executed.
            except Exception as error:  # noqa: BLE001
                failure = _verdict(error, watch)
        raise failure

    def _prepared(self, request: Request) -> requests.PreparedRequest:
        url = request.url
        headers = {**self._session.headers, **request.headers}
        try:
            if request.query:
                url = f"{url}?{urlencode(request.query)}"
            # Not by the session: it would look into .netrc and its cookies.
            prepared = requests.Request(request.method, url, headers=headers, data=request.body).prepare()
            for value in prepared.headers.values():
                value.encode("latin-1")
        except (requests.RequestException, ValueError):
            prepared = None
        if prepared is None:
            raise NotSent("The request could not be written: an ID, address, key or token has unfit characters.")
        return prepared

    def _exchange(self, prepared: requests.PreparedRequest, watch: Watch) -> Answer:
        adapter = self._session.get_adapter(prepared.url or "")
        # Not by session.send: it reads the body of a redirect without any limit, and keeps cookies.
        response = adapter.send(
            prepared,
            stream=True,
            timeout=(self._timeouts.connect, self._timeouts.read),
            verify=True if self._session.verify is None else self._session.verify,
            cert=self._session.cert,
            proxies={},
        )
        watch.tracked = watch.written = True
        try:
            body = _read_body(response, watch)
        finally:
            response.close()
        return Answer(response.status_code, body, dict(response.headers), self._clock())


def _read_body(response: requests.Response, watch: Watch) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise NoAnswer("the answer is too large", response.status_code)
        if watch.remaining() <= 0:
            raise NoAnswer("the answer took too long", response.status_code)
    return bytes(body)


def _verdict(error: Exception, watch: Watch) -> EcwidError:
    """NotSent only where it is certain: our own connections know, of others the exception's cause must say it."""
    sent = watch.written if watch.tracked else not _says_not_sent(error)
    what = type(error).__name__
    if not sent:
        return NotSent(f"Ecwid could not be reached ({what}); nothing was sent.")
    if isinstance(error, _TIMEOUTS):
        return NoAnswer("it did not come in time")
    return NoAnswer(f"the connection broke off ({what})")


def _says_not_sent(error: BaseException) -> bool:
    cause: object = error
    for _ in range(5):
        if isinstance(cause, _BEFORE_SENDING):
            return True
        inner = getattr(cause, "reason", None) or next(iter(getattr(cause, "args", ())), None)
        if not isinstance(inner, BaseException):
            return False
        cause = inner
    return False
