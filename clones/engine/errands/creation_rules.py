"""What each answer means for a store that is to be created: decided without database or network.

A lost answer is settled by the look-up by e-mail or by a person, never by guessing. The look-up's "nobody has that
e-mail" proves nothing while the lost request may still be on its way: it leaves at most half of WORKER_SILENT_SECONDS
after it is written down, is given up after 45 s (`ecwid.Timeouts`), and no gateway is assumed to hand it on later than
a minute or two after that. LATE_REQUEST covers all of this, and clocks that differ by up to a minute. Should one come
later still, Ecwid refuses the second by its e-mail, and a person looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from clones.choices import CreationStatus
from clones.ecwid import (
    Conflict,
    CredentialsRefused,
    EcwidError,
    NotSent,
    RateLimited,
    RefusalKind,
    Refused,
)
from clones.engine import pacing
from clones.engine.errands.creation_calls import is_missing_scope
from clones.models import Connection, StoreCreation

LATE_REQUEST: Final = timedelta(minutes=4)
FIRST_LOOK: Final = timedelta(seconds=3)
LONGEST_PAUSE: Final = timedelta(minutes=30)
GIVE_UP_AFTER: Final = timedelta(hours=24)
MOST_REQUESTS: Final = 5  # that got lost one after the other, though nothing was created

TAKEN: Final = "Ecwid has a store with the e-mail {email} already, so none was created."
BESIDE: Final = (
    "A store for {email} is being created, or was, over connection “{connection}”, so none was asked for over this one."
)
INVALID: Final = "Ecwid refused to create the store: the e-mail or the name is not valid for it."
REFUSED: Final = "Ecwid refused to create the store."
LOST: Final = "{answer} The store for {email} may have been created: looking it up."
LACKS_RIGHT: Final = (
    "Ecwid does not let this application create stores, so none was created. Ask Ecwid for the scope create_stores, or "
    "create the store yourself and enter its ID here."
)
LACKS_LOOK_UP: Final = (
    "Ecwid's answer was lost, and this application may not look stores up (scope read_stores). Look in Ecwid's control "
    "panel whether {email} has a store."
)
FOUND: Final = (
    "Ecwid has a store for {email} now, most likely the one that was asked for here: its answer with ID and token was "
    "lost. Enter both from Ecwid's control panel."
)
UNKNOWN_FOR_LONG: Final = (
    "For a day Ecwid has not told whether it created the store for {email}. Look in its control panel."
)
UNREACHABLE_FOR_LONG: Final = (
    "For a day it was tried in vain, and no store was asked for. Try again when Ecwid answers."
)
LOST_TOO_OFTEN: Final = (
    "Ecwid lost the answer {tries} times, and created nothing. Look in its control panel, or try again later."
)
NOTHING_CREATED: Final = "Ecwid has no store for {email}, so nothing was created. Asking again."


@dataclass(frozen=True)
class Verdict:
    """The status that a creation gets, its columns, and what its clone's history tells ("": nothing new)."""

    to: CreationStatus
    fields: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    code: str = ""
    message: str = ""


def lacks_right(error: EcwidError, used: Connection, *, refused_before: bool) -> bool:
    """Tell a key that may not do this from one that is refused for everything.

    Ecwid's code says so. Without it, that it was taken again since it was refused to a creation (`refused_before`).
    """
    if not isinstance(error, CredentialsRefused):
        return False
    return is_missing_scope(error) or (refused_before and not used.block_reason)


def on_created(row: StoreCreation, error: EcwidError, now: datetime, *, lacks: bool) -> Verdict:
    """Tell what an answer other than a store means for the request to create it; `row` is as written ahead of it."""
    if isinstance(error, RateLimited):
        return _not_sent(row, now, f"{error} Nothing is sent until that is over.")
    if isinstance(error, CredentialsRefused):
        return _needs_right(row, error) if lacks else _refused_key(row, error, now)
    if isinstance(error, NotSent):
        return _unreachable(row, error, now)
    if isinstance(error, Refused) and error.kind is not RefusalKind.TRANSIENT:
        return _refused(row, error)
    note = LOST.format(answer=error, email=row.email)
    return _said(CreationStatus.LOOKING, {"next_action_at": now + FIRST_LOOK}, note, error)


def on_beside(row: StoreCreation, other: StoreCreation) -> Verdict:
    """Do without a store that was asked for over another connection at the same address."""
    note = BESIDE.format(email=row.email, connection=other.connection)
    return Verdict(CreationStatus.FAILED, {"error_code": "", "error_message": note}, note)


def on_looked_up(
    row: StoreCreation,
    answer: bool | EcwidError,  # noqa: FBT001
    asked_at: datetime,
    now: datetime,
    *,
    lacks: bool,
) -> Verdict:
    """Tell what the look-up's `answer` means, asked at `asked_at`: whether a store has that e-mail, or an error."""
    if answer is True:
        return _needs_person(FOUND.format(email=row.email))
    if isinstance(answer, EcwidError) and lacks:
        return _needs_person(LACKS_LOOK_UP.format(email=row.email), answer)
    doubt_since = row.submitted_at or row.created_at
    if answer is False and asked_at - doubt_since >= LATE_REQUEST:
        return _nothing_created(row, now)
    if now - (row.unanswered_since or doubt_since) > GIVE_UP_AFTER:
        return _needs_person(UNKNOWN_FOR_LONG.format(email=row.email), answer or None)
    next_look = now + min(LONGEST_PAUSE, max(FIRST_LOOK, (now - doubt_since) / 2))
    if answer is False:
        next_look = min(next_look, max(now + FIRST_LOOK, doubt_since + LATE_REQUEST))
    return Verdict(CreationStatus.LOOKING, {"next_action_at": next_look})


def _nothing_created(row: StoreCreation, now: datetime) -> Verdict:
    surely_not = {"unanswered_since": None, "error_code": "", "error_message": ""}
    if row.tries >= MOST_REQUESTS:
        verdict = _needs_person(LOST_TOO_OFTEN.format(tries=row.tries))
        return Verdict(verdict.to, {**surely_not, **verdict.fields}, verdict.note)
    return Verdict(
        CreationStatus.WAITING, {**surely_not, "next_action_at": now}, NOTHING_CREATED.format(email=row.email)
    )


def _not_sent(row: StoreCreation, at: datetime, note: str) -> Verdict:
    """Go back to where it was: this request does not count."""
    fields = {"next_action_at": at, "unanswered_since": None, "tries": row.tries - 1, "error_message": ""}
    return Verdict(CreationStatus.WAITING, fields, note)


def _unreachable(row: StoreCreation, error: NotSent, now: datetime) -> Verdict:
    """Try again, less and less often; after a day a person says how it goes on."""
    trying_for = now - (row.trying_since or now)
    if trying_for > GIVE_UP_AFTER:
        verdict = _needs_person(f"{error} {UNREACHABLE_FOR_LONG}")
        surely_not = {"unanswered_since": None, "tries": row.tries - 1}
        return Verdict(verdict.to, {**verdict.fields, **surely_not}, verdict.note)
    pause = timedelta(seconds=pacing.unreachable_seconds(trying_for.total_seconds()))
    waits = _not_sent(row, now + pause, f"{error} No store was asked for. Trying again.")
    return Verdict(waits.to, {**waits.fields, "error_message": str(error)}, waits.note)


def _refused_key(row: StoreCreation, error: CredentialsRefused, now: datetime) -> Verdict:
    waits = _not_sent(row, now, f"{error} Nothing is sent until that is put right.")
    return _said(waits.to, waits.fields, waits.note, error)


def _needs_right(row: StoreCreation, error: CredentialsRefused) -> Verdict:
    verdict = _needs_person(LACKS_RIGHT, error)
    surely_not = {"unanswered_since": None, "tries": row.tries - 1}
    return Verdict(verdict.to, {**verdict.fields, **surely_not}, verdict.note, verdict.code, verdict.message)


def _refused(row: StoreCreation, error: Refused) -> Verdict:
    if isinstance(error, Conflict):
        if row.tries > 1:  # an earlier request was lost, and came through after all
            return _needs_person(FOUND.format(email=row.email), error)
        return _said(CreationStatus.FAILED, {}, TAKEN.format(email=row.email), error)
    invalid = error.kind is RefusalKind.UNKNOWN and error.http_status == HTTPStatus.BAD_REQUEST
    return _said(CreationStatus.FAILED, {}, INVALID if invalid else REFUSED, error)


def _needs_person(note: str, error: EcwidError | None = None) -> Verdict:
    verdict = _said(CreationStatus.NEEDS_PERSON, {"next_action_at": None}, note, error)
    return Verdict(verdict.to, {**verdict.fields, "error_message": note}, note, verdict.code, verdict.message)


def _said(to: CreationStatus, fields: Mapping[str, Any], note: str, error: EcwidError | None) -> Verdict:
    """Keep Ecwid's words in the row and in the history."""
    code, message = (error.code, error.message) if isinstance(error, Refused) else ("", "")
    # A bare status has no code of its own, and is to be known again.
    known_by = code or (f"HTTP {error.http_status}" if isinstance(error, Refused) else "")
    return Verdict(to, {**fields, "error_code": known_by, "error_message": message}, note, code, message)
