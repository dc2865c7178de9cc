"""Counting for the monitor: what became of requests, how late they left, how soon a clone's end was seen.

Counted in memory, one by one, and written down together: a killed worker loses the counts of its last second.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import connection as database

from clones.ecwid import (
    CloneStatus,
    CredentialsRefused,
    EcwidError,
    NoAnswer,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
    RemoteStatus,
)
from clones.engine.calls import Answer
from clones.models import Counted, Counter

BUCKETS: Final = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)  # seconds
BEYOND: Final = "+Inf"  # the bucket without a limit

OK: Final = "ok"
# The first that fits counts: some are kinds of Refused.
_ERRORS: Final[dict[type[EcwidError], str]] = {
    RateLimited: "rate_limited",
    CredentialsRefused: "key_refused",
    NotFound: "not_found",
    Refused: "refused",
    NoAnswer: "no_answer",
    NotSent: "not_sent",
}
OUTCOMES: Final = (OK, *_ERRORS.values())
_ENDS: Final = (RemoteStatus.COMPLETED, RemoteStatus.FAILED)
_COLUMNS: Final = ("connection_id", "name", "call", "part", "value")


class CallKind(StrEnum):
    """What was asked of Ecwid."""

    START = "start"
    LOOK = "look"
    TEST = "test"


def outcome_of(result: object) -> str:
    """Return the one of OUTCOMES that a call came to: OK for whatever is no error."""
    return next((word for kind, word in _ERRORS.items() if isinstance(result, kind)), OK)


def count_test(connection_id: int, result: object) -> None:
    """Count an admin's test of a connection, at once. Raises DatabaseError."""
    tally = Tally()
    tally.add_request(connection_id, CallKind.TEST, result)
    tally.write()


class Tally:
    """What was counted and is not in the database yet."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, str, str, str], float] = defaultdict(float)

    def add(self, answer: Answer, now: datetime) -> None:
        """Count an answer that came in at `now`."""
        job, result = answer.job, answer.result
        call = CallKind.START if answer.submits else CallKind.LOOK
        self.add_request(job.connection_id, call, result)
        if job.next_action_at:
            self._add_seconds(job.connection_id, Counted.LATENESS, call, answer.asked_at - job.next_action_at)
        known_to_run = job.looked_at or job.accepted_at
        if isinstance(result, CloneStatus) and result.status in _ENDS and known_to_run:
            self._add_seconds(job.connection_id, Counted.END_SEEN, call, now - known_to_run)

    def add_request(self, connection_id: int, call: CallKind, result: object) -> None:
        """Count one request by what it came to."""
        self._counts[connection_id, Counted.REQUESTS, call, outcome_of(result)] += 1

    def _add_seconds(self, connection_id: int, name: Counted, call: CallKind, duration: timedelta) -> None:
        seconds = max(0.0, duration.total_seconds())  # the machines' clocks agree to about a second
        bucket = next((f"{limit:g}" for limit in BUCKETS if seconds <= limit), BEYOND)
        self._counts[connection_id, name, call, bucket] += 1
        self._counts[connection_id, name, call, Counter.SUM] += seconds

    def write(self) -> None:
        """Add everything to the counters, in one statement. What could not be written stays counted."""
        if not self._counts:
            return
        # Always in the same order: two workers that write at once must not wait for each other.
        rows = [(*key, value) for key, value in sorted(self._counts.items())]
        table = database.ops.quote_name(Counter._meta.db_table)  # noqa: SLF001  Django's documented Meta API
        places = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
        statement = (
            f"INSERT INTO {table} ({', '.join(_COLUMNS)}) VALUES {places} "  # noqa: S608  own names
            "ON CONFLICT (connection_id, name, call, part) "
            f"DO UPDATE SET value = {table}.value + excluded.value"
        )
        with database.cursor() as cursor:
            cursor.execute(statement, [cell for row in rows for cell in row])
        self._counts.clear()
