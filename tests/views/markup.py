"""What the Content-Security-Policy forbids, looked for in a page's own text: a browser is not asked."""

from html.parser import HTMLParser


class _Finder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        for name, value in names.items():
            if name == "style" or name.startswith(("on", "hx-on")) or "javascript:" in (value or "").lower():
                self.found.append(f"<{tag} {name}={value!r}>")


def inline_code(page: str) -> list[str]:
    """Return every inline style, script and handler of a page, as far as one can tell from its text."""
    finder = _Finder()
    finder.feed(page)
    return finder.found
