"""Which documents there are, by reader. Help opens what stands here and nothing else: an address never names a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

FOLDER: Final[Path] = settings.BASE_DIR / "docs"
INDEX: Final = "README.md"  # not a page of its own: it is what Help begins with


@dataclass(frozen=True)
class Document:
    """A Markdown file; `path` is below docs/."""

    path: str

    @property
    def name(self) -> str:
        """What addresses call it."""
        return Path(self.path).stem

    @property
    def file(self) -> Path:
        """Where it lies."""
        return FOLDER / self.path


@dataclass(frozen=True)
class Shelf:
    """The documents for one kind of reader, in the order in which they are best read; INDEX lists the same."""

    readers: str
    words: str
    documents: tuple[Document, ...]
    is_told: bool = True  # by each document's first paragraph; the decisions' titles say enough


def _documents(*paths: str) -> tuple[Document, ...]:
    return tuple(Document(path) for path in paths)


_DECISIONS: Final = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("decisions/*.md"))

SHELVES: Final = (
    Shelf(
        "Cloning stores",
        "For everybody who copies template stores into customers' stores.",
        _documents(
            "staff/first-clone.md",
            "staff/many-clones.md",
            "staff/target-file.md",
            "staff/watching-clones.md",
            "staff/when-something-fails.md",
            "staff/reading-a-mapping.md",
        ),
    ),
    Shelf(
        "Keeping the portal",
        "For admins: connections, template stores, people, training.",
        _documents("admin/connect.md", "admin/stores.md", "admin/people.md", "admin/training.md", "sandbox.md"),
    ),
    Shelf(
        "Running the portal",
        "For whoever looks after the machines it runs on.",
        _documents(
            "operations.md",
            "operations/containers.md",
            "operations/monitoring.md",
            "reliability.md",
            "settings.md",
            "commands.md",
        ),
    ),
    Shelf(
        "Working on the portal",
        "For developers.",
        _documents("developers/architecture.md", "developers/job-life.md", "performance.md", "ecwid-api.md"),
    ),
    Shelf("Decisions", "Why things are as they are.", _documents(*_DECISIONS), is_told=False),
)
DOCUMENTS: Final = {document.name: document for shelf in SHELVES for document in shelf.documents}
