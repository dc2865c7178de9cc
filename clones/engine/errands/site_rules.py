"""What each answer means for the Instant Site of a clone: decided without database or network.

To clone a site again is safe, it overwrites: whatever may pass is simply asked for again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from clones.choices import SiteStatus
from clones.ecwid import CredentialsRefused, EcwidError, NoAnswer, NotSent, RateLimited, RefusalKind, Refused
from clones.engine import pacing
from clones.models import SiteClone

FIRST_PAUSE_SECONDS: Final = 5.0
LONGEST_PAUSE_SECONDS: Final = 1800.0
MOST_TRIES: Final = 16  # some four hours

DONE_DRAFT: Final = "The template's Instant Site was cloned into the store, as a draft."
DONE: Final = "The template's Instant Site was cloned into the store and published."
KEY_MISSING: Final = "The Instant Site waits: it takes the store's access token, and the portal has none."
NO_ADDRESS: Final = (
    "The Instant Site waits: the connection has no address for Instant Sites. An admin enters it; then try again."
)
UNREADABLE: Final = "The Instant Site waits: the store's access token cannot be read. Enter it again."
TOO_MANY_REFUSED: Final = (
    "The Instant Site waits: Ecwid has refused so many stores' access tokens within a day that going on would risk a "
    "block of this machine. The portal goes on by itself when the day is over."
)
LOOK_AGAIN: Final = timedelta(hours=1)  # whether that is over
KEY_REFUSED: Final = (
    "Ecwid does not take the store's access token for Instant Sites. Give it the scope manage_instant_site, or enter "
    "another token."
)
AGAIN: Final = "{answer} The Instant Site is asked for again."
REFUSED: Final = "Ecwid refused to clone the Instant Site."
TOO_OFTEN: Final = "The Instant Site was asked for {tries} times without success. {answer}"


@dataclass(frozen=True)
class Verdict:
    """The status that a site gets, its columns, and what its clone's history tells."""

    to: SiteStatus
    note: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    message: str = ""


def needs_person(note: str, error: Refused | None = None) -> Verdict:
    """Let it wait for a person, who reads the note."""
    code, message = (error.code, error.message) if error else ("", "")
    fields = {"next_action_at": None, "error_code": code, "error_message": note}
    return Verdict(SiteStatus.NEEDS_PERSON, note, fields, code, message)


def on_answer(row: SiteClone, error: EcwidError | None, now: datetime) -> Verdict:
    """Tell what an answer means; None: it was cloned. `row` is as written ahead of the request."""
    if error is None:
        fields = {"error_code": "", "error_message": ""}
        return Verdict(SiteStatus.DONE, DONE_DRAFT if row.draft else DONE, fields)
    if isinstance(error, CredentialsRefused):
        return needs_person(KEY_REFUSED, error)
    if isinstance(error, RateLimited):
        pause = timedelta(seconds=error.retry_after + 1)
        return _again(error, now + pause, tries=row.tries - 1)
    passes = isinstance(error, NoAnswer | NotSent) or (
        isinstance(error, Refused) and error.kind is RefusalKind.TRANSIENT
    )
    code, message = (error.code, error.message) if isinstance(error, Refused) else ("", "")
    if passes and row.tries < MOST_TRIES:
        pause = timedelta(seconds=pacing.doubling(FIRST_PAUSE_SECONDS, row.tries, LONGEST_PAUSE_SECONDS))
        return _again(error, now + pause, tries=row.tries)
    note = TOO_OFTEN.format(tries=row.tries, answer=error) if passes else REFUSED
    return Verdict(SiteStatus.FAILED, note, {"error_code": code, "error_message": message or note}, code, message)


def _again(error: EcwidError, at: datetime, *, tries: int) -> Verdict:
    return Verdict(SiteStatus.WAITING, AGAIN.format(answer=error), {"next_action_at": at, "tries": tries})
