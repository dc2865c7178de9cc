"""Which base URLs are taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clones.ecwid import AppCredentials, PartnerClient, check_api_url, is_loopback, make_session


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("https://app.ecwid.com/api/v3", "https://app.ecwid.com/api/v3"),
        (" https://APP.ecwid.com/api/v3// ", "https://app.ecwid.com/api/v3"),
        ("HTTPS://app.ecwid.com", "https://app.ecwid.com"),
        ("https://app.ecwid.com:8443/Api", "https://app.ecwid.com:8443/Api"),
        ("https://8.8.8.8/api", "https://8.8.8.8/api"),
        ("http://localhost:8010/api/v3/", "http://localhost:8010/api/v3"),
        ("http://127.0.0.1:8010", "http://127.0.0.1:8010"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("http://[::1]:8010/x", "http://[::1]:8010/x"),
        ("https://127.0.0.1", "https://127.0.0.1"),
    ],
)
def test_a_fit_address_is_taken(written: str, taken: str) -> None:
    assert check_api_url(written) == taken


@pytest.mark.parametrize(
    "written",
    [
        "",
        "app.ecwid.com",
        "ftp://app.ecwid.com",
        "file:///etc/passwd",
        "https://",
        "https:///api",
        "http://app.ecwid.com",
        "http://localhost.example.com",
        "http://evil.localhost",
        "https://user@app.ecwid.com",
        "https://user:word@app.ecwid.com",
        "https://@app.ecwid.com",
        "https://app.ecwid.com?x=1",
        "https://app.ecwid.com/#x",
        "https://app.ecwid.com/?",
        "https://app.ecwid.com:0",
        "https://app.ecwid.com:99999",
        "https://app.ecwid.com:x",
        "https://app.ecwid.com\\@127.0.0.1",
        "https://app.ecwid.com/a b",
        "https://app.ecwid.com/\r\nHost:x",
        "https://app.ecwid.com/api/../v3",
        "https://10.0.0.1",
        "https://192.168.1.1/api",
        "https://172.16.0.1",
        "https://169.254.169.254/latest",
        "https://0.0.0.0",
        "https://224.0.0.1",
        "https://[fd00::1]",
        "https://[fe80::1%25eth0]",
        "https://[::ffff:10.0.0.1]",
        "https://[::",
        "https://2130706433",
        "https://0x7f.1",
        "https://127.1",
        "https://010.0.0.1",
        "https://10.0.0.1.",
        "https://%31%30.0.0.1",
        "https://10。0。0。1",
        "https://bücher.example",
        "https://-x.example",
        "https://a..b",
    ],
)
def test_an_unfit_address_is_refused_in_a_sentence(written: str) -> None:
    with pytest.raises(ValueError, match=r"^The .*\.$"):
        check_api_url(written)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:8010", True),
        ("http://LOCALHOST", True),
        ("http://127.0.0.1", True),
        ("https://[::1]/", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("https://app.ecwid.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("http://[::", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_only(url: str, *, loopback: bool) -> None:
    assert is_loopback(url) is loopback


@given(st.text())
def test_any_text_is_taken_or_refused(written: str) -> None:
    try:
        taken = check_api_url(written)
    except ValueError:
        return
    assert check_api_url(taken) == taken


def test_a_client_does_not_take_an_unfit_address() -> None:
    with make_session() as session, pytest.raises(ValueError, match="https"):
        PartnerClient(AppCredentials("http://app.ecwid.com", "client-1", "s3cr3t"), session)
