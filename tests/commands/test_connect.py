import pytest

from clones.models import Connection
from tests.commands.running import run, snapshot

pytestmark = pytest.mark.django_db

SECRET = "sesame-opens-everything"
ECWID = ("Main", "--api-url", "https://app.ecwid.com/api/v3", "--client-id", "app-1", "--client-secret-env", "KEY")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", SECRET)
    monkeypatch.setenv("EMPTY", "")


def test_a_connection_is_added_and_said_so() -> None:
    ended = run("connect", *ECWID)

    assert (ended.code, ended.out) == (0, "Connection “Main” added.\n")
    assert Connection.objects.get().client_secret.reveal() == SECRET


def test_saying_it_again_is_harmless() -> None:
    run("connect", *ECWID)
    before = snapshot()

    ended = run("connect", *ECWID)

    assert (ended.code, ended.out) == (0, "Connection “Main” saved.\n")
    assert snapshot() == before


def test_a_loopback_sandbox_is_labelled_so() -> None:
    ended = run("connect", *ECWID, "--api-url", "http://127.0.0.1:8100/api/v3")

    assert "It is a sandbox: nothing that is cloned over it is real." in ended.out


def test_all_options_are_stored() -> None:
    run("connect", *ECWID, "--site-url", "https://vuega.ecwid.com/api/v1", "--rate-limit", "60")

    row = Connection.objects.get()
    assert (row.site_url, row.rate_limit, row.client_id) == ("https://vuega.ecwid.com/api/v1", 60, "app-1")


def test_ecwids_own_instant_sites_belong_to_ecwids_own_api() -> None:
    run("connect", *ECWID)

    assert Connection.objects.get().site_url == "https://vuega.ecwid.com/api/v1"


@pytest.mark.parametrize("entered", ["https://sites.example.com/api/v1", ""])
def test_saying_it_again_leaves_the_address_of_instant_sites_that_an_admin_entered(entered: str) -> None:
    run("connect", *ECWID)
    Connection.objects.update(site_url=entered)

    run("connect", *ECWID)

    assert Connection.objects.get().site_url == entered


def test_another_api_never_gets_the_tokens_for_the_instant_sites_of_the_one_before() -> None:
    run("connect", *ECWID)

    run("connect", *ECWID, "--api-url", "http://127.0.0.1:8100/api/v3")

    row = Connection.objects.get()
    assert (row.api_url, row.site_url) == ("http://127.0.0.1:8100/api/v3", "")


def test_the_rate_limit_is_ecwids_unless_told_otherwise() -> None:
    run("connect", *ECWID)

    assert Connection.objects.get().rate_limit == 600


def test_the_secret_is_never_said() -> None:
    ended = run("connect", *ECWID)
    refused = run("connect", *ECWID, "--api-url", "http://app.ecwid.com")

    assert SECRET not in ended.out + ended.err + refused.out + refused.err


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            ("--client-secret-env", "NOT_SET"),
            "that --client-secret-env names is empty or not set.",
        ),
        (
            ("--client-secret-env", "EMPTY"),
            "that --client-secret-env names is empty or not set.",
        ),
        (("--api-url", "http://app.ecwid.com/api/v3"), "must begin with https://"),
        (("--api-url", "https://10.0.0.1/api/v3"), "must not be a private one"),
        (("--api-url", "nonsense"), "must look like https://host/path"),
        (("--site-url", "http://vuega.ecwid.com"), "must begin with https://"),
        (("--rate-limit", "0"), "The rate limit is a number of requests a minute"),
        (("--client-id", " "), "needs a name, a client ID and a client secret"),
        (("--client-id", "c" * 201), "client id"),
    ],
)
def test_a_wrong_argument_is_said_and_changes_nothing(wrong: tuple[str, str], sentence: str) -> None:
    run("connect", *ECWID)
    before = snapshot()

    ended = run("connect", *ECWID, *wrong)

    assert (ended.code, ended.out) == (2, "")
    assert sentence in ended.err
    assert snapshot() == before
