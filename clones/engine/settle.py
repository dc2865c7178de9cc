"""Writing down what Ecwid answered: outcomes become rows, in few short transactions."""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from clones.choices import BlockReason, CloneScope, JobStatus
from clones.ecwid import CloneStatus, CredentialsRefused, EcwidError, IdMapping, NoAnswer, NotSent, RateLimited
from clones.engine import budget, follow, mappings, submit
from clones.engine.batches import review
from clones.engine.calls import Answer
from clones.engine.history import Outlooks
from clones.engine.holds import is_held_back
from clones.engine.outcome import Block, Outcome, block_of
from clones.lifecycle import Change, advance, advance_many
from clones.models import Batch, CloneJob, Connection, TemplateStore

logger = logging.getLogger(__name__)


def settle(answers: Sequence[Answer], now: datetime, outlooks: Outlooks | None = None) -> None:
    """Write what `answers` mean for their connections and jobs; `outlooks` tell when those that run are looked at next.

    First of all what stops a connection, since other workers may be about to send. Then the tickets: each is worth more
    than everything else here. An answer to a job whose lease was lost changes nothing, except for a ticket, which is
    kept while the job is still without one.
    """
    _stop_connections(answers, now)
    failed = _settle_submits([answer for answer in answers if answer.submits], now)
    looks = [answer for answer in answers if not answer.submits]
    if looks:
        _settle_looks(looks, now, outlooks or Outlooks())
    for answer in answers:
        _close_breaker(answer, now)
    if failed:  # before more of these batches is sent
        review(failed, now)


def _stop_connections(answers: Sequence[Answer], now: datetime) -> None:
    """Stop each connection that an answer asks it for, once for each reason, for as long as the longest says.

    For each key too: the refusal of one that was changed since must not stand for that of the new one.
    """
    longest: dict[tuple[int, tuple[str, ...], BlockReason], tuple[Connection, Block]] = {}
    for answer in answers:
        block = block_of(answer.job, answer.result, now) if isinstance(answer.result, EcwidError) else None
        if block:
            used = answer.job.connection
            known = longest.get((used.pk, used.key, block.reason))
            if known is None or known[1].until < block.until:
                longest[used.pk, used.key, block.reason] = used, block
    for used, block in longest.values():
        budget.stop_traffic(used, block.reason, block.until, now, block.message)
        until = f"{block.until:%F %T} UTC"
        logger.warning("Connection %s is stopped until %s: %s. %s", used, until, block.reason.label, block.message)


def _settle_submits(answers: Sequence[Answer], now: datetime) -> set[int]:
    """Write what the answers to POSTs mean, all tickets by one commit; return the batches of which one has failed."""
    changes = _submit_changes(answers, now)
    tickets = [change for _, change in changes if change.to == JobStatus.QUEUED]
    written = advance_many(sorted(tickets, key=lambda change: change.job.pk), at=now, under_lease=True)
    for change in tickets:
        if change.job.pk not in written:
            _keep_late_ticket(change, now)
    others = [(job, change) for job, change in changes if change.to != JobStatus.QUEUED]
    return {job.batch_id for job, change in others if _write_other(job, change, now) and change.to == JobStatus.FAILED}


def _submit_changes(answers: Sequence[Answer], now: datetime) -> list[tuple[CloneJob, Change]]:
    """Decide about each in turn: a ticket that one of them gets is taken for those behind it."""
    changes, given = [], set[tuple[str, str]]()
    for answer in answers:
        outcome = _submit_outcome(answer, now, given)
        if outcome.change:
            changes.append((answer.job, outcome.change))
            given.add((answer.job.connection.api_url, outcome.change.fields.get("ticket", "")))
    return changes


def _submit_outcome(answer: Answer, now: datetime, given: Collection[tuple[str, str]]) -> Outcome:
    assert not isinstance(answer.result, CloneStatus)  # noqa: S101  tells the type checker what Call.run holds to
    job, address = answer.job, answer.job.connection.api_url
    return submit.decide(job, answer.result, now, lambda ticket: (address, ticket) in given or _is_taken(job, ticket))


def _write_other(job: CloneJob, change: Change, now: datetime) -> bool:
    """Write what is no ticket; tell whether the lease still stood."""
    with transaction.atomic():
        return bool(advance_many([_held_back(job, change)], at=now, under_lease=True))


def _held_back(job: CloneJob, change: Change) -> Change:
    """Let what surely was not sent wait with its batch, where that was held meanwhile. Locks the batch: it comes first.

    What is in doubt is asked for all the same.
    """
    if change.to != JobStatus.WAITING or change.fields.get("unanswered_since", "kept") is not None:
        return change
    batch = Batch.objects.select_for_update(no_key=True).get(pk=job.batch_id)
    is_held = is_held_back(job, batch)
    return replace(change, fields={**change.fields, "next_action_at": None}) if is_held else change


def _is_taken(job: CloneJob, ticket: str) -> bool:
    # By address: connections of two applications see the same stores, and so each other's tickets.
    others = CloneJob.objects.filter(connection__api_url=job.connection.api_url, ticket=ticket)
    return others.exclude(pk=job.pk).exists()


def _keep_late_ticket(change: Change, now: datetime) -> None:
    """Keep a ticket that came after the lease was lost, where the job is still without one: it proves a clone.

    Where the job has ended or holds another ticket, it becomes a line of history.
    """
    ticket = change.fields.get("ticket")
    if ticket is None:
        return
    with transaction.atomic():
        job = CloneJob.objects.select_for_update(no_key=True).get(pk=change.job.pk)
        if job.ticket == ticket:
            return
        if job.ticket or job.is_terminal:
            logger.warning("%s: a late answer names ticket %s, the job has %r", job, ticket, job.ticket)
            note = f"Too late, a lost answer of Ecwid's came in: it had accepted a clone, with ticket {ticket}."
            advance(Change(job, JobStatus(job.status), note=note), at=now)
            return
        if job.status == JobStatus.WAITING:
            advance(Change(job, JobStatus.SUBMITTING, note="A late answer of Ecwid's came in."), at=now)
        advance(replace(change, job=CloneJob(pk=job.pk, status=JobStatus.SUBMITTING)), at=now)


def _settle_looks(answers: list[Answer], now: datetime, outlooks: Outlooks) -> None:
    """Write down status answers: finished clones one by one with their mapping, all others grouped."""
    outcomes = [(answer, _look_outcome(answer, now, outlooks)) for answer in answers]
    for answer, outcome in outcomes:
        if outcome.change and outcome.change.to == JobStatus.COMPLETED:
            _complete(answer, outcome.change, outcome.mapping, now)
    changes = [outcome.change for _, outcome in outcomes if outcome.change and outcome.change.to != JobStatus.COMPLETED]
    advance_many(changes, at=now, under_lease=True)
    _write_quietly([(answer, outcome.fields) for answer, outcome in outcomes if not outcome.change])


def _look_outcome(answer: Answer, now: datetime, outlooks: Outlooks) -> Outcome:
    assert not isinstance(answer.result, str)  # noqa: S101  tells the type checker what Call.run holds to
    return follow.decide(answer.job, answer.result, now, outlooks.pause(answer.job, now))


def set_aside(answer: Answer, error: Exception, now: datetime) -> None:
    """Do without an answer that the database refused with `error`: ask again, but not for ever.

    The job of a POST is taken up again when its lease ends, as unanswered.
    """
    if answer.submits:
        return
    outcome = follow.on_unstorable(answer.job, type(error).__name__, now)
    if outcome.change:
        advance_many([outcome.change], at=now, under_lease=True)
    else:
        _write_quietly([(answer, outcome.fields)])


def _complete(answer: Answer, change: Change, mapping: IdMapping, now: datetime) -> None:
    """Write the mapping and COMPLETED in one transaction: there is never one without the other."""
    with transaction.atomic():
        if advance_many([change], at=now, under_lease=True):
            mappings.store(answer.job.pk, mapping)
            _learn_counts(answer)


def _learn_counts(answer: Answer) -> None:
    """Remember how much the template's catalog holds, where this clone has shown it."""
    result, job = answer.result, answer.job
    tells = CloneScope(job.scope).copies_catalog and not job.clone_demo_catalog  # demo products do not count
    if isinstance(result, CloneStatus) and result.mapping_present and tells:
        counts = {f"{what}_count": len(result.mapping.get(what, ())) for what in ("product", "category")}
        TemplateStore.objects.filter(pk=job.template_id).update(**counts)


def _write_quietly(bookkeeping: list[tuple[Answer, Mapping[str, Any]]]) -> None:
    """Write columns that no page shows, equal ones by one UPDATE."""
    groups: dict[frozenset[tuple[str, Any]], list[CloneJob]] = defaultdict(list)
    for answer, fields in bookkeeping:
        groups[frozenset(fields.items())].append(answer.job)
    for columns, jobs in groups.items():
        with transaction.atomic():
            held = CloneJob.objects.lock_leased(jobs)
            CloneJob.objects.filter(pk__in=held).update(**dict(columns))


def _close_breaker(answer: Answer, now: datetime) -> None:
    """An answer that Ecwid gave to a probe, except "refused key" and "be silent", shows that the key is good."""
    if not answer.job.connection.block_reason or isinstance(answer.result, (CredentialsRefused, RateLimited)):
        return
    if isinstance(answer.result, (NotSent, NoAnswer)):
        budget.probe_again_soon(answer.job.connection_id, now)
    else:
        budget.resume_traffic(answer.job.connection_id, answer.asked_at)
