"""What was injected, and what of it was survived."""

from collections import Counter
from collections.abc import Iterable, Sequence

from clones.models import WorkerBeat
from tests.chaos.comparing import most_in_a_minute
from tests.chaos.facts import JobFacts, Log
from tests.chaos.storm import Blow
from tests.sandbox_process import LoggedRequest

Count = tuple[str, int, int]


def faults(
    kinds: Iterable[str], requests: Sequence[LoggedRequest], jobs: Sequence[JobFacts], wrong: set[int]
) -> list[Count]:
    """Count faults of calls; one is survived where nothing is wrong with the clone that it was about.

    Those of `kinds` are told in any case: what never struck is to be seen.
    """
    spoilt = {job.target for job in jobs if job.id in wrong}
    struck = [row for row in requests if row.fault]
    injected = Counter(row.fault for row in struck)
    survived = Counter(row.fault for row in struck if row.target not in spoilt)
    return [(f"answer: {fault}", injected[fault], survived[fault]) for fault in sorted({*kinds, *injected})]


def blows(kinds: Iterable[str], dealt: Sequence[Blow], logs: Sequence[Log]) -> list[Count]:
    """Count what was struck; it is survived where every cluster that it struck worked again afterwards.

    Those of `kinds` are told in any case.
    """
    last_beats = [_last_beat(log) for log in logs]
    survived: Counter[str] = Counter()
    for blow in dealt:
        struck = last_beats if blow.cluster is None else [last_beats[blow.cluster]]
        survived[blow.words] += all(beat > blow.ended_at for beat in struck)
    injected = Counter(blow.words for blow in dealt)
    return [(words, injected[words], survived[words]) for words in sorted({*kinds, *injected})]


def drawn(counts: Iterable[Count]) -> str:
    """Return a table in Markdown."""
    rows = [f"| {words} | {injected} | {survived} |" for words, injected, survived in counts]
    return "\n".join(["| fault | injected | survived |", "| --- | ---: | ---: |", *rows])


def _last_beat(log: Log) -> float:
    beats = WorkerBeat.objects.filter(queue__in=log.queues).values_list("beat_at", flat=True)
    return max((beat.timestamp() for beat in beats), default=0.0)


def ends(jobs: Sequence[JobFacts], requests: Sequence[LoggedRequest]) -> str:
    """Say how the clones ended, and what that took."""
    counts = Counter(f"{job.status} {job.failure_kind}".strip() for job in jobs)
    listed = ", ".join(f"{count} {words}" for words, count in counts.most_common())
    most = most_in_a_minute([row.at for row in requests if row.blocked_seconds is None])
    return f"{listed}; {len(requests)} requests, at most {most} within a minute."
