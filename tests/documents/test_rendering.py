import os
from pathlib import Path

import pytest

from clones.documents import DOCUMENTS, page_of
from clones.documents.rendering import Section, draw
from tests.views.markup import inline_code


def drawn(body: str, path: str = "staff/example.md") -> str:
    return draw(f"# Title\n\nLead.\n\n{body}\n", path).html


def test_a_document_has_a_title_a_lead_and_sections() -> None:
    page = draw(
        "# A *fine* title\n\nThe `lead`,\nin two lines.\n\n## One thing\n\n### Below\n\n## Another, with `code`\n",
        "x.md",
    )

    assert (page.title, page.lead) == ("A fine title", "The lead, in two lines.")
    assert page.sections == (
        Section("h2", "one-thing", "One thing"),
        Section("h3", "below", "Below"),
        Section("h2", "another-with-code", "Another, with code"),
    )
    assert '<h3 id="below">Below</h3>' in page.html
    assert "<h1" not in page.html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "A <b onclick='x()'>word</b>",
        "```\n</code><script>x()</script>\n```",
        "[link](javascript:alert(1))",
        '[link](https://example.com/"onclick=x)',
        "| a |\n| --: |\n| 1 |",
        "<div style='color:red'>",
    ],
)
def test_nothing_in_a_text_is_html_of_its_own(hostile: str) -> None:
    html = drawn(hostile)

    assert not inline_code(html)
    assert "<script" not in html
    assert 'href="javascript' not in html


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("many-clones.md", "/help/many-clones/"),
        ("../admin/connect.md#change-the-key", "/help/connect/#change-the-key"),
        ("../decisions/0001-engine.md", "/help/0001-engine/"),
        ("../README.md#decisions", "/help/#decisions"),
        ("#start-it", "#start-it"),
        ("https://example.com/a", "https://example.com/a"),
    ],
)
def test_a_link_leads_to_the_same_place_in_help(target: str, address: str) -> None:
    assert f'<a href="{address}">words</a>' in drawn(f"[words]({target})")


@pytest.mark.parametrize(
    "target", ["../../CONTRIBUTING.md", "../../../etc/passwd", "../../reseller_portal/settings.py"]
)
def test_a_link_out_of_the_documents_is_plain_text(target: str) -> None:
    assert "<p><span>words</span> and <a" in drawn(f"[words]({target}) and [more](many-clones.md)")


def test_a_picture_is_a_static_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clones.documents.rendering.static", lambda path: f"/static/{path}")

    assert '<img src="/static/pictures/dashboard.png" alt="The dashboard"' in drawn(
        "![The dashboard](../pictures/dashboard.png)"
    )


def test_wide_things_scroll_by_keyboard_too() -> None:
    html = drawn("| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```python\ncode\n```\n\n    more\n")

    assert '<div class="table-responsive" tabindex="0" role="group" aria-label="Table">\n<table class="table">' in html
    assert html.count('<pre tabindex="0"><code>') == 2


def test_a_document_is_drawn_again_when_its_file_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clones.documents.shelves.FOLDER", tmp_path)
    document, file = DOCUMENTS["first-clone"], tmp_path / "staff" / "first-clone.md"
    file.parent.mkdir()
    file.write_text("# Old\n\nLead.\n")
    first, second = page_of(document), page_of(document)
    file.write_text("# New\n\nLead.\n")
    os.utime(file, (0, 0))

    assert first is second
    assert (first.title, page_of(document).title) == ("Old", "New")
