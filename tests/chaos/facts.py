"""What both sides know at the end of a run as plain rows, and what the workers' logs tell about who did what."""

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from clones.models import CloneEvent, CloneJob
from tests.chaos.storm import Blow
from tests.mappings import Mapping, logged_mapping, stored_mapping
from tests.sandbox_process import LoggedClone, LoggedRequest, SandboxProcess

_LINE: Final = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) \w+ +(.*)$", re.MULTILINE)
_SENT: Final = re.compile(r"clones\.lifecycle: Job (\d+): WAITING → SUBMITTING")
_REPLACED: Final = re.compile(r"clones\.engine\.watchdog: The cluster .*(Starting another|Replacing)")
_QUEUE: Final = re.compile(r"^Worker started \((.+)\)\.$", re.MULTILINE)


@dataclass(frozen=True)
class JobFacts:
    """One job as the portal has it; `clones` and `starts` are what the sandbox logged about its target."""

    id: int
    template: str
    target: str
    scope: str  # as Ecwid spells it: "" for both
    demo: bool
    status: str
    ticket: str
    failure_kind: str
    error_code: str
    error_message: str
    is_leased: bool
    finished_at: float | None
    mapping: Mapping
    events: list[tuple[str, str]]
    clones: list[LoggedClone]
    clone_mapping: Mapping  # of the last clone
    starts: list[LoggedRequest]
    strangers: list[LoggedClone] = field(default_factory=list)  # somebody else's, into the same target


@dataclass(frozen=True)
class Log:
    """What one cluster's log tells: when it sent which job's POST, when it was replaced, which queues it had."""

    sent: dict[int, list[float]]
    replaced_at: list[float]
    queues: list[str]
    text: str


def read_jobs(sandbox: SandboxProcess, requests: list[LoggedRequest], strangers: Collection[str]) -> list[JobFacts]:
    """Return all jobs, with what the sandbox knows about the target of each. `strangers`: others' tickets."""
    clones: dict[str, list[LoggedClone]] = defaultdict(list)
    for clone in sandbox.log():
        clones[clone.target].append(clone)
    starts: dict[str, list[LoggedRequest]] = defaultdict(list)
    for row in requests:
        is_strangers = row.ticket in strangers and not row.error_code  # a refusal names the ticket, too
        if row.call == "clone_start" and not is_strangers:
            starts[row.target].append(row)
    events: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for job_id, old, new in CloneEvent.objects.order_by("pk").values_list("job_id", "from_status", "to_status"):
        events[job_id].append((old, new))
    jobs = CloneJob.objects.select_related("target", "template").order_by("pk")
    return [
        _facts(sandbox, job, clones[job.target.store_id], starts[job.target.store_id], events[job.pk], strangers)
        for job in jobs
    ]


def _facts(
    sandbox: SandboxProcess,
    job: CloneJob,
    clones: list[LoggedClone],
    starts: list[LoggedRequest],
    events: list[tuple[str, str]],
    strangers: Collection[str],
) -> JobFacts:
    return JobFacts(
        id=job.pk,
        template=job.template.store_id,
        target=job.target.store_id,
        scope="" if job.scope == "ALL" else job.scope,
        demo=job.clone_demo_catalog,
        status=job.status,
        ticket=job.ticket,
        failure_kind=job.failure_kind,
        error_code=job.error_code,
        error_message=job.error_message,
        is_leased=bool(job.lease_token or job.leased_until or job.leased_by_id),
        finished_at=job.finished_at.timestamp() if job.finished_at else None,
        mapping=stored_mapping(job),
        events=events,
        clones=[clone for clone in clones if clone.ticket not in strangers],
        clone_mapping=logged_mapping(sandbox, clones[-1].ticket) if clones else {},
        starts=starts,
        strangers=[clone for clone in clones if clone.ticket in strangers],
    )


def read_log(file: Path) -> Log:
    """Return what a cluster's log tells."""
    text = file.read_text(encoding="utf-8")
    sent: dict[int, list[float]] = defaultdict(list)
    replaced_at = []
    for written_at, line in _LINE.findall(text):
        at = datetime.strptime(written_at, "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=UTC).timestamp()
        if match := _SENT.match(line):
            sent[int(match[1])].append(at)
        elif _REPLACED.match(line):
            replaced_at.append(at)
    return Log(sent, replaced_at, _QUEUE.findall(text), text)


class Misfortunes:
    """Tells what struck the cluster that sent a request."""

    def __init__(self, blows: list[Blow], logs: list[Log]) -> None:
        self._blows, self._logs = blows, logs

    def struck(self, job_id: int, row: LoggedRequest, until: float) -> bool:
        """Tell whether whoever sent `row` for the job was struck before `until`, so that the answer may be lost."""
        cluster = self._sender(job_id, row.at)
        if cluster is None:
            return False
        blows = [blow for blow in self._blows if blow.cluster == cluster]
        times = [(blow.began_at, blow.ended_at) for blow in blows] + [
            (at, at) for at in self._logs[cluster].replaced_at
        ]
        return any(began_at <= until and ended_at >= row.at for began_at, ended_at in times)

    def first_sent(self, job_id: int) -> float | None:
        """Return when a worker first wrote "sending this" for the job."""
        return min((min(log.sent[job_id]) for log in self._logs if job_id in log.sent), default=None)

    def _sender(self, job_id: int, at: float) -> int | None:
        """Return the cluster that wrote "sending this" last before the request came in."""
        sent = [
            (when, number) for number, log in enumerate(self._logs) for when in log.sent.get(job_id, ()) if when <= at
        ]
        return max(sent)[1] if sent else None
