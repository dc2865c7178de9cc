"""CSV for spreadsheets: UTF-8 with BOM, comma, CRLF; IDs that survive Excel, texts that are never formulas."""

import csv
import errno
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from django.db.models import OuterRef, QuerySet, Subquery

from clones.choices import FailureKind, SiteChoice, SiteStatus
from clones.models import CloneJob, EntityMapping, SiteClone, StoreCreation, TargetStore, with_steps

BOM: Final = "\ufeff"
MAPPING_COLUMNS: Final = (
    "entity_type", "source_id", "target_id", "target_store_label", "template_store_id", "template", "target_store_id",
    "job_id",
)  # fmt: skip

JOB_COLUMNS: Final = (
    "job_id", "status", "store_id", "label", "template_store_id", "template", "scope", "ticket", "batch_id", "batch",
    "asked_by", "asked_at", "finished_at", "seconds", "error_code", "failure", "message",
    "email", "store_step", "instant_site", "site_step", "site_message", "name", "clone_demo_catalog",
)  # fmt: skip

_SITE_WENT_WRONG: Final = (SiteStatus.FAILED, SiteStatus.NEEDS_PERSON)
_FIRST_BYTES: Final = f"{BOM}{','.join(MAPPING_COLUMNS[:3])}".encode()
_EXACT_DIGITS: Final = 15  # a spreadsheet rounds longer numbers
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_CHUNK_ROWS: Final = 1000  # a chunk per row is three times slower
_LIKE_A_NUMBER: Final = re.compile(r"[0-9]+([.eE][+-]?[0-9]+)?", re.ASCII)


class Writable(Protocol):
    """What rows are written to."""

    def write(self, text: str, /) -> object:
        """Take a line."""


def id_cell(value: str) -> str:
    """Return an ID as a cell: bare digits, or `="…"` where a spreadsheet would change it."""
    is_plain = value.isascii() and value.isdigit() and len(value) <= _EXACT_DIGITS and not value.startswith("0")
    return value if is_plain else '="{}"'.format(value.replace('"', '""'))


def text_cell(value: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def job_rows(jobs: QuerySet[CloneJob]) -> Iterator[tuple[str, ...]]:
    """Yield the jobs as cells of JOB_COLUMNS. Times are UTC; `seconds` go from the first POST to the end.

    `store_step` is the status of the store that was created for the job, `site_step` that of its Instant Site. `name`
    is that of a store that is not there yet: with it, the file can be uploaded as a list of stores again.
    """
    read_along = ("target", "template", "batch", "created_by")
    latest = StoreCreation.objects.filter(target=OuterRef("target"), target__store_id="").order_by("-pk")
    rows = with_steps(jobs.select_related(*read_along)).annotate(store_name=Subquery(latest.values("name")[:1]))
    for job in rows.iterator(chunk_size=_CHUNK_ROWS):
        yield (
            str(job.pk), job.status, _store_cell(job.target), text_cell(job.target.label),
            id_cell(job.template.store_id), text_cell(job.template.name), job.scope, _ticket_cell(job.ticket),
            str(job.batch_id), text_cell(job.batch.name), text_cell(job.created_by.username if job.created_by else ""),
            _time_cell(job.created_at), _time_cell(job.finished_at), _seconds(job),
            text_cell(job.error_code), job.failure_kind, text_cell(_reason(job)),
            text_cell(job.target.email), *_step_cells(job), text_cell(job.store_name or ""),
            "yes" if job.clone_demo_catalog else "no",
        )  # fmt: skip


def _store_cell(target: TargetStore) -> str:
    """Return the ID of a store; nothing where it has none yet."""
    return id_cell(target.store_id) if target.store_id else ""


def _step_cells(job: CloneJob) -> tuple[str, ...]:
    store = getattr(job, "creation_status", None) or ""  # read along
    site: SiteClone | None = getattr(job, "site", None)
    if site is None:
        return store, SiteChoice.NO.value, "", ""
    choice = SiteChoice.DRAFT if site.draft else SiteChoice.PUBLISH
    message = site.error_message if site.status in _SITE_WENT_WRONG else ""
    return store, choice.value, site.status, text_cell(message)


def _ticket_cell(ticket: str) -> str:
    return id_cell(ticket) if _LIKE_A_NUMBER.fullmatch(ticket) else text_cell(ticket)


def _time_cell(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""


def _seconds(job: CloneJob) -> str:
    if job.finished_at is None or job.trying_since is None:
        return ""
    return str(round((job.finished_at - job.trying_since).total_seconds()))


def _reason(job: CloneJob) -> str:
    """Return why it failed: in Ecwid's words, else in ours. A refusal that it got over is none."""
    if not job.failure_kind:
        return ""
    return job.error_message or FailureKind(job.failure_kind).cause


def mapping_rows(job_ids: Iterable[int]) -> Iterator[tuple[str, ...]]:
    """Yield the mapping of the jobs as cells of MAPPING_COLUMNS, in the order of the jobs and of Ecwid's answer."""
    jobs = CloneJob.objects.filter(pk__in=list(job_ids)).select_related("target", "template")
    about = {job.pk: _about(job) for job in jobs}
    rows = EntityMapping.objects.filter(job__in=list(about)).order_by("job_id", "pk")
    columns = rows.values_list("job_id", "entity_type", "source_id", "target_id")
    for job_id, entity_type, source_id, target_id in columns.iterator(chunk_size=2000):
        yield text_cell(entity_type), id_cell(source_id), id_cell(target_id), *about[job_id]


def _about(job: CloneJob) -> tuple[str, ...]:
    """Return the cells that are the same for a whole job."""
    sides = (text_cell(job.target.label), id_cell(job.template.store_id), text_cell(job.template.name))
    return (*sides, id_cell(job.target.store_id), str(job.pk))


def csv_chunks(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """Yield a CSV file for a response that streams it, about a thousand rows at once."""
    remaining = iter(rows)
    yield _encoded([columns], BOM)
    while chunk := list(islice(remaining, _CHUNK_ROWS)):
        yield _encoded(chunk)


def _encoded(rows: Iterable[Iterable[str]], start: str = "") -> bytes:
    out = io.StringIO(start, newline="")
    out.seek(0, io.SEEK_END)
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def write_csv(out: Writable, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> int:
    """Write a whole CSV file to `out` and return the number of rows below the header."""
    out.write(BOM)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007  the last count is the result
        writer.writerow(row)
    return count


def check_writable(path: Path) -> None:
    """Raise OSError where `save_csv` must not or cannot write: it replaces files that it wrote itself, nothing else."""
    if not path.name or path.name == "-":
        raise OSError(errno.EINVAL, "a file name is needed")
    if path.exists() and not _is_ours(path):
        raise OSError(errno.EEXIST, "something else is there")
    draft = _draft(path)
    draft.touch()
    draft.unlink()


def _is_ours(path: Path) -> bool:
    """Tell whether a mapping stands in the file, or nothing at all."""
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as file:
        start = file.read(len(_FIRST_BYTES))
    return start in {b"", _FIRST_BYTES}


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def save_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> int:
    """Write a CSV file whole or not at all: an older file of that name stays until the new one is complete."""
    draft = _draft(path)
    try:
        with draft.open("w", encoding="utf-8", newline="") as out:
            count = write_csv(out, columns, rows)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return count
