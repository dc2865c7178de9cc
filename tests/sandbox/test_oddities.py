"""The oddities of section 9 as they go over the wire: what a plain client sees of each test store."""

import json

import pytest
import requests

from clones.sandbox.teststores import TEST_STORES_BY_ID
from tests.sandbox.api import Api
from tests.sandbox_process import SandboxProcess
from tests.waiting import until

DROPPED = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)


def start(sandbox: SandboxProcess, api: Api, number: int, **parameters: str) -> requests.Response:
    """Ask for a clone into a test store."""
    sandbox.add_spec(TEST_STORES_BY_ID[number].spec)
    return api.start(1, number, **parameters)


def mapping_of(sandbox: SandboxProcess, api: Api, number: int) -> dict[str, dict[str, object]] | None:
    ticket = start(sandbox, api, number).json()["ticket"]
    mapping: dict[str, dict[str, object]] | None = api.ended(ticket).get("clonedEntitiesMapping")
    return mapping


@pytest.mark.parametrize(("number", "status"), [(9117, 200), (9118, 404), (9119, 500)])
def test_1_a_refusal_comes_with_any_status(sandbox: SandboxProcess, api: Api, number: int, status: int) -> None:
    answer = start(sandbox, api, number)

    assert (answer.status_code, answer.json()["success"]) == (status, False)


@pytest.mark.parametrize(("number", "success"), [(9141, "true"), (9142, "false")])
def test_2_success_is_a_text(sandbox: SandboxProcess, api: Api, number: int, success: str) -> None:
    assert start(sandbox, api, number).json()["success"] == success


def test_3_new_ids_are_numbers(sandbox: SandboxProcess, api: Api) -> None:
    mapping = mapping_of(sandbox, api, 9143)

    assert mapping is not None
    assert {type(new) for pairs in mapping.values() for new in pairs.values()} == {int}


@pytest.mark.parametrize(
    ("number", "parts"),
    [(9120, {"products", "categories"}), (9144, {"categories"}), (9145, {"products"}), (9146, None)],
)
def test_4_a_mapping_lacks_parts(sandbox: SandboxProcess, api: Api, number: int, parts: set[str] | None) -> None:
    mapping = mapping_of(sandbox, api, number)

    assert (None if mapping is None else set(mapping)) == parts
    assert len(sandbox.store(number)["products"]) == 12  # copied all the same


def test_5_a_code_that_nobody_knows(sandbox: SandboxProcess, api: Api) -> None:
    answer = start(sandbox, api, 9147)

    assert (answer.status_code, answer.json()) == (
        400,
        {"success": False, "errorCode": "TARGET_IS_ON_HOLIDAY", "errorMessage": "The target store is on holiday"},
    )


@pytest.mark.parametrize(("number", "words"), [(9148, '"COPYING_IMAGES"'), (9149, '"IN\\\\_PROGRESS"')])
def test_5_and_6_a_status_is_spelled_oddly(sandbox: SandboxProcess, api: Api, number: int, words: str) -> None:
    ticket = start(sandbox, api, number).json()["ticket"]

    until(lambda: api.status(ticket).json()["status"] != "QUEUED", "the start of the clone")

    assert json.dumps(api.status(ticket).json()["status"]) == words
    sandbox.finish(ticket)
    assert api.status(ticket).json()["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("number", "is_done", "beginning"),
    [
        (9151, True, None),
        (9152, False, None),
        (9153, True, ""),
        (9154, False, ""),
        (9155, True, "<"),
        (9156, False, "<"),
        (9157, True, "{"),
        (9158, False, "{"),
        (9169, True, None),
    ],
)
def test_7_the_first_answer_is_lost_and_the_second_comes(
    sandbox: SandboxProcess, api: Api, number: int, beginning: str | None, *, is_done: bool
) -> None:
    if beginning is None:
        with pytest.raises(DROPPED):
            start(sandbox, api, number)
    else:
        first = start(sandbox, api, number)
        assert (first.text[:1], "success" in first.text) == (beginning, False)
    assert len(sandbox.log()) == is_done

    second = api.start(1, number).json()

    assert second.get("errorCode") == ("TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET" if is_done else None)
    assert len(sandbox.log()) == 1


def test_7_a_lost_answer_is_lost_once_over_a_restart_too(sandbox: SandboxProcess, api: Api) -> None:
    start(sandbox, api, 9154)

    sandbox.restart()
    sandbox.pace(queued_seconds=0, minimum_seconds=0)

    assert api.start(1, 9154).json()["success"] is True


@pytest.mark.parametrize(("number", "misses"), [(9160, 3), (9161, 10)])
def test_8_a_ticket_is_unknown(sandbox: SandboxProcess, api: Api, number: int, misses: int) -> None:
    ticket = start(sandbox, api, number).json()["ticket"]

    statuses = [api.status(ticket).status_code for _ in range(10)]

    assert statuses == [404] * misses + [200] * (10 - misses)


@pytest.mark.parametrize(("wish", "products", "categories"), [("false", 6, 3), ("true", 9, 4)])
def test_9_demo_products_are_the_templates(
    sandbox: SandboxProcess, api: Api, wish: str, products: int, categories: int
) -> None:
    sandbox.add_spec(TEST_STORES_BY_ID[9162].spec)
    sandbox.add_spec(TEST_STORES_BY_ID[9128].spec)  # with demo products of its own

    mapping = api.ended(api.accepted(9162, 9128, cloneDemoCatalog=wish))["clonedEntitiesMapping"]

    assert {name: len(pairs) for name, pairs in mapping.items()} == {"products": products, "categories": categories}


@pytest.mark.parametrize(
    ("scope", "code"),
    [("STORE_SETTINGS", None), ("CATALOG", "TARGET_PRODUCTS_NOT_EMPTY"), (None, "TARGET_PRODUCTS_NOT_EMPTY")],
)
def test_10_settings_go_into_a_full_store(
    sandbox: SandboxProcess, api: Api, scope: str | None, code: str | None
) -> None:
    answer = start(sandbox, api, 9163, **({} if scope is None else {"scope": scope}))

    assert answer.json().get("errorCode") == code


def test_a_rate_limited_store_stops_the_application_for_a_while(sandbox: SandboxProcess, api: Api) -> None:
    answer = start(sandbox, api, 9164)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert api.start().status_code == 429
    sandbox.clear_limits()
    assert api.start(1, 9164).json()["success"] is True


@pytest.mark.parametrize(
    ("faults", "mistake"),
    [
        ([{"fault": "explosion"}], "none of error"),
        ([{"fault": "html", "call": "orders"}], "none of any"),
        ([{"fault": "error", "error_code": "TEAPOT"}], "none of WRONG_PARAMETER"),
        ([{"fault": "html", "tims": 1}], "tims: unknown"),
        ([{"fault": "html", "times": "two"}], "times"),
        ([{}], "missing"),
        ([7], "faults"),
    ],
)
def test_a_mistake_in_a_stores_faults_is_said(sandbox: SandboxProcess, faults: object, mistake: str) -> None:
    with pytest.raises(AssertionError, match=f"400 .*{mistake}"):
        sandbox.add_store(5, faults=faults)


@pytest.mark.parametrize(
    "fields",
    [
        {"mapping_parts": ["types"]},
        {"mapping_parts": "products"},
        {"status_words": {"DONE": "x"}},
        {"status_words": {"QUEUED": 7}},
    ],
)
def test_a_word_that_means_nothing_is_a_mistake(sandbox: SandboxProcess, fields: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match=f"400 .*{next(iter(fields))}"):
        sandbox.add_store(5, **fields)
