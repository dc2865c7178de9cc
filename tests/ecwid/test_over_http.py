"""The client over a real socket: limits, drops, compression, redirects, and what it never uses."""

import gzip
import ipaddress
import itertools
import json
import socket
import ssl
import threading
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from clones.ecwid import AppCredentials, EcwidError, NoAnswer, NotSent, PartnerClient, Timeouts, make_session
from tests.ecwid.servers import LocalServer, answering, answering_and_closing, dripping, holding, plain
from tests.processes import free_port

QUICK = Timeouts(connect=2, read=0.1, total=0.3)  # for answers that never come
PATIENT = Timeouts(connect=60, read=60, total=60)  # for those that come, however busy the machine is
ACCEPTED = plain(b'{"ticket": "t-1", "success": true}')
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


def client(url: str, session: requests.Session, timeouts: Timeouts = PATIENT, secret: str = "s3cr3t") -> PartnerClient:
    return PartnerClient(AppCredentials(url, "client-1", secret), session, timeouts=timeouts)


def start_failing(url: str, session: requests.Session, timeouts: Timeouts = PATIENT) -> EcwidError:
    with pytest.raises(EcwidError) as caught:
        client(url, session, timeouts).start_clone("1003", "9001")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return caught.value


def start_in_vain(url: str, session: requests.Session, limits: Timeouts) -> EcwidError:
    """Return how a call fails whose answer does not come; with more time where a busy machine did not even send it."""
    failure = start_failing(url, session, limits)
    if isinstance(failure, NotSent) and limits.total < PATIENT.total:
        return start_in_vain(url, session, Timeouts(*(4 * seconds for seconds in astuple(limits))))
    return failure


@pytest.fixture(scope="module")
def certificate_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    now = datetime.now(UTC)
    certificate = (
        builder.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def own_certificate(certificate_file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file)
    return context


@pytest.fixture
def closed_port() -> str:
    return f"http://127.0.0.1:{free_port()}"


def test_a_clone_is_started_with_an_empty_post(session: requests.Session) -> None:
    with LocalServer(answering(ACCEPTED)) as server:
        assert client(server.url, session).start_clone("1003", "9001") == "t-1"

    head = server.requests[0]
    assert head.startswith(b"POST /stores/clone?sourceStoreId=1003&targetStoreId=9001 HTTP/1.1\r\n")
    assert b"\r\nContent-Length: 0\r\n" in head
    assert b"\r\nAccept-Encoding: gzip\r\n" in head
    assert b"\r\nUser-Agent: reseller-portal" in head


def test_a_connection_is_used_again(session: requests.Session) -> None:
    with LocalServer(answering(ACCEPTED)) as server:
        for _ in range(3):
            client(server.url, session).start_clone("1003", "9001")

    assert (len(server.requests), server.connections) == (3, 1)


def test_a_refused_connection_is_not_sent(session: requests.Session, closed_port: str) -> None:
    assert type(start_failing(closed_port, session)) is NotSent


def test_an_unknown_name_is_not_sent(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert type(start_failing("https://api.example.invalid", session)) is NotSent


@pytest.mark.parametrize(
    "raw", [b"", b"HTTP/1.1 200", HEAD, HEAD + b'{"ticket": "t-1"}', b"SSH-2.0-x\r\n", b"\x00" * 99]
)
def test_an_answer_that_breaks_off_is_no_answer(session: requests.Session, raw: bytes) -> None:
    with LocalServer(answering_and_closing(raw)) as server:
        assert type(start_failing(server.url, session)) is NoAnswer


def test_a_whole_json_in_a_shorter_body_than_promised_is_no_answer(session: requests.Session) -> None:
    raw = b'HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n{"ticket": "t-1", "success": true}'

    with LocalServer(answering_and_closing(raw)) as server:
        assert type(start_failing(server.url, session)) is NoAnswer


def test_a_kept_connection_that_the_server_closed_meanwhile_is_no_answer(session: requests.Session) -> None:
    answers = itertools.chain([ACCEPTED], itertools.repeat(b""))

    def respond(connection: socket.socket, _server: LocalServer) -> None:
        raw = next(answers)
        connection.sendall(raw) if raw else connection.shutdown(socket.SHUT_RDWR)

    with LocalServer(respond) as server:
        client(server.url, session).start_clone("1003", "9001")

        assert type(start_failing(server.url, session)) is NoAnswer
        assert len(server.requests) == 2


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", HEAD, HEAD + b"{"])
def test_a_held_answer_is_no_answer(session: requests.Session, sent: bytes) -> None:
    with LocalServer(holding(sent)) as server:
        failure = start_in_vain(server.url, session, QUICK)

    assert type(failure) is NoAnswer
    assert "in time" in str(failure)


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"HTTP/1.1 ", b" "),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD, b" "),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", b"0"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 999\r\n\r\n", b" "),
    ],
)
def test_an_answer_that_drips_ends_with_the_call(session: requests.Session, start: bytes, drop: bytes) -> None:
    limits = Timeouts(connect=2, read=5, total=0.15)

    with LocalServer(dripping(start, drop)) as server:
        failure = start_in_vain(server.url, session, limits)
        stopped_by_the_client = not server.released.is_set()

    assert type(failure) is NoAnswer
    assert stopped_by_the_client


def test_a_body_above_the_limit_is_no_answer(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clones.ecwid.transport.LARGEST_BODY", 100_000)
    bomb = plain(gzip.compress(b" " * 10_000_000), headers="Content-Encoding: gzip\r\n")

    with LocalServer(answering(bomb)) as server:
        failure = start_failing(server.url, session)

    assert "too large" in str(failure)


def test_gzip_is_read(session: requests.Session) -> None:
    mapping = {"products": {str(old): f"0{old}" for old in range(25_000)}}
    body = gzip.compress(json.dumps({"status": "COMPLETED", "clonedEntitiesMapping": mapping}).encode())

    with LocalServer(answering(plain(body, headers="Content-Encoding: gzip\r\n"))) as server:
        status = client(server.url, session).clone_status("t-1")

    assert len(status.mapping["product"]) == 25_000


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(ACCEPTED)[:-9], b""], ids=["none", "cut", "empty"])
def test_broken_gzip_is_no_answer(session: requests.Session, body: bytes) -> None:
    with LocalServer(answering(plain(body, headers="Content-Encoding: gzip\r\n"))) as server:
        assert type(start_failing(server.url, session)) is NoAnswer


@pytest.mark.parametrize("location", ["/elsewhere", "http://[::", "\\\\x\xff", "https://api.example.com/", ""])
def test_a_redirect_is_not_followed(session: requests.Session, location: str) -> None:
    raw = plain(b"", "302 Found", f"Location: {location}\r\n")

    with LocalServer(answering(raw)) as server:
        failure = start_failing(server.url, session)

    assert isinstance(failure, NoAnswer)
    assert (failure.http_status, len(server.requests)) == (302, 1)


@pytest.mark.parametrize(
    "headers",
    [
        "X: " + "y" * 70_000 + "\r\n",
        "".join(f"X{number}: y\r\n" for number in range(200)),
        "no colon here\r\n",
        "Set-Cookie: a=\x01; expires=never; domain=.\r\n",
        "Content-Type: text/html; charset=\xff\r\n",
        "Content-Encoding: " + "gzip, " * 50 + "gzip\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Retry-After: \xff\r\n",
    ],
)
def test_hostile_headers_stay_inside_the_tree(session: requests.Session, headers: str) -> None:
    raw = b"HTTP/1.1 429 Slow\r\n" + headers.encode("latin-1") + b"Content-Length: 2\r\n\r\n{}"

    with LocalServer(answering_and_closing(raw)) as server, pytest.raises(EcwidError):
        client(server.url, session).start_clone("1003", "9001")


def test_cookies_are_not_kept(session: requests.Session) -> None:
    raw = plain(b'{"ticket": "t-1"}', headers="Set-Cookie: session=abc; path=/\r\n")

    with LocalServer(answering(raw)) as server:
        client(server.url, session).start_clone("1003", "9001")
        client(server.url, session).start_clone("1003", "9001")

    assert b"cookie" not in server.requests[1].lower()
    assert not session.cookies


def test_proxies_and_netrc_are_not_used(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, closed_port: str
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login ann password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, closed_port)
    monkeypatch.setenv("no_proxy", "")

    with LocalServer(answering(ACCEPTED)) as server:
        session.trust_env = True
        client(server.url, session).start_clone("1003", "9001")

    assert b"authorization" not in server.requests[0].lower()


@pytest.mark.parametrize("secret", ["a\nb", "a\r\nX: y", " leading", "snow☃man"])
def test_a_key_that_no_header_can_carry_is_not_sent(session: requests.Session, secret: str) -> None:
    with LocalServer(answering(ACCEPTED)) as server, pytest.raises(NotSent) as caught:
        client(server.url, session, secret=secret).start_clone("1003", "9001")

    assert secret not in str(caught.value) + repr(caught.value)
    assert server.requests == []


def test_waiting_for_a_free_connection_ends_with_the_call() -> None:
    with make_session(pool_size=1) as session, LocalServer(holding()) as server:
        first = threading.Thread(target=start_failing, args=(server.url, session, PATIENT))
        first.start()
        assert server.arrived.wait(60)

        failure = start_failing(server.url, session, Timeouts(2, 5, 0.05))

        assert first.is_alive()
        assert type(failure) is NotSent
        assert len(server.requests) == 1
    first.join(60)


class HandSetClock:
    """A monotonic clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def start_fenced(url: str, session: requests.Session, clock: HandSetClock) -> str:
    partner = PartnerClient(AppCredentials(url, "client-1", "s3cr3t"), session, monotonic=clock)
    return partner.start_clone("1003", "9001", fence=lambda: "too late" if clock.now >= 1_010 else "")


@pytest.mark.parametrize("now", [1_010, 1_011])
def test_a_fence_that_has_passed_sends_nothing(session: requests.Session, now: float) -> None:
    clock = HandSetClock()
    clock.now = now

    with LocalServer(answering(ACCEPTED)) as server, pytest.raises(NotSent, match="held back: too late"):
        start_fenced(server.url, session, clock)

    assert server.connections == 0


def test_a_look_has_the_same_fence(session: requests.Session) -> None:
    with LocalServer(answering(ACCEPTED)) as server, pytest.raises(NotSent, match="held back: too late"):
        client(server.url, session).clone_status("t-1", fence=lambda: "too late")

    assert server.connections == 0


def test_a_fence_that_passes_while_connecting_sends_nothing(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandSetClock()
    connect = urllib3.util.connection.create_connection

    def connect_slowly(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        clock.now += 11
        return connect(address)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect_slowly)

    with LocalServer(answering(ACCEPTED)) as server, pytest.raises(NotSent):
        start_fenced(server.url, session, clock)

    assert clock.now == 1_011
    assert server.requests == []


def test_a_fence_still_ahead_lets_the_request_pass(session: requests.Session) -> None:
    with LocalServer(answering(ACCEPTED)) as server:
        assert start_fenced(server.url, session, HandSetClock()) == "t-1"


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_server_that_speaks_no_tls_is_not_sent(session: requests.Session, greeting: bytes) -> None:
    with LocalServer(answering_and_closing(greeting), reads_first=False) as server:
        assert type(start_failing(server.url.replace("http://", "https://"), session)) is NotSent


def test_a_certificate_that_nobody_vouches_for_is_not_sent(
    session: requests.Session, own_certificate: ssl.SSLContext
) -> None:
    with LocalServer(answering(ACCEPTED), tls=own_certificate) as server:
        failure = start_failing(server.url, session)

    assert type(failure) is NotSent
    assert server.requests == []


def test_a_vouched_for_certificate_is_taken(
    session: requests.Session, own_certificate: ssl.SSLContext, certificate_file: Path
) -> None:
    session.verify = str(certificate_file)

    with LocalServer(answering(ACCEPTED), tls=own_certificate) as server:
        assert client(server.url, session).start_clone("1003", "9001") == "t-1"


def test_a_tls_answer_that_drips_ends_with_the_call(
    session: requests.Session, own_certificate: ssl.SSLContext, certificate_file: Path
) -> None:
    session.verify = str(certificate_file)

    with LocalServer(dripping(HEAD, b" "), tls=own_certificate) as server:
        failure = start_in_vain(server.url, session, Timeouts(connect=2, read=5, total=0.5))

    assert type(failure) is NoAnswer
