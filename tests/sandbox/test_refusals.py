"""Every refusal of the contract's section 3, on purpose and for its real cause; the document's table is the truth."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from clones.sandbox.contract import GENERAL_ERRORS, REFUSALS, Side
from clones.sandbox.teststores import TEST_STORES, UNKNOWN_CODE, TestStore
from tests.sandbox.api import Api
from tests.sandbox_process import ROOT, SandboxProcess

TICKET = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def documented_refusals() -> list[tuple[str, str]]:
    """Return (errorCode, errorMessage) of each row of the table in section 3."""
    document = Path(ROOT / "docs" / "ecwid-api.md").read_text(encoding="utf-8")
    section = document.partition("\n## 3.")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([A-Z_]+)(?: \(sic\))? \| (.+?) \| .+ \|$", section, flags=re.MULTILINE)
    assert len(rows) >= 15, rows
    return rows


def general_section() -> str:
    document = Path(ROOT / "docs" / "ecwid-api.md").read_text(encoding="utf-8")
    return document.partition("\n## 8.")[2].partition("\n## ")[0]


@dataclass(frozen=True)
class Cause:
    """What brings about one row of the table for real: fields of source and target, None for no such store."""

    source: dict[str, object] | None
    target: dict[str, object] | None


CAUSES: dict[tuple[str, str], Cause] = {
    ("SOURCE_NOT_FOUND", "source"): Cause(None, {}),
    ("TARGET_NOT_FOUND", "target"): Cause({}, None),
    ("TARGET_PRODUCTS_NOT_EMPTY", "target"): Cause({}, {"products": 1}),
    ("TARGET_CATEGORIES_NOT_EMPTY", "target"): Cause({}, {"categories": 1}),
    ("TARGET_PRODUCT_TYPES_NOT_EMPTY", "target"): Cause({}, {"types": 1}),
    ("TARGET_PRODUCTS_LIMIT", "target"): Cause({"products": 3}, {"product_limit": 2}),
    ("TARGET_CATEGORIES_LIMIT", "target"): Cause({"categories": 3}, {"category_limit": 2}),
    ("TARGET_DESTINATION_ZONES_LIMIT", "target"): Cause({"zones": 2}, {"zones": 1, "zone_limit": 2}),
}


def test_the_sandbox_has_the_codes_and_messages_of_the_document() -> None:
    own = {(refusal.code, refusal.text("<id>", "<id>", "<ticket>")) for refusal in REFUSALS}

    documented = {
        (code, re.sub(TICKET, "<ticket>", message).replace("#99928003", "#<id>"))
        for code, message in documented_refusals()
    }

    assert own == documented


def test_the_sandbox_has_the_general_codes_of_the_document() -> None:
    text = general_section()

    missing = [error for error in GENERAL_ERRORS if not re.search(rf"{error.http_status} [^,]*\b{error.code}\b", text)]

    assert missing == []


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal.code} {refusal.side}")
def test_a_flagged_store_refuses_in_the_words_of_the_document(
    sandbox: SandboxProcess, api: Api, refusal: object
) -> None:
    wanted = next(one for one in REFUSALS if one is refusal)
    flagged = 1 if wanted.side is Side.SOURCE else 2
    sandbox.add_store(flagged, refusal=wanted.code)

    answer = api.start(1, 2)

    body = answer.json()
    assert body["success"] is False
    assert body["errorCode"] == wanted.code
    assert re.fullmatch(re.escape(wanted.text("1", "2", "TICKET")).replace("TICKET", TICKET), body["errorMessage"])
    assert answer.status_code == wanted.http_status
    assert sandbox.log() == []


@pytest.mark.parametrize("row", CAUSES, ids=lambda row: row[0])
def test_a_real_cause_is_refused(sandbox: SandboxProcess, api: Api, row: tuple[str, str]) -> None:
    cause = CAUSES[row]
    source = 11 if cause.source is None else 1
    target = 12 if cause.target is None else 2
    if cause.source is not None:
        sandbox.add_store(1, **cause.source)
    if cause.target is not None:
        sandbox.add_store(2, **cause.target)

    body = api.start(source, target).json()

    assert (body["success"], body["errorCode"]) == (False, row[0])
    assert body["errorMessage"] in {
        message.replace("<id>", str(source if row[1] == "source" else target))
        for code, message in documented_refusals()
        if code == row[0]
    }


@pytest.mark.parametrize("scope", ["CATALOG", "STORE_SETTINGS"])
def test_a_target_that_is_not_empty_is_refused_whatever_the_scope(
    sandbox: SandboxProcess, api: Api, scope: str
) -> None:
    sandbox.add_store(2, products=1)

    body = api.start(scope=scope).json()

    assert body["errorCode"] == "TARGET_PRODUCTS_NOT_EMPTY"


@pytest.mark.parametrize(
    ("limits", "parameters"),
    [
        ({"product_limit": 12}, {}),
        ({"product_limit": 0}, {"scope": "STORE_SETTINGS"}),
        ({"category_limit": 0}, {"scope": "STORE_SETTINGS"}),
        ({"zone_limit": 0}, {"scope": "CATALOG"}),
    ],
)
def test_a_limit_that_is_reached_or_not_touched_does_not_refuse(
    sandbox: SandboxProcess, api: Api, limits: dict[str, object], parameters: dict[str, str]
) -> None:
    sandbox.add_store(2, **limits)

    assert api.accepted(**parameters)


def test_demo_products_count_towards_the_limit_when_they_are_copied(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(2, product_limit=12)

    body = api.start(cloneDemoCatalog="true").json()

    assert body["errorCode"] == "TARGET_PRODUCTS_LIMIT"


def test_a_busy_target_names_itself_and_the_running_ticket(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.pause_clones()
    ticket = api.accepted()

    body = api.start().json()

    assert body["errorCode"] == "TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET"
    assert body["errorMessage"] == (
        f"Not allowed to clone to #2 while previous clone is still in progress with ticket {ticket}"
    )


def test_of_simultaneous_requests_for_one_target_one_is_accepted(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.pause_clones()

    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda _: api.start().json(), range(8)))

    assert sorted(body["success"] for body in bodies) == [False] * 7 + [True]
    assert len(sandbox.log()) == 1


def test_the_target_is_looked_at_before_the_transient_causes(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1, refusal="SOURCE_NOT_RESPONDING")
    sandbox.add_store(2, products=1)

    assert api.start().json()["errorCode"] == "TARGET_PRODUCTS_NOT_EMPTY"


def test_a_counted_refusal_ends_by_itself(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(2, refusal="UNKNOWN_INTERNAL_ERROR", refusal_times=2)

    accepted = [api.start().json()["success"] for _ in range(3)]

    assert accepted == [False, False, True]


def test_a_store_can_refuse_with_another_http_status(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(2, refusal="TARGET_NOT_ALLOWED_TO_CLONE", refusal_http_status=200)

    answer = api.start()

    assert (answer.status_code, answer.json()["success"]) == (200, False)


def wrong_secret(api: Api) -> None:
    api.session.headers["X-Ecwid-App-Secret-Key"] = "not it"


def no_secret(api: Api) -> None:
    del api.session.headers["X-Ecwid-App-Secret-Key"]


def unknown_application(api: Api) -> None:
    api.session.headers["X-Ecwid-App-Client-Id"] = "somebody-else"


@pytest.mark.parametrize("spoil", [wrong_secret, no_secret, unknown_application])
def test_a_wrong_application_is_refused_before_anything_else(api: Api, spoil: Callable[[Api], None]) -> None:
    spoil(api)

    started, followed = api.start("nonsense", None), api.status("nonsense")

    for answer in (started, followed):
        assert answer.status_code == 403
        assert answer.json()["errorCode"] == "AUTH_APP_DOESNT_EXIST"


@pytest.mark.parametrize(
    ("source", "target", "parameters"),
    [
        (None, 2, {}),
        (1, None, {}),
        ("", 2, {}),
        ("one", 2, {}),
        (1, "-2", {}),
        (1, "٢", {}),
        (1, "9" * 30, {}),
        (1, 1, {}),
        (1, 2, {"scope": "ALL"}),
        (1, 2, {"scope": ""}),
        (1, 2, {"cloneDemoCatalog": "yes"}),
    ],
)
def test_a_wrong_parameter_is_400(
    sandbox: SandboxProcess, api: Api, source: object, target: object, parameters: dict[str, str]
) -> None:
    answer = api.start(source, target, **parameters)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "WRONG_PARAMETER")
    assert sandbox.log() == []


def test_a_ticket_that_is_missing_is_400_and_an_unknown_one_404(api: Api) -> None:
    assert api.status(None).status_code == 400
    assert api.status("4a096838-0272-46ae-9c83-35242215161b").status_code == 404


def test_a_call_that_the_sandbox_does_not_know_is_logged(sandbox: SandboxProcess, api: Api) -> None:
    answer = api.session.get(f"{sandbox.api_url}/1001/orders", timeout=120)

    assert answer.status_code == 404
    assert [row.http_status for row in sandbox.requests(call="unknown")] == [404]


@pytest.mark.parametrize("one", [one for one in TEST_STORES if one.code], ids=lambda one: str(one.spec.id))
def test_a_documented_test_store_refuses_as_its_table_says(sandbox: SandboxProcess, api: Api, one: TestStore) -> None:
    sandbox.add_spec(one.spec)
    source, target = (one.spec.id, 2) if one.use_as == "template" else (1, one.spec.id)

    body = api.start(source, target).json()

    assert body["errorCode"] == one.code


def test_every_refusal_has_a_test_store() -> None:
    assert {one.code for one in TEST_STORES if one.code} == {refusal.code for refusal in REFUSALS} | {UNKNOWN_CODE}
