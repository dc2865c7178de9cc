"""What `examine` says of rows: each mistake in its cell, all of them at once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clones.choices import CREATION_ENDED, CREATION_GONE, CloneScope, CreationStatus, SiteChoice
from clones.imports import COLUMNS, Row, read_csv
from clones.models import StoreCreation, TargetStore, TemplateStore
from clones.operations.cells import mask_tokens
from clones.operations.wanted import Examined, Wanted, examine, sealed
from clones.secrets import Secret
from tests import forty_mistakes
from tests.commands.running import snapshot
from tests.factories import TargetStoreFactory, TemplateStoreFactory

pytestmark = pytest.mark.django_db

SITES = "https://vuega.ecwid.com/api/v1"
REAL_TOKEN = "Secret_4i936SRqRp3317MZ51Aa4tVjeUVyGwW7"  # as Ecwid makes them, but for a capital that a phone put there


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1003", connection__site_url=SITES)


def row(at: int | None = 2, **cells: str) -> Row:
    return Row(at, dict.fromkeys(COLUMNS, "") | cells)


def looked_at(template: TemplateStore | None, *rows: Row) -> list[Examined]:
    return examine([sealed(one) for one in rows], template, CloneScope.ALL, clone_demo_catalog=False)


def the_one(template: TemplateStore | None, **cells: str) -> Examined:
    (found,) = looked_at(template, row(2, **cells))
    return found


def errors_of(template: TemplateStore | None, **cells: str) -> dict[str, list[str]]:
    return dict(the_one(template, **cells).errors)


def creation(template: TemplateStore, email: str, status: CreationStatus, store_id: str = "") -> StoreCreation:
    target = TargetStoreFactory.create(connection=template.connection, store_id=store_id, email=email)
    return StoreCreation.objects.create(
        connection=template.connection,
        target=target,
        email=email,
        name="Anna",
        status=status,
        created_at=timezone.now(),
        finished_at=timezone.now() if status in CREATION_ENDED else None,
    )


# All at once ----------------------------------------------------------------------------------------------------------


def test_forty_mistakes_are_all_told_in_their_cells_and_lines() -> None:
    template = forty_mistakes.prepare()
    rows = read_csv(forty_mistakes.the_file()).rows
    before = snapshot()

    found = {one.line: examined for one, examined in zip(rows, looked_at(template, *rows), strict=True)}

    told = [
        (line, list(found[line].errors), one.words in found[line].errors.get(one.column, [""])[0])
        for line, one in forty_mistakes.places()
    ]
    assert told == [(line, [one.column], True) for line, one in forty_mistakes.places()]
    assert len(forty_mistakes.MISTAKES) == 40
    assert sum(1 for examined in found.values() if examined.wanted) == len(forty_mistakes.RIGHT)
    assert snapshot() == before


def test_one_row_can_have_a_mistake_in_every_cell(template: TemplateStore) -> None:
    wrong = dict.fromkeys(COLUMNS, "a\nb") | {"access_token": "a b"}

    assert set(errors_of(template, **wrong)) == set(COLUMNS)


def test_no_sentence_repeats_a_token(template: TemplateStore) -> None:
    found = the_one(template, store_id="9001", access_token="secret_abc def")

    assert "secret_abc" not in str(found)
    assert found.errors["access_token"]


@pytest.mark.parametrize("column", [one for one in COLUMNS if one != "access_token"])
def test_a_token_in_a_wrong_column_is_neither_kept_nor_repeated(template: TemplateStore, column: str) -> None:
    target = sealed(row(2, **{"store_id": "9001", column: f"9001 {REAL_TOKEN}"}))

    (found,) = examine([target], template, CloneScope.ALL, clone_demo_catalog=False)

    assert getattr(target, column) == "9001 secret_…"
    assert found.errors[column] == ["An access token stands here: write it into access_token, and nowhere else."]


@pytest.mark.parametrize(
    "token",
    [
        "secret_4i936SRqRp3317MZ51Aa4tVjeUVyGwW7",
        "secret_abcdefghijklmnopqrstuvwxyzABCDEF",
        "SECRET_4I936SRQRP3317MZ51AA4TVJEUVYGWW7",
        "secret_4i936SRqRp3317MZ",  # a part of one
        "secret_aB3_dE5-gH7_jK9-mN1_pQ3-",  # with other signs, should Ecwid ever take some
        "secret_sandbox_9001",
    ],
)
@pytest.mark.parametrize("around", ["{}", "Anna {}", "({}),", "token={}", "x{}"])
def test_nothing_of_a_token_is_left(token: str, around: str) -> None:
    assert mask_tokens(around.format(token)) == around.format("secret_…")


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "secret_garden", "Secret_Garden_Flowers", "secret_santa_2026", "Our secret_ 1", "Secretary"]
)
def test_a_name_that_only_begins_like_a_token_is_kept(template: TemplateStore, name: str) -> None:
    target = sealed(row(2, store_id="9001", label=name))

    (found,) = examine([target], template, CloneScope.ALL, clone_demo_catalog=False)

    assert (target.label, found.errors) == (name, {})


# What a row comes to --------------------------------------------------------------------------------------------------


def test_an_empty_cell_means_what_the_launch_says() -> None:
    (found,) = examine([sealed(row(store_id="9001"))], None, CloneScope.CATALOG, clone_demo_catalog=True)

    assert found.wanted == Wanted("9001", scope=CloneScope.CATALOG, clone_demo_catalog=True)


def test_a_row_says_otherwise(template: TemplateStore) -> None:
    cells = {"scope": "store settings", "clone_demo_catalog": "Yes", "instant_site": "Draft", "label": " Anna "}

    wanted = the_one(template, store_id=" 9001 ", access_token=" secret_1 ".strip(), **cells).wanted

    assert wanted is not None
    assert (wanted.store_id, wanted.label, wanted.token.reveal()) == ("9001", "Anna", "secret_1")
    assert (wanted.scope, wanted.clone_demo_catalog, wanted.instant_site) == ("STORE_SETTINGS", True, SiteChoice.DRAFT)


@pytest.mark.parametrize(
    ("text", "means"),
    [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("False", False), ("0", False), ("", True)],
)
def test_yes_and_no_in_their_spellings(text: str, *, means: bool) -> None:
    rows = [sealed(row(store_id="9001", clone_demo_catalog=text))]

    (found,) = examine(rows, None, CloneScope.ALL, clone_demo_catalog=True)

    assert found.wanted is not None
    assert found.wanted.clone_demo_catalog is means


def test_a_store_to_be_created_is_known_by_its_e_mail_in_lower_case(template: TemplateStore) -> None:
    wanted = the_one(template, email="Anna@Example.COM", name="Anna's bakery").wanted

    assert wanted is not None
    assert (wanted.store, wanted.name) == ("anna@example.com", "Anna's bakery")


def test_a_row_of_our_own_results_names_a_created_store_by_id_and_e_mail(template: TemplateStore) -> None:
    creation(template, "anna@example.com", CreationStatus.CREATED, "9001")

    found = the_one(template, store_id="9001", email="Anna@example.com")

    assert found.wanted == Wanted("9001")


def test_an_e_mail_of_another_store_beside_an_id_is_a_mistake(template: TemplateStore) -> None:
    creation(template, "anna@example.com", CreationStatus.CREATED, "9001")

    assert "a store ID and an e-mail" in errors_of(template, store_id="9002", email="anna@example.com")["email"][0]


# Stores that are being created ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "email",
    [
        "anna@example.com\u200b",  # pasted out of a web page
        "anna@exam\u00adple.com",
        "anna@\uff45xample.com",  # full width
        "anna@mu\u0308ller.example",  # as macOS writes an umlaut
    ],
)
def test_an_e_mail_that_only_looks_like_another_one_is_a_mistake(template: TemplateStore, email: str) -> None:
    assert "is not an e-mail address" in errors_of(template, email=email, name="Anna")["email"][0]


def test_an_e_mail_with_an_umlaut_in_its_domain_is_fine(template: TemplateStore) -> None:
    assert errors_of(template, email="anna@m\u00fcller.example", name="Anna") == {}


@pytest.mark.parametrize("status", sorted(set(CreationStatus) - {*CREATION_GONE, CreationStatus.CREATED}))
def test_an_e_mail_that_is_under_way_is_a_mistake(template: TemplateStore, status: CreationStatus) -> None:
    creation(template, "anna@example.com", status)

    assert "is being created" in errors_of(template, email="anna@example.com", name="Anna")["email"][0]


@pytest.mark.parametrize("status", CREATION_GONE)
def test_an_e_mail_whose_store_was_not_created_may_come_again(template: TemplateStore, status: CreationStatus) -> None:
    creation(template, "anna@example.com", status)

    assert errors_of(template, email="anna@example.com", name="Anna") == {}


@pytest.mark.parametrize(
    ("address", "is_free"), [("https://app.ecwid.com/api/v3", False), ("https://elsewhere.example.com/api/v3", True)]
)
def test_an_e_mail_of_another_connection_is_free_only_at_another_address(
    template: TemplateStore, address: str, *, is_free: bool
) -> None:
    other = TemplateStoreFactory.create(store_id="1009", connection__api_url=address)
    creation(other, "anna@example.com", CreationStatus.WAITING)

    errors = errors_of(template, email="anna@example.com", name="Anna")

    assert bool(errors) is not is_free
    assert is_free or f"over connection “{other.connection}”: remove this row." in errors["email"][0]


# Instant Sites --------------------------------------------------------------------------------------------------------


def test_a_site_needs_the_address_of_the_connection() -> None:
    without = TemplateStoreFactory.create(store_id="1003")

    said = errors_of(without, store_id="9001", access_token="secret_1", instant_site="publish")

    assert "has no address for Instant Sites" in said["instant_site"][0]


@pytest.mark.parametrize(
    "cells", [{"access_token": "secret_1"}, {"store_id": "", "email": "a@example.com", "name": "A"}]
)
def test_a_site_takes_the_token_of_the_row_or_of_the_store_that_is_created(
    template: TemplateStore, cells: dict[str, str]
) -> None:
    assert errors_of(template, **{"store_id": "9001", "instant_site": "draft", **cells}) == {}


def test_a_site_takes_the_token_of_a_target_that_is_known(template: TemplateStore) -> None:
    TargetStoreFactory.create(connection=template.connection, store_id="9001", token=Secret.seal("secret_1"))

    assert errors_of(template, store_id="9001", instant_site="draft") == {}


# Duplicates -----------------------------------------------------------------------------------------------------------


def test_a_row_that_says_the_same_again_can_be_left_out(template: TemplateStore) -> None:
    first = row(2, store_id="9001", scope="CATALOG", access_token="secret_1")
    again = row(5, store_id=" 9001", scope="catalog", access_token="secret_1")

    found = looked_at(template, first, row(3, store_id="9002"), again)

    assert [one.duplicate_of for one in found] == [None, None, 0]
    assert [dict(one.errors) for one in found] == [{}, {}, {}]


@pytest.mark.parametrize("cells", [{"scope": "CATALOG"}, {"label": "B"}, {"access_token": "secret_2"}])
def test_a_later_row_that_says_something_else_is_a_mistake_and_names_the_first(
    template: TemplateStore, cells: dict[str, str]
) -> None:
    found = looked_at(template, row(7, store_id="9001"), row(9, store_id="9001", **cells))

    assert found[0].wanted is not None
    assert "stands in line 7 already" in found[1].errors["store_id"][0]


def test_e_mails_are_duplicates_in_whatever_case(template: TemplateStore) -> None:
    found = looked_at(template, row(email="a@example.com", name="A"), row(email="A@EXAMPLE.com", name="A"))

    assert found[1].duplicate_of == 0


def test_rows_without_a_line_are_named_too(template: TemplateStore) -> None:
    found = looked_at(template, row(None, store_id="9001"), row(None, store_id="9001", label="B"))

    assert "in an earlier row" in found[1].errors["store_id"][0]


# Many -----------------------------------------------------------------------------------------------------------------


def test_it_asks_the_database_as_often_for_many_rows_as_for_a_few(template: TemplateStore) -> None:
    for number in range(20):
        creation(template, f"{number}@example.com", CreationStatus.WAITING)

    assert _queries(template, 10) == _queries(template, 2_000) <= 5


def _queries(template: TemplateStore, count: int) -> int:
    rows = [row(store_id=str(9_000 + n), instant_site="draft") for n in range(count)]
    rows += [row(email=f"{n}@example.com", name="A") for n in range(count)]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        looked_at(template, *rows)
    return len(asked)


def test_without_a_template_nothing_is_looked_up(template: TemplateStore) -> None:
    creation(template, "anna@example.com", CreationStatus.WAITING)

    with CaptureQueriesContext(connection) as asked:
        found = looked_at(None, row(store_id="1003"), row(email="anna@example.com", name="Anna"))

    assert (len(asked), [one.errors for one in found]) == (0, [{}, {}])


def test_it_writes_nothing(template: TemplateStore) -> None:
    the_one(template, store_id="9001")

    assert TargetStore.objects.count() == 0
