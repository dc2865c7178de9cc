"""What `make screenshots` has made, and what it will make, held against the documents and the pages that there are."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.urls import resolve

from tests.browser.test_every_page import PAGES as ADDRESSES
from tests.demo.demo_process import ROOT
from tests.screenshots.pages import PAGES, PLACES
from tests.screenshots.pictures import FOLDER, LARGEST_BYTES, PICTURES

NAMES = {picture.name for picture in PICTURES}


def shown() -> Iterator[str]:
    """Yield the names of the pictures that the documents show."""
    for document in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for path in re.findall(r"!\[[^]]+\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
            yield (document.parent / path).resolve().relative_to(FOLDER).as_posix()


def test_the_documents_show_every_picture_and_no_other() -> None:
    assert set(shown()) == NAMES == {path.name for path in FOLDER.glob("*.png")}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_picture_is_small(name: str) -> None:
    file: Path = FOLDER / name

    assert file.read_bytes().startswith(b"\x89PNG")
    assert file.stat().st_size < LARGEST_BYTES


def test_every_page_is_on_the_contact_sheet() -> None:
    places = {name: pattern.replace(r"\d+", "1") for name, (_, pattern) in PLACES.items()}
    routes = {resolve(urlsplit(shot.path.format_map(places)).path).route for shot in PAGES}

    assert set(ADDRESSES) <= routes
