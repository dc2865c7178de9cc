"""From a Markdown file to what Help shows: no HTML of the file's own, and every link made for the portal."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

from clones.documents.shelves import DOCUMENTS, INDEX, Document

_NAMES: Final = {document.path: name for name, document in DOCUMENTS.items()}
_ELSEWHERE: Final = ("http://", "https://")
_ALIGNMENTS: Final = {"left": "text-start", "center": "text-center", "right": "text-end"}  # no style="…" on a page
# A group and no region: regions are landmarks, whose names must differ.
_TABLE_BOX: Final = {"class": "table-responsive", "tabindex": "0", "role": "group", "aria-label": "Table"}


@dataclass(frozen=True)
class Section:
    """A heading below the title; `tag` is its level, h2 or h3, and `anchor` its place on the page."""

    tag: str
    anchor: str
    title: str


@dataclass(frozen=True)
class Page:
    """A document: its title and first paragraph as plain text, and as HTML all below the title."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    html: SafeString


def page_of(document: Document) -> Page:
    """Return a document, drawn once per process and again when its file has changed."""
    return _drawn(document, document.file.stat().st_mtime_ns)


@lru_cache(maxsize=128)
def _drawn(document: Document, changed_ns: int) -> Page:  # noqa: ARG001  a part of the cache's key
    return draw(document.file.read_text(encoding="utf-8"), document.path)


def draw(text: str, path: str) -> Page:
    """Draw a text that begins with its title; `path`, below docs/, is where its relative links start from."""
    # The HTML in a text is shown as text: the pages' policy allows no style and no script.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    _, title, _, *body = _fit_for_phones(markdown.parse(text))
    sections = _with_anchors(body)
    for token in body:
        _with_links(token.children or [], path)
    lead = next(words for token, words in _texts(body) if token.type == "paragraph_open")
    html = markdown.renderer.render(body, markdown.options, {})
    return Page(_words(title), lead, tuple(sections), mark_safe(html))  # noqa: S308  markdown-it escapes, see above


def _fit_for_phones(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens with what is wider than a phone in a box that scrolls, also by keyboard."""
    for token in tokens:
        if token.type == "table_open":
            box = dict[str, str | int | float](_TABLE_BOX)
            yield Token("box_open", "div", 1, attrs=box, block=True)
            token.attrSet("class", "table")
        elif token.type in {"fence", "code_block"}:
            token.type = "code_block"  # whose attributes are those of <pre>
            token.attrSet("tabindex", "0")
        elif alignment := str(token.attrs.pop("style", "")).removeprefix("text-align:"):
            token.attrSet("class", _ALIGNMENTS[alignment])
        yield token
        if token.type == "table_close":
            yield Token("box_close", "div", -1, block=True)


def _texts(tokens: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    """Yield each token that opens a line of text, with its words."""
    for opening, inline in pairwise(tokens):
        if inline.type == "inline":
            yield opening, _words(inline)


def _words(inline: Token) -> str:
    """Return a text without its marks."""
    return "".join(" " if part.type == "softbreak" else part.content for part in inline.children or [])


def _with_anchors(tokens: Sequence[Token]) -> list[Section]:
    """Give every heading an anchor; return them all."""
    sections = []
    for opening, words in _texts(tokens):
        if opening.type == "heading_open":
            anchor = slugify(words)
            opening.attrSet("id", anchor)
            sections.append(Section(opening.tag, anchor, words))
    return sections


def _with_links(parts: Sequence[Token], path: str) -> None:
    """Point links at other pages of Help and pictures at the static files; a link out of docs/ becomes plain text."""
    is_plain = False
    for part in parts:
        if part.type == "image":
            part.attrSet("src", static(_beside(path, str(part.attrs["src"]))))
        elif part.type == "link_open":
            address = _address(str(part.attrs["href"]), path)
            is_plain = not address
            part.attrs = {"href": address} if address else {}
        if is_plain and part.type in {"link_open", "link_close"}:
            part.tag = "span"


def _address(target: str, path: str) -> str:
    """Return where a link leads; "" for a file that Help does not show."""
    if target.startswith((*_ELSEWHERE, "#")):
        return target
    file, mark, anchor = target.partition("#")
    found = _beside(path, file)
    if found == INDEX:
        return f"{reverse('clones:help_index')}{mark}{anchor}"
    name = _NAMES.get(found)
    return f"{reverse('clones:help_page', args=[name])}{mark}{anchor}" if name else ""


def _beside(path: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
