"""The desk that creates stores, and looks up by e-mail what became of a request whose answer was lost."""

import logging
from copy import copy
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import attrgetter

from django.db import transaction
from django.db.models import Case, DateTimeField, F, QuerySet, Value, When

from clones.choices import BlockReason, CreationStatus, FailureKind, JobStatus
from clones.ecwid import (
    CreatedStore,
    CredentialsRefused,
    EcwidError,
    GeneralErrorCode,
    NoAnswer,
    NotSent,
    RateLimited,
)
from clones.engine import arrival, budget, caution, leasing, neighbours, pacing
from clones.engine.batches import review
from clones.engine.calls import UnusableConnectionError
from clones.engine.errands import creation_rules
from clones.engine.errands.creation_calls import Answer, Call
from clones.engine.errands.creation_rules import LACKS_RIGHT, Verdict
from clones.engine.errands.desk import Desk, Work
from clones.engine.errands.sharing import shared_out
from clones.engine.outcome import block_for
from clones.lifecycle import Change, advance_many
from clones.models import Connection, StoreCreation
from clones.secrets import Secret
from clones.steps import advance_creations

logger = logging.getLogger(__name__)

LEFT_NOTE = "The worker stopped before Ecwid's answer was kept. The store may have been created: looking it up."


class CreationDesk(Desk[StoreCreation]):
    """Its requests go out of the connection's budget, beside those for clones."""

    model = StoreCreation

    def due(self, now: datetime) -> QuerySet[StoreCreation]:
        """Select those over connections, and of batches, that may send something: others must not stand in the way."""
        moves = (CreationStatus.WAITING, CreationStatus.LOOKING)
        free = self.rows().filter(finished_at=None, next_action_at__lte=now, lease_token="", status__in=moves)
        ready = free.filter(connection__in=budget.ready(now)).order_by("next_action_at", "pk")
        return shared_out(self, caution.without_hasty(ready, now), "connection", lambda pk: _room_in_air(pk, now))

    def prepare(self, rows: list[StoreCreation], now: datetime) -> list[tuple[StoreCreation, Work]]:
        """Take as many as the budgets allow; CREATING and the doubt are written before a request leaves."""
        work: list[tuple[StoreCreation, Work]] = []
        place = attrgetter("connection_id")
        for connection_id, group in groupby(sorted(rows, key=place), key=place):
            connection, wanted = leasing.locked(connection_id), list(group)
            if connection:
                room = budget.room_in_air(connection, now, besides=wanted)
                chosen = wanted[: min(room, _open_slots(connection, now))]
                work += self._prepare(connection, chosen, now) if chosen else []
        return work

    def _prepare(
        self, connection: Connection, rows: list[StoreCreation], now: datetime
    ) -> list[tuple[StoreCreation, Work]]:
        try:
            client = self.caller.client_for(connection)
        except UnusableConnectionError as error:
            leasing.stop_unusable(connection, str(error), now)
            return []
        used = copy(connection)
        rows = self._without_doubles(connection, rows, now)
        new = [row for row in rows if row.status == CreationStatus.WAITING]
        ahead = {**_trying(now), "submitted_at": now, "unanswered_since": now, "tries": F("tries") + 1}
        advance_creations(new, CreationStatus.CREATING, at=now, **ahead)
        if rows:
            budget.spend(connection, len(rows), now)
        fence, silence = self.fence(used), self.caller.silence
        return [(row, Call(row, row in new, client, used, now, silence, fence)) for row in rows]

    def _without_doubles(self, connection: Connection, rows: list[StoreCreation], now: datetime) -> list[StoreCreation]:
        """Leave out, and end, what another connection at the same address has asked for: one e-mail, one store."""
        waiting = [row for row in rows if row.status == CreationStatus.WAITING]
        beside = neighbours.creations_beside(connection, waiting)
        doubles = [row for row in waiting if row.email in beside]
        for row in doubles:
            self._write(row, creation_rules.on_beside(row, beside[row.email]), now)
        return [row for row in rows if row not in doubles]

    def lock_first(self, row: StoreCreation) -> None:
        """Lock the batch: whether it is held decides when the clone is due."""
        arrival.lock_batch_of(row)

    def settle(self, row: StoreCreation, result: object, now: datetime) -> None:
        """Stop the connection where the answer asks for that, then write what it means for this store."""
        assert isinstance(result, Answer)  # noqa: S101  what Call gives
        answer = result.result
        lacks = isinstance(answer, EcwidError) and creation_rules.lacks_right(
            answer, result.used, refused_before=_was_refused_before(row, answer)
        )
        if isinstance(answer, EcwidError) and not lacks:
            _stop(result.used, answer, now)
        _close_breaker(result, now, is_known=lacks)
        if isinstance(answer, CreatedStore):
            self._created(row, answer, now)
        elif row.status == CreationStatus.LOOKING:
            self._write(row, creation_rules.on_looked_up(row, answer, result.asked_at, now, lacks=lacks), now)
        elif isinstance(answer, EcwidError):
            self._write(row, creation_rules.on_created(row, answer, now, lacks=lacks), now)
            if lacks:
                _ask_for_no_other(row, now)

    def _created(self, row: StoreCreation, store: CreatedStore, now: datetime) -> None:
        """Hand the store over; where it cannot be this one, a person decides."""
        note = f"Ecwid created the store {store.store_id} for {row.email}."
        if not store.token:
            note += " It gave no access token."
        try:
            arrival.arrive(row, store.store_id, Secret.seal(store.token), now, note)
        except arrival.StoreTakenError as error:
            message = f"{note} {error}"
            there_is_one = {"unanswered_since": row.unanswered_since or now}
            fields = {**there_is_one, "next_action_at": None, "error_code": "", "error_message": message}
            self._write(row, Verdict(CreationStatus.NEEDS_PERSON, fields, message), now)

    def _write(self, row: StoreCreation, verdict: Verdict, now: datetime) -> None:
        fields = dict(verdict.fields)
        if verdict.to == CreationStatus.WAITING and arrival.due_at(row, now) is None:
            fields["next_action_at"] = None
        if verdict.to == row.status:
            self.rows().filter(pk=row.pk).update(version=F("version") + 1, **fields)
            return
        advance_creations([row], verdict.to, at=now, **fields)
        if verdict.to == CreationStatus.FAILED:
            _fail_clone(row, verdict, now)
        elif fields.get("unanswered_since", "kept") is None and arrival.clone_of(row) is None:
            row.refresh_from_db()
            advance_creations([row], CreationStatus.CANCELED, at=now)  # nobody wants it any more
        else:
            arrival.remark([row], verdict.note, now, code=verdict.code, message=verdict.message)
            if verdict.to == CreationStatus.WAITING:
                arrival.end_doubt(row)

    def settle_late(self, row: StoreCreation, result: object, now: datetime) -> None:
        """Keep the ID of a store, wherever the row has got to: it proves that there is one."""
        store = result.result if isinstance(result, Answer) else None
        if not isinstance(store, CreatedStore) or row.target.store_id == store.store_id:
            return
        if row.status in (CreationStatus.CREATED, CreationStatus.FAILED, CreationStatus.CANCELED):
            logger.warning("%s: a late answer names store %s", row, store.store_id)
            note = f"Too late, a lost answer of Ecwid's came in: it had created store {store.store_id} for {row.email}."
            arrival.remark([row], note, now)
            return
        if row.status == CreationStatus.WAITING:
            advance_creations([row], CreationStatus.LOOKING, at=now)
            row.refresh_from_db()
        self._created(row, store, now)

    def take_back(self, rows: list[StoreCreation], now: datetime) -> None:
        """Let a request that was in the air count as unanswered."""
        sent = [row for row in rows if row.status == CreationStatus.CREATING]
        advance_creations(sent, CreationStatus.LOOKING, at=now, next_action_at=now)
        arrival.remark(sent, LEFT_NOTE, now)
        super().take_back([row for row in rows if row not in sent], now)


def _room_in_air(connection_id: int, now: datetime) -> int:
    return budget.room_in_air(Connection.objects.get(pk=connection_id), now)


def _trying(now: datetime) -> dict[str, Case]:
    """Keep since when it is tried: waiting behind a pause or a block is no trying."""
    goes_on = When(trying_since__isnull=False, submitted_at__gt=now - pacing.IN_ONE_GO, then=F("trying_since"))
    return {"trying_since": Case(goes_on, default=Value(now, DateTimeField()))}


def _open_slots(connection: Connection, now: datetime) -> int:
    """Return how many may leave. A clone, and nothing else, shows whether a key may clone again."""
    lacks_scope = GeneralErrorCode.INSUFFICIENT_APP_SCOPE in connection.block_message
    return 0 if lacks_scope and connection.block_reason else budget.open_slots(connection, now)


def _was_refused_before(row: StoreCreation, answer: object) -> bool:
    """Tell whether this key was refused to a creation before, in the same words."""
    if not isinstance(answer, CredentialsRefused):
        return False
    known_by = answer.code or f"HTTP {answer.http_status}"
    waiting = StoreCreation.objects.filter(connection=row.connection_id, finished_at=None, error_code=known_by)
    return row.error_code == known_by or waiting.filter(status=CreationStatus.WAITING).exists()


def _stop(used: Connection, error: EcwidError, now: datetime) -> None:
    if block := block_for(error, now):
        budget.stop_traffic(used, block.reason, block.until, now, block.message)
        logger.warning("Connection %s is stopped until %s: %s", used, f"{block.until:%F %T} UTC", block.reason.label)


def _close_breaker(answer: Answer, now: datetime, *, is_known: bool) -> None:
    """Any answer to a probe, except "refused key" and "be silent", shows that the key is good.

    So does the refusal of a key that `is_known`, but may not do this.
    """
    if answer.used.block_reason != BlockReason.CREDENTIALS:
        return
    if isinstance(answer.result, (NotSent, NoAnswer)):
        budget.probe_again_soon(answer.used.pk, now)
    elif is_known or not isinstance(answer.result, (CredentialsRefused, RateLimited)):
        budget.resume_traffic(answer.used.pk, answer.asked_at)


def _ask_for_no_other(row: StoreCreation, now: datetime) -> None:
    """Let all that wait over this connection wait for a person: Ecwid would say no to each of them."""
    waiting = StoreCreation.objects.filter(
        connection=row.connection_id, status=CreationStatus.WAITING, finished_at=None, lease_token=""
    ).exclude(next_action_at=None)
    rows = list(waiting.order_by("pk").select_for_update(no_key=True, skip_locked=True))
    code = StoreCreation.objects.values_list("error_code", flat=True).get(pk=row.pk)
    fields = {"next_action_at": None, "error_code": code, "error_message": LACKS_RIGHT}
    advance_creations(rows, CreationStatus.NEEDS_PERSON, at=now, **fields)
    arrival.remark(rows, LACKS_RIGHT, now)


def _fail_clone(row: StoreCreation, verdict: Verdict, now: datetime) -> None:
    """End the clone that waited for the store."""
    fields = {
        "failure_kind": FailureKind.NO_STORE,
        "error_code": verdict.fields.get("error_code", ""),
        "error_message": verdict.fields.get("error_message", ""),
    }
    job = arrival.clone_of(row)
    if job:
        change = Change(job, JobStatus.FAILED, fields, note=verdict.note, code=verdict.code, message=verdict.message)
        advance_many([change], at=now)
        # Before more of its batch is sent.
        transaction.on_commit(partial(review, [job.batch_id], now), robust=True)
