"""Writing down what Ecwid answered: outcomes become rows, in few short transactions."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from clones.choices import AT_ECWID, JobStatus
from clones.ecwid import CloneStatus, CredentialsRefused, NotSent, RateLimited
from clones.engine import budget, follow, mappings, pacing, submit
from clones.engine.calls import Answer
from clones.engine.outcome import Block, Outcome
from clones.lifecycle import Change, advance, advance_many
from clones.models import CloneJob, Connection

logger = logging.getLogger(__name__)


def settle(answers: Sequence[Answer], lease_token: str, now: datetime) -> None:
    """Write the outcomes of `answers` to jobs leased under `lease_token`, then the effects on their connections.

    Tickets come first: each is worth more than everything else here. An answer to a job whose lease was lost changes
    nothing, except for a ticket, which is kept while the job still looks for one.
    """
    if not answers:
        return
    submits = [answer for answer in answers if answer.submits]
    for answer in submits:
        _settle_submit(answer, lease_token, now)
    _settle_looks([answer for answer in answers if not answer.submits], lease_token, now)
    for answer in answers:
        _close_breaker(answer)


def _settle_submit(answer: Answer, lease_token: str, now: datetime) -> None:
    assert not isinstance(answer.result, CloneStatus)  # noqa: S101  tells the type checker what Call.run holds to
    outcome = submit.decide(answer.job, answer.result, now, lambda ticket: _is_taken(answer.job, ticket))
    if outcome.block:
        _stop(answer.job.connection_id, outcome.block, now)
    if outcome.change and not advance_many([outcome.change], at=now, lease_token=lease_token):
        _keep_late_ticket(outcome.change, now)


def _is_taken(job: CloneJob, ticket: str) -> bool:
    others = CloneJob.objects.filter(connection_id=job.connection_id, ticket=ticket)
    return others.exclude(pk=job.pk).exists()


def _keep_late_ticket(change: Change, now: datetime) -> None:
    """Keep a ticket that came after the lease was lost, where the job is still without one."""
    if change.to != JobStatus.QUEUED:
        return
    with transaction.atomic():
        job = CloneJob.objects.select_for_update().get(pk=change.job.pk)
        if job.ticket or job.unanswered_since is None:
            return
        if job.status == JobStatus.WAITING:
            advance(Change(job, JobStatus.SUBMITTING, note="A late answer of Ecwid's came in."), at=now)
        advance(Change(CloneJob(pk=job.pk, status=JobStatus.SUBMITTING), change.to, change.fields, change.note), at=now)


def _settle_looks(answers: list[Answer], lease_token: str, now: datetime) -> None:
    """Write down status answers: finished clones one by one with their mapping, all others grouped."""
    pauses = _Pauses()
    outcomes = [(answer, _look_outcome(answer, now, pauses)) for answer in answers]
    for answer, outcome in outcomes:
        if outcome.block:
            _stop(answer.job.connection_id, outcome.block, now)
    completed = [outcome for _, outcome in outcomes if outcome.change and outcome.change.to == JobStatus.COMPLETED]
    for outcome in completed:
        _complete(outcome, lease_token, now)
    changes = [outcome.change for _, outcome in outcomes if outcome.change and outcome.change.to != JobStatus.COMPLETED]
    advance_many(changes, at=now, lease_token=lease_token)
    _write_quietly([(answer, outcome.fields) for answer, outcome in outcomes if not outcome.change], lease_token)


def _look_outcome(answer: Answer, now: datetime, pauses: "_Pauses") -> Outcome:
    assert not isinstance(answer.result, str)  # noqa: S101  tells the type checker what Call.run holds to
    return follow.decide(answer.job, answer.result, now, pauses.of(answer.job))


def _complete(outcome: Outcome, lease_token: str, now: datetime) -> None:
    """Write the mapping and COMPLETED in one transaction: there is never one without the other."""
    assert outcome.change is not None  # noqa: S101  the caller has filtered
    with transaction.atomic():
        if advance_many([outcome.change], at=now, lease_token=lease_token):
            mappings.store(outcome.change.job.pk, outcome.mapping)


def _write_quietly(bookkeeping: list[tuple[Answer, Mapping[str, Any]]], lease_token: str) -> None:
    """Write columns that no page shows, equal ones by one UPDATE."""
    groups: dict[frozenset[tuple[str, Any]], list[int]] = defaultdict(list)
    for answer, fields in bookkeeping:
        groups[frozenset(fields.items())].append(answer.job.pk)
    for columns, ids in groups.items():
        CloneJob.objects.filter(pk__in=ids, lease_token=lease_token).update(**dict(columns))


def _stop(connection_id: int, block: Block, now: datetime) -> None:
    budget.stop_traffic(connection_id, block.reason, block.until, now, block.message)
    logger.warning("Connection %s: %s until %s. %s", connection_id, block.reason.label, block.until, block.message)


def _close_breaker(answer: Answer) -> None:
    """An answer other than a refused key shows that the key is good."""
    if answer.job.connection.block_reason and not isinstance(answer.result, (CredentialsRefused, RateLimited, NotSent)):
        budget.resume_traffic(answer.job.connection_id, answer.asked_at)


class _Pauses:
    """Pauses between looks, worked out once per connection and chunk."""

    def __init__(self) -> None:
        self._running: dict[int, int] = {}

    def of(self, job: CloneJob) -> float:
        connection: Connection = job.connection
        if connection.pk not in self._running:
            running = CloneJob.objects.filter(connection=connection, status__in=AT_ECWID)
            self._running[connection.pk] = running.count()
        return pacing.poll_seconds(
            self._running[connection.pk], connection.rate_limit, overdue=job.overdue_since is not None
        )
