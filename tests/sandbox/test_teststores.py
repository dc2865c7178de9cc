"""The tables of `docs/sandbox.md`, the sandbox's page and its code say the same."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import requests

from clones.sandbox.controls import CONTROLS
from clones.sandbox.faults import CALLS, FAULT_WORDS
from clones.sandbox.options import NUMBERS, Options, option_of
from clones.sandbox.testemails import TEST_EMAILS
from clones.sandbox.teststores import TEST_STORES
from tests.sandbox_process import SandboxProcess

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")

STORES = [(str(one.spec.id), one.use_as, one.gives, one.code, one.oddity) for one in TEST_STORES]
EMAILS = [(one.name, one.gives) for one in TEST_EMAILS]
FAULTS = [(str(kind), words) for kind, words in FAULT_WORDS.items()]
CALLED = [(one.method, one.path, one.does) for one in CONTROLS]
OPTIONS = [(option_of(name), f"{getattr(Options(), name):g}", words) for name, words in NUMBERS.items()]


def documented(first_heading: str) -> list[tuple[str, ...]]:
    """Return the rows of the document's table whose first column has that heading; code is read as plain text."""
    table = DOCUMENT.partition(f"\n| {first_heading} |")[2].partition("\n\n")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    return [tuple(cell.strip().strip("`") for cell in row) for row in rows]


class Tables(HTMLParser):
    """Collects the cells of tables by their id, the addresses, and which tags and attributes occur."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self._table = ""
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.tags |= {tag} | {f"@{name}" for name in facts}
        self.addresses += [str(facts[name]) for name in ("href", "src") if name in facts]
        if tag == "table":
            self._table = facts.get("id") or ""
        elif tag == "tr":
            self.rows.setdefault(self._table, []).append([])
        elif tag == "td":
            self._in_cell = True
            self.rows[self._table][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[self._table][-1][-1] += data


def read_page(sandbox: SandboxProcess) -> tuple[requests.Response, Tables]:
    answer = requests.get(sandbox.page_url, timeout=120)
    tables = Tables()
    tables.feed(answer.text)
    return answer, tables


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        ("store | use it as", STORES),
        ("before the @", EMAILS),
        ("fault", FAULTS),
        ("method", CALLED),
        ("option", OPTIONS),
    ],
)
def test_the_document_lists_what_the_code_has(heading: str, rows: list[tuple[str, ...]]) -> None:
    assert documented(heading) == rows


def test_the_document_names_every_call_that_a_fault_can_strike() -> None:
    sentence = DOCUMENT.partition("strike the calls ")[2].partition(", or `any`")[0]

    assert tuple(re.findall(r"`(\w+)`", sentence)) == CALLS


def test_the_page_tells_what_is_set(sandbox: SandboxProcess) -> None:
    set_now = sandbox.pace(minimum_seconds=1.5) | sandbox.limit()

    _, tables = read_page(sandbox)

    assert [tuple(row) for row in tables.rows["option-table"] if row] == [
        (option_of(name), f"{set_now[name]:g}", words) for name, words in NUMBERS.items()
    ]


@pytest.mark.parametrize(
    ("table", "rows"),
    [("test-store-table", STORES), ("test-email-table", EMAILS), ("fault-table", FAULTS), ("control-table", CALLED)],
)
def test_the_page_lists_what_the_code_has(sandbox: SandboxProcess, table: str, rows: list[tuple[str, ...]]) -> None:
    _, tables = read_page(sandbox)

    assert [tuple(row) for row in tables.rows[table] if row] == rows


def test_every_control_call_has_its_words(sandbox: SandboxProcess) -> None:
    urls = (ROOT / "clones" / "sandbox" / "urls.py").read_text(encoding="utf-8")
    routes = {re.sub(r"<\w+:(\w+)>", "<>", route) for route in re.findall(r'"(control/[^"]*)"', urls)}

    described = {re.sub(r"<\w+>", "<>", one.path.strip("/").partition("?")[0]) for one in CONTROLS}

    assert described == routes


def test_a_described_control_call_takes_its_method_and_no_other(sandbox: SandboxProcess) -> None:
    taken: dict[str, set[str]] = {}
    for one in CONTROLS:
        path = one.path.partition("?")[0].replace("<id>", "1").replace("<ticket>", "none")
        taken.setdefault(path, set()).add(one.method)

    refused = {
        path: {
            method
            for method in ("GET", "POST", "PUT", "DELETE")
            if requests.request(method, sandbox.page_url.rstrip("/") + path, timeout=120).status_code == 405
        }
        for path in taken
    }

    assert refused == {path: {"GET", "POST", "PUT", "DELETE"} - methods for path, methods in taken.items()}


def test_every_oddity_of_the_contract_has_a_test_case() -> None:
    contract = (ROOT / "docs" / "ecwid-api.md").read_text(encoding="utf-8").partition("\n## 9.")[2]
    points = re.findall(r"^(\d+)\. ", contract, flags=re.MULTILINE)

    assert {one.oddity for one in TEST_STORES} - {""} == set(points) - {"11"}  # 11 is about e-mails
    assert TEST_EMAILS


def test_numbers_and_e_mails_are_there_once() -> None:
    assert len({one.spec.id for one in TEST_STORES}) == len(TEST_STORES)
    assert len({one.name for one in TEST_EMAILS}) == len(TEST_EMAILS)


def test_the_page_is_strict_and_brings_nothing_from_elsewhere(sandbox: SandboxProcess) -> None:
    answer, tables = read_page(sandbox)

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert {address for address in tables.addresses if not address.startswith("#")} == {"/sandbox.css"}
    assert not tables.tags & {"script", "style", "img", "form", "@style", "@onclick"}
    css = requests.get(f"{sandbox.page_url}sandbox.css", timeout=120)
    assert css.headers["Content-Type"].startswith("text/css")
    assert "url(" not in css.text


def test_the_page_escapes_what_others_have_written(sandbox: SandboxProcess) -> None:
    sandbox.add_store(7, name="<script>alert(1)</script>", owner_email="<b>@example.com")
    requests.get(f"{sandbox.api_url}/<i>x</i>/profile", timeout=120)

    answer, tables = read_page(sandbox)

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert not tables.tags & {"script", "b", "i"}


def test_the_page_tells_what_was_called_lately_and_what_is_in_the_way(sandbox: SandboxProcess) -> None:
    sandbox.add_store(7)
    requests.get(f"{sandbox.api_url}/7/profile", headers={"Authorization": "Bearer secret_unknown"}, timeout=120)
    sandbox.fault("html", call="products", target="7", times=3)

    answer, tables = read_page(sandbox)

    (row,) = [row[1:5] for row in tables.rows["requests"] if row]
    assert row == ["profile", "7", "403", "INVALID_API_TOKEN"]
    assert ["html", "products", "7", "3"] in tables.rows[""]
    assert "secret_unknown" not in answer.text


def test_the_test_stores_can_be_put_back(sandbox: SandboxProcess) -> None:
    sandbox.add_store(9106, name="Emptied")

    ids = sandbox.put_test_stores()

    assert ids == [one.spec.id for one in TEST_STORES]
    assert len(sandbox.store(9106)["products"]) == 5
