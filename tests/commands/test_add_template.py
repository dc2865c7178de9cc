import pytest

from clones.models import Connection, TemplateStore
from tests.commands.running import run, snapshot
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db

TOKEN = "secret_sesame"


@pytest.fixture(autouse=True)
def main(monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("TOKEN", TOKEN)
    return ConnectionFactory.create(name="Main")


def test_a_template_store_is_added_and_said_so(main: Connection) -> None:
    ended = run("add_template", "1003", "Household", "--connection", "Main", "--token-env", "TOKEN")

    assert (ended.code, ended.out) == (0, "Template store Household (1003) added.\n")
    row = TemplateStore.objects.get()
    assert (row.connection, row.store_id, row.token.reveal()) == (main, "1003", TOKEN)


def test_saying_it_again_is_harmless() -> None:
    run("add_template", "1003", "Household", "--connection", "Main")
    before = snapshot()

    ended = run("add_template", "1003", "Household", "--connection", "Main")

    assert (ended.code, ended.out) == (0, "Template store Household (1003) saved.\n")
    assert snapshot() == before


def test_the_token_is_never_said() -> None:
    ended = run("add_template", "1003", "Household", "--connection", "Main", "--token-env", "TOKEN")

    assert TOKEN not in ended.out + ended.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("1003x", "Household", "--connection", "Main"), "'1003x' is not a store ID"),
        (("01003", "Household", "--connection", "Main"), "'01003' is not a store ID"),
        (("", "Household", "--connection", "Main"), "'' is not a store ID"),
        (("1003", " ", "--connection", "Main"), "A template store needs a name."),
        (("1003", "n" * 201, "--connection", "Main"), "name"),
        (("1003", "Household", "--connection", "Mian"), "no connection named “Mian”. There are: Main."),
        (
            ("1003", "Household", "--connection", "Main", "--token-env", "NOT_SET"),
            "that --token-env names is empty",
        ),
    ],
)
def test_a_wrong_argument_is_said_and_changes_nothing(arguments: tuple[str, ...], sentence: str) -> None:
    before = snapshot()

    ended = run("add_template", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert sentence in ended.err
    assert snapshot() == before


def test_without_any_connection_it_says_how_to_make_one(main: Connection) -> None:
    main.delete()

    ended = run("add_template", "1003", "Household", "--connection", "Main")

    assert ended.code == 2
    assert "Make one with: manage.py connect" in ended.err
