"""What the documents say, held against the code: a document that is wrong fails like code that is wrong."""

import importlib
import inspect
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django import forms as django_forms
from django.core.management import get_commands
from django.db.models import TextChoices
from django.forms.utils import pretty_name
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

from clones import choices, forms
from clones.choices import FailureKind
from clones.documents import DOCUMENTS, SHELVES
from clones.ecwid.codes import CloneErrorCode, GeneralErrorCode, RefusalKind
from clones.failures import Failure, failure_of
from clones.filters.jobs import TABS
from clones.lifecycle import TRANSITIONS
from clones.permissions import Role
from clones.templatetags import connections
from clones.views.navigation import MENU

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
FILES = sorted(DOCS.rglob("*.md"))
ALL_FILES = [*FILES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
FOR_PEOPLE = [file for file in FILES if file.parent.name in {"staff", "admin"}]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FAILURES = DOCS / "staff" / "when-something-fails.md"


def id_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tokens(file: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(file.read_text(encoding="utf-8"))


def inlines(file: Path) -> Iterator[Token]:
    """Yield the parts of all lines of text."""
    for token in tokens(file):
        yield from token.children or []


def headings(file: Path) -> list[tuple[str, str]]:
    """Return (h1, h2, …; words)."""
    parsed = tokens(file)
    return [
        (token.tag, "".join(part.content for part in parsed[place + 1].children or []))
        for place, token in enumerate(parsed)
        if token.type == "heading_open"
    ]


def anchor_on_disk(words: str) -> str:
    """Return the anchor that a heading has where Markdown is commonly read."""
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


def rows(file: Path, first_heading: str) -> list[list[str]]:
    """Return the cells of the table whose first column is called so."""
    found: list[list[str]] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith(f"| {first_heading} |"):
            found = [[]]
        elif found and line.startswith("|"):
            found.append(cells)
        elif found:
            break
    return [row for row in found if row and not set(row[0]) <= {"-"}]


# Links ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ALL_FILES, ids=id_of)
def test_every_link_and_picture_leads_somewhere(file: Path) -> None:
    targets = [str(part.attrs.get("href") or part.attrs.get("src")) for part in inlines(file) if part.attrs]
    broken = [target for target in targets if not target.startswith("http") and not leads_somewhere(file, target)]

    assert broken == []


def leads_somewhere(file: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    found = (file.parent / name).resolve() if name else file
    if not found.exists():
        return False
    words = [words for _, words in headings(found)] if anchor else []
    return not anchor or anchor in {slugify(each) for each in words} & {anchor_on_disk(each) for each in words}


def test_a_broken_link_would_be_noticed() -> None:
    here = DOCS / "staff" / "first-clone.md"

    assert leads_somewhere(here, "reading-a-mapping.md")
    assert not leads_somewhere(here, "reading-the-mapping.md")
    assert leads_somewhere(here, "watching-clones.md#what-the-statuses-mean")
    assert not leads_somewhere(here, "watching-clones.md#nothing-is-called-so")


@pytest.mark.parametrize("file", FILES, ids=id_of)
def test_a_document_has_one_title_and_no_anchor_twice(file: Path) -> None:
    found = headings(file)
    anchors = Counter(slugify(words) for _, words in found)

    assert [tag for tag, _ in found].count("h1") == 1
    assert found[0][0] == "h1"
    assert [anchor for anchor, count in anchors.items() if count > 1] == []


# The shelves ----------------------------------------------------------------------------------------------------------


def test_every_document_stands_on_a_shelf_once() -> None:
    on_shelves = [document.file for shelf in SHELVES for document in shelf.documents]

    assert sorted(on_shelves) == [file for file in FILES if file != DOCS / "README.md"]
    assert len(DOCUMENTS) == len(on_shelves)


def test_the_index_on_disk_lists_the_same_shelves() -> None:
    index = DOCS / "README.md"
    links = [str(part.attrs["href"]) for part in inlines(index) if part.type == "link_open"]

    assert [words for tag, words in headings(index) if tag == "h2"] == [shelf.readers for shelf in SHELVES]
    assert links == [document.path for shelf in SHELVES for document in shelf.documents]


HELP_LINK = re.compile(r'components/_help\.html" with page="([\w-]+)"(?: section="([\w-]+)")?')


def test_every_help_link_of_a_screen_leads_to_a_section() -> None:
    links = {link for file in TEMPLATES for link in HELP_LINK.findall(file.read_text(encoding="utf-8"))}

    assert links
    assert [(page, section) for page, section in links if not is_section(page, section)] == []


def is_section(page: str, section: str) -> bool:
    return page in DOCUMENTS and (
        not section or section in {slugify(words) for _, words in headings(DOCUMENTS[page].file)}
    )


# Buttons and labels ---------------------------------------------------------------------------------------------------


def labels() -> set[str]:
    """Return what stands on the pages, as regular expressions: what a template fills in may be anything."""
    found = {segment for file in TEMPLATES for segment in segments(file.read_text(encoding="utf-8"))}
    return found | {re.escape(label) for label in labels_of_code()}


def segments(template: str) -> Iterator[str]:
    """Yield a template's texts between its tags."""
    without_comments = re.sub(r"{#.*?#}", "", template, flags=re.DOTALL)
    words = {
        *re.split(r"<[^>]*>|{%.*?%}", without_comments),
        *re.findall(r'(?:action|heading|placeholder|with name)="([^"]+)"', without_comments),
    }
    for text in words:
        plain = " ".join(text.split())
        if re.match(r"\w", plain):  # what begins with something filled in would be any text
            yield ".+".join(map(re.escape, re.split(r"{{.*?}}", plain)))


def labels_of_code() -> Iterator[str]:
    yield from (entry.label for entry in MENU)
    yield from (tab[0] for tab in TABS)
    yield from (role.value for role in Role)
    for found in vars(choices).values():
        if inspect.isclass(found) and issubclass(found, TextChoices):
            yield from map(str, getattr(found, "labels", ()))
    yield from (state.label for state in vars(connections).values() if isinstance(state, connections.State))
    for module in pkgutil.iter_modules(forms.__path__):
        for form in vars(importlib.import_module(f"{forms.__name__}.{module.name}")).values():
            if inspect.isclass(form) and issubclass(form, django_forms.BaseForm):
                for name, field in getattr(form, "base_fields", {}).items():
                    yield str(field.label or pretty_name(name))


def bold(file: Path) -> Iterator[str]:
    words: list[str] | None = None
    for part in inlines(file):
        if part.type == "strong_open":
            words = []
        elif part.type == "strong_close":
            yield "".join(words or [])
            words = None
        elif words is not None:
            words.append(" " if part.type == "softbreak" else part.content)


@pytest.mark.parametrize("file", FOR_PEOPLE, ids=id_of)
def test_what_stands_in_bold_is_a_label_of_the_pages(file: Path) -> None:
    known = re.compile("|".join(f"(?:{label})" for label in labels()))

    assert [words for words in bold(file) if not known.fullmatch(words)] == []


def test_a_label_that_no_page_has_would_be_noticed() -> None:
    known = re.compile("|".join(f"(?:{label})" for label in labels()))

    assert known.fullmatch("Retry 3 failed…")
    assert not known.fullmatch("Start the cloning")
    assert not known.fullmatch("Start 3 clones")


# Kinds of failure, codes, transitions ---------------------------------------------------------------------------------


# What a refusal ends in where asking again does not help; a refused key stops the connection instead.
_ENDS = {
    RefusalKind.TARGET: FailureKind.TARGET,
    RefusalKind.NOT_EMPTY: FailureKind.TARGET,
    RefusalKind.LIMIT: FailureKind.TARGET,
    RefusalKind.TEMPLATE: FailureKind.TEMPLATE,
    RefusalKind.BUSY: FailureKind.BUSY,
    RefusalKind.TRANSIENT: FailureKind.TRANSIENT,
}


def reasons() -> dict[str, Failure]:
    """Return every reason that a person may read, by its label."""
    found = (failure_of(kind, code) for kind in FailureKind for code in ("", *CloneErrorCode))
    return {failure.label: failure for failure in found}


def section_about(label: str) -> str:
    """Return what the document says of a failure, in one line."""
    text = FAILURES.read_text(encoding="utf-8")
    found = re.search(rf"^### {re.escape(label)}\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


@pytest.mark.parametrize("failure", reasons().values(), ids=lambda failure: failure.label)
def test_every_reason_has_its_section_with_its_cause(failure: Failure) -> None:
    assert f"*{failure.cause}*" in section_about(failure.label)


@pytest.mark.parametrize("code", CloneErrorCode)
def test_every_code_of_a_clone_stands_in_the_section_of_its_reason(code: CloneErrorCode) -> None:
    kind = _ENDS.get(code.kind)
    reason = failure_of(kind, code).label if kind else "A connection is stopped"

    assert f"`{code.value}`" in section_about(reason)


@pytest.mark.parametrize("code", GeneralErrorCode)
def test_every_other_code_is_explained(code: GeneralErrorCode) -> None:
    assert f"`{code.value}`" in FAILURES.read_text(encoding="utf-8")


def test_every_transition_stands_in_the_life_of_a_job() -> None:
    told = [(before, after) for before, after, _ in rows(DOCS / "developers" / "job-life.md", "from")]

    assert sorted(told) == sorted((before.value, after.value) for before, news in TRANSITIONS.items() for after in news)


def test_every_kind_of_failure_has_its_rule_in_the_life_of_a_job() -> None:
    told = [kind for kind, _ in rows(DOCS / "developers" / "job-life.md", "kind")]

    assert told == FailureKind.values


# Settings, commands, make targets -------------------------------------------------------------------------------------


def test_the_settings_that_are_read_are_those_that_are_told() -> None:
    source = (ROOT / "reseller_portal" / "settings.py").read_text(encoding="utf-8")
    read = re.findall(r'\benv\.(?:\w+|ENVIRON\.get)\("([A-Z_]+)"', source)
    told = [name.strip("`") for name, *_ in rows(DOCS / "settings.md", "variable")]

    assert sorted(told) == sorted(set(read))


@pytest.mark.parametrize("file", ALL_FILES, ids=id_of)
def test_every_setting_of_an_example_exists(file: Path) -> None:
    told = {name.strip("`") for name, *_ in rows(DOCS / "settings.md", "variable")}
    assigned = re.findall(r"^ +([A-Z_]+)=", file.read_text(encoding="utf-8"), re.MULTILINE)

    assert [name for name in assigned if name.removesuffix("_FILE") not in told] == []


@pytest.mark.parametrize("file", ALL_FILES, ids=id_of)
def test_every_command_that_is_named_exists(file: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", file.read_text(encoding="utf-8")))

    assert named - {*get_commands(), "sandbox"} == set()  # the sandbox has settings of its own


@pytest.mark.parametrize("file", ALL_FILES, ids=id_of)
def test_every_make_target_that_is_named_exists(file: Path) -> None:
    named = set(re.findall(r"(?:`|^ {4,})make ([a-z-]+)", file.read_text(encoding="utf-8"), re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert named - set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) == set()
