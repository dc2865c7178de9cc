"""The contact sheet: every page in every state on one page, as HTML that opens each picture, and as one PNG."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

WIDTH: Final = 1600
_STYLE: Final = """
body { font: 14px sans-serif; margin: 24px; background: #e9ecef; color: #182433 }
section { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start }
figure { margin: 0; background: #fff; padding: 6px; border-radius: 4px }
figcaption { padding: 4px 0 0; max-width: 360px }
img { display: block; height: 225px; width: auto; border: 1px solid #ccc }
"""


@dataclass
class Sheet:
    """Pictures by section, in the order in which they were taken."""

    folder: Path
    sections: dict[str, list[tuple[str, Path]]] = field(default_factory=dict)

    def place(self, section: str, caption: str) -> Path:
        """Return the file that the next picture goes into."""
        pictures = self.sections.setdefault(section, [])
        file = self.folder / f"{len(self.sections):02d}-{len(pictures) + 1:02d}.png"
        pictures.append((caption, file))
        return file

    def write(self, browser: Browser) -> Path:
        """Write the page and its picture; return the page."""
        page = self.folder / "index.html"
        page.write_text(self._html(), encoding="utf-8")
        tab = browser.new_page(viewport={"width": WIDTH, "height": 1000})
        tab.goto(page.as_uri(), wait_until="load")
        tab.screenshot(path=self.folder / "contact-sheet.png", full_page=True)
        tab.close()
        return page

    def _html(self) -> str:
        parts = [
            f"<!doctype html><html lang=en><meta charset=utf-8><title>Contact sheet</title><style>{_STYLE}</style>"
        ]
        for section, pictures in self.sections.items():
            parts.append(f"<h2>{escape(section)}</h2><section>")
            parts += [
                f'<figure><a href="{file.name}"><img src="{file.name}" alt=""></a>'
                f"<figcaption>{escape(caption)}</figcaption></figure>"
                for caption, file in pictures
            ]
            parts.append("</section>")
        return "\n".join(parts)
