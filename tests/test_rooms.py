"""Imports point one way, a status is spelled in one module, and one module writes it: read from the source itself.

A new room gets a row in MAY_IMPORT.
"""

import ast
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from clones import choices
from clones.choices import CreationStatus, JobStatus, SiteStatus

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ("clones", "reseller_portal", "tests")
SANDBOX = "clones.sandbox"

_BELOW_LIFECYCLE = {"models", "choices", "secrets"}
_BELOW_OPERATIONS = {"permissions", "engine", "lifecycle", "steps", "ecwid", "failures", *_BELOW_LIFECYCLE}
MAY_IMPORT = {
    "choices": set[str](),
    "secrets": set[str](),
    "databases": set[str](),
    "ecwid": set[str](),
    "sandbox": set[str](),
    "permissions": set[str](),
    "apps": {"permissions"},
    "failures": {"choices", "ecwid"},
    "mails": {"choices", "failures", "models"},
    "models": {"choices", "secrets"},
    "migrations": {"choices", "secrets"},
    "documents": set[str](),
    "exports": {"models", "choices"},
    "imports": {"exports"},
    "progress": {"models", "choices"},
    "reports": {"models", "choices", "progress", "standstill"},
    "charts": {"choices", "progress", "reports"},
    "standstill": {"choices", "models"},
    "metrics": {"choices", "engine", "models"},
    "steps": _BELOW_LIFECYCLE,
    "lifecycle": {"steps", *_BELOW_LIFECYCLE},
    "engine": {"lifecycle", "steps", "ecwid", "failures", "mails", *_BELOW_LIFECYCLE},
    "tasks": {"engine"},
    "operations": {"databases", "imports", *_BELOW_OPERATIONS},
    "demo": {"imports", "operations", *_BELOW_OPERATIONS},
    "management": {"demo", "operations", "exports", "imports", *_BELOW_OPERATIONS},
    "signin": {"permissions"},
    "middleware": {"models"},
    "urls": {"views"},
    "templatetags": {"charts", "choices", "failures", "models", "permissions", "progress"},
    "forms": {"imports", "operations", *_BELOW_OPERATIONS},
    "filters": {"choices", "models"},
    "tables": {"choices", "models", "permissions", "progress", "templatetags"},
    "views": {
        "middleware",
        "operations",
        "reports",
        "standstill",
        "metrics",
        "charts",
        "progress",
        "templatetags",
        "exports",
        "imports",
        "documents",
        "forms",
        "filters",
        "tables",
        *_BELOW_OPERATIONS,
    },
}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Return the name below `clones`; "" for what lies elsewhere."""
    return module.split(".")[1] if module.startswith("clones.") else ""


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for all imports, also those inside functions; `import x` has no name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or ".", alias.name) for alias in node.names)


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Yield what is imported as precisely as it is written: `from clones import lifecycle` is `clones.lifecycle`."""
    for module, name in imports(tree):
        yield f"{module}.{name}" if name else module


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def wrong_rooms(path: Path, tree: ast.AST) -> list[str]:
    """Return the imports that this file's room is not allowed."""
    own = room_of(module_of(path))
    rooms = {module: room_of(module) for module in imported_modules(tree)}
    return [module for module, room in rooms.items() if room not in {"", own, *MAY_IMPORT[own]}]


STATUSES = {*JobStatus.values, *CreationStatus.values, *SiteStatus.values}


def spelled_statuses(tree: ast.AST) -> list[str]:
    """Return the texts that are a status."""
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [text for text in texts if isinstance(text, str) and text in STATUSES]


WRITING_CALLS = {"update", "create", "get_or_create", "update_or_create", "aupdate", "acreate"}
WRITING_LISTS = {"save", "asave", "bulk_update", "abulk_update", "setattr"}


def writes_status(node: ast.AST) -> bool:
    """Tell whether a piece of code writes a column or attribute named status."""
    if isinstance(node, ast.Attribute):
        return node.attr == "status" and isinstance(node.ctx, (ast.Store, ast.Del))
    if isinstance(node, ast.Dict):
        return any(isinstance(key, ast.Constant) and key.value == "status" for key in node.keys)
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in WRITING_CALLS:
        return any(keyword.arg == "status" for keyword in node.keywords)
    return called in WRITING_LISTS and any(
        isinstance(part, ast.Constant) and part.value == "status" for part in ast.walk(node)
    )


def status_writes(tree: ast.AST) -> list[str]:
    """Return the code that writes a status."""
    return [ast.unparse(node) for node in ast.walk(tree) if writes_status(node)]


PORTAL = [
    path
    for path in sources("clones", "reseller_portal")
    if room_of(module_of(path)) not in {"sandbox", "ecwid", "migrations"}
]


def offences(paths: Iterable[Path], rule: Callable[[Path], list[T]]) -> dict[str, list[T]]:
    """Return what `rule` finds wrong, by file. One test for all files: two thousand would cost half a minute."""
    return {str(path.relative_to(ROOT)): wrong for path in paths if (wrong := rule(path))}


def known_modules(*beginnings: str) -> Callable[[Path], list[str]]:
    """Return a rule: no module that begins so is imported."""
    return lambda path: [module for module in imported_modules(parsed(path)) if module.startswith(beginnings)]


def test_imports_point_one_way() -> None:
    paths = [path for path in sources("clones") if room_of(module_of(path))]

    assert offences(paths, lambda path: wrong_rooms(path, parsed(path))) == {}


def test_every_room_has_a_row() -> None:
    rooms = {room_of(module_of(path)) for path in sources("clones")} - {""}

    assert rooms - MAY_IMPORT.keys() == set()


def test_no_import_is_relative() -> None:
    def relative(path: Path) -> list[int]:
        return [node.lineno for node in ast.walk(parsed(path)) if isinstance(node, ast.ImportFrom) and node.level]

    assert offences(sources("clones", "reseller_portal"), relative) == {}


def test_the_client_knows_neither_django_nor_the_project() -> None:
    def known(path: Path) -> list[str]:
        modules = known_modules("django", *PROJECT)(path)
        return [module for module in modules if not module.startswith("clones.ecwid")]

    assert offences(sources("clones/ecwid"), known) == {}


def test_the_sandbox_knows_nothing_of_the_project() -> None:
    def known(path: Path) -> list[str]:
        return [module for module in known_modules(*PROJECT)(path) if not module.startswith(SANDBOX)]

    assert offences(sources("clones/sandbox"), known) == {}


def test_nobody_knows_the_sandbox() -> None:
    assert offences(PORTAL, known_modules(SANDBOX)) == {}


def test_the_application_knows_nothing_of_the_wiring_and_the_tests() -> None:
    paths = [path for path in PORTAL if room_of(module_of(path))]

    assert offences(paths, known_modules("reseller_portal", "tests")) == {}


def test_the_wiring_knows_only_the_views_and_how_to_speak_to_databases() -> None:
    def others(path: Path) -> list[str]:
        rooms = {room_of(module) for module in imported_modules(parsed(path))}
        return sorted(rooms - {"", "views", "databases"})

    assert offences(sources("reseller_portal"), others) == {}


def test_the_words_of_the_domain_come_from_choices() -> None:
    words = {name for name in vars(choices) if getattr(getattr(choices, name), "__module__", "") == choices.__name__}
    words |= {"ACTIVE", "AT_ECWID", "TERMINAL"}

    def elsewhere(path: Path) -> list[tuple[str, str]]:
        found = imports(parsed(path))
        return [(module, name) for module, name in found if name in words and module != choices.__name__]

    assert offences(PORTAL, elsewhere) == {}


def test_a_status_is_spelled_in_choices_only() -> None:
    paths = [path for path in PORTAL if path.name != "choices.py"]

    assert offences(paths, lambda path: spelled_statuses(parsed(path))) == {}


WRITE_A_STATUS = {"clones.lifecycle": "a job's", "clones.steps": "a step's"}  # each the only one for its kind of row


def test_a_status_is_written_in_one_place_only() -> None:
    paths = [path for path in PORTAL if module_of(path) not in WRITE_A_STATUS]

    assert offences(paths, lambda path: status_writes(parsed(path))) == {}


@pytest.mark.parametrize("module", WRITE_A_STATUS)
def test_there_it_is_written(module: str) -> None:
    assert status_writes(parsed(ROOT / f"{module.replace('.', '/')}.py")) != []


@pytest.mark.parametrize(
    "code",
    [
        "job.status = JobStatus.FAILED",
        "job.status: str = JobStatus.FAILED",
        "job.status, job.ticket = JobStatus.QUEUED, ticket",
        "CloneJob.objects.filter(pk=1).update(status=JobStatus.FAILED)",
        "CloneJob.objects.create(status=JobStatus.FAILED)",
        "CloneJob.objects.update_or_create(pk=1, defaults={'status': JobStatus.FAILED})",
        "CloneJob.objects.bulk_update(jobs, ['ticket', 'status'])",
        "job.save(update_fields=['status'])",
        "setattr(job, 'status', JobStatus.FAILED)",
        "Change(job, to, fields={'status': JobStatus.FAILED})",
    ],
)
def test_a_write_of_a_status_would_be_noticed(code: str) -> None:
    assert status_writes(ast.parse(code)) != []


@pytest.mark.parametrize(
    "code",
    [
        "CloneJob.objects.filter(status=JobStatus.FAILED)",
        "JsonResponse(found, status=503)",
        "CloneJob(pk=1, status=JobStatus.SUBMITTING)",
        "print(job.status)",
        "jobs.only('pk', 'status')",
    ],
)
def test_what_only_reads_a_status_is_let_pass(code: str) -> None:
    assert status_writes(ast.parse(code)) == []


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("clones/models/job.py", "from clones import lifecycle"),
        ("clones/lifecycle.py", "from clones.engine.bell import ring_all"),
        ("clones/engine/tick.py", "def f():\n    from clones.operations.launch import start_batch"),
        ("clones/operations/launch.py", "import clones.views.health"),
        ("clones/ecwid/client.py", "from clones.choices import JobStatus"),
        ("clones/tasks.py", "from clones.models import CloneJob"),
        ("clones/views/health.py", "from clones.sandbox import faults"),
    ],
)
def test_an_import_that_points_the_wrong_way_would_be_noticed(file: str, code: str) -> None:
    assert wrong_rooms(ROOT / file, ast.parse(textwrap.dedent(code))) != []


def test_a_spelled_status_would_be_noticed() -> None:
    assert spelled_statuses(ast.parse('jobs.filter(status__in=["WAITING", "LOOKING"])')) == ["WAITING", "LOOKING"]
