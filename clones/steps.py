"""How the steps around a clone change: a store that is created before it, an Instant Site that is cloned after it.

The tables of allowed transitions, and the only code that writes a step's status. Every change is a compare-and-swap on
the status that the row was read with, and raises its `version`. What happens is told in the job's history, by whoever
makes the change.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db.models import F

from clones.choices import CREATION_ENDED, SITE_ENDED, CreationStatus, SiteStatus
from clones.models import SiteClone, StoreCreation

Step = TypeVar("Step", StoreCreation, SiteClone)

CREATION_TRANSITIONS: Final[Mapping[CreationStatus, frozenset[CreationStatus]]] = {
    CreationStatus.WAITING: frozenset(
        {
            CreationStatus.CREATING,
            CreationStatus.LOOKING,  # after an older backup: it may have been sent since
            CreationStatus.NEEDS_PERSON,  # another one has shown that the application may not create stores
            CreationStatus.CANCELED,
            CreationStatus.FAILED,
        }
    ),
    CreationStatus.CREATING: frozenset(
        {
            CreationStatus.WAITING,  # surely not sent
            CreationStatus.CREATED,
            CreationStatus.FAILED,
            CreationStatus.LOOKING,
            CreationStatus.NEEDS_PERSON,
        }
    ),
    CreationStatus.LOOKING: frozenset(
        {
            CreationStatus.WAITING,  # nothing was created
            CreationStatus.CREATED,  # the lost answer came in late
            CreationStatus.NEEDS_PERSON,
        }
    ),
    CreationStatus.NEEDS_PERSON: frozenset(
        {
            CreationStatus.CREATED,
            CreationStatus.LOOKING,
            CreationStatus.WAITING,  # surely never sent
            CreationStatus.CANCELED,  # also only then
            CreationStatus.FAILED,
        }
    ),
    CreationStatus.CREATED: frozenset(),
    CreationStatus.FAILED: frozenset(),
    CreationStatus.CANCELED: frozenset(),
}

SITE_TRANSITIONS: Final[Mapping[SiteStatus, frozenset[SiteStatus]]] = {
    SiteStatus.WAITING: frozenset({SiteStatus.CLONING, SiteStatus.NEEDS_PERSON, SiteStatus.CANCELED}),
    SiteStatus.CLONING: frozenset({SiteStatus.DONE, SiteStatus.WAITING, SiteStatus.FAILED, SiteStatus.NEEDS_PERSON}),
    SiteStatus.NEEDS_PERSON: frozenset({SiteStatus.WAITING, SiteStatus.CANCELED}),
    SiteStatus.FAILED: frozenset({SiteStatus.WAITING}),  # a person tries again
    SiteStatus.DONE: frozenset(),
    SiteStatus.CANCELED: frozenset(),
}

_LEASE_GIVEN_BACK: Final[Mapping[str, Any]] = {"lease_token": "", "leased_until": None, "leased_by": None}


class IllegalStepError(Exception):
    """A change of a step that its table does not allow: a bug, not a state of the world."""


def advance_creations(rows: Sequence[StoreCreation], to: CreationStatus, *, at: datetime, **fields: object) -> set[int]:
    """Bring creations that share a status to `to`; return the ids of those that still had it. One query.

    `fields` are further columns to write. At an end the lease, the doubt and the next action are taken away.
    """
    _check(rows, to, CREATION_TRANSITIONS)
    ends = to in CREATION_ENDED
    return _write(rows, to, {**_following(ends=ends, at=at), **({"unanswered_since": None} if ends else {}), **fields})


def advance_sites(rows: Sequence[SiteClone], to: SiteStatus, *, at: datetime, **fields: object) -> set[int]:
    """Do the same for Instant Sites."""
    _check(rows, to, SITE_TRANSITIONS)
    return _write(rows, to, {**_following(ends=to in SITE_ENDED, at=at), **fields})


def job_ended(job_ids: set[int], *, completed: bool, at: datetime) -> None:
    """Draw the consequences for the steps of jobs that have just ended: a site is due, or left out with its clone.

    A store that Ecwid surely was not asked for is not created either.
    """
    sites = SiteClone.objects.filter(job__in=job_ids, status=SiteStatus.WAITING)
    if completed:
        sites.update(next_action_at=at, version=F("version") + 1)
        return
    if waiting := list(sites):
        advance_sites(waiting, SiteStatus.CANCELED, at=at)
    live = StoreCreation.objects.filter(target__jobs__in=job_ids, finished_at=None)
    advance_creations(list(live.filter(status=CreationStatus.WAITING, lease_token="")), CreationStatus.CANCELED, at=at)
    stuck = live.filter(status=CreationStatus.NEEDS_PERSON, unanswered_since=None)
    advance_creations(list(stuck), CreationStatus.CANCELED, at=at)


def _check(rows: Sequence[Step], to: Any, table: Mapping[Any, frozenset[Any]]) -> None:
    """Raise IllegalStepError where the table does not allow it."""
    for row in rows:
        if to not in table[type(to)(row.status)]:
            message = f"{row}: {row.status} → {to}"
            raise IllegalStepError(message)
    if len({row.status for row in rows}) > 1:
        message = "Rows that change together share a status."
        raise IllegalStepError(message)


def _following(*, ends: bool, at: datetime) -> dict[str, Any]:
    """Columns that follow from reaching an end, or from leaving one."""
    if ends:
        return {"finished_at": at, "next_action_at": None, **_LEASE_GIVEN_BACK}
    return {"finished_at": None}


def _write(rows: Sequence[Step], to: CreationStatus | SiteStatus, columns: Mapping[str, object]) -> set[int]:
    if not rows:
        return set()
    table = type(rows[0]).objects.filter(pk__in=[row.pk for row in rows], status=rows[0].status)
    found = set(table.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    if found:
        table.filter(pk__in=found).update(status=to, version=F("version") + 1, **columns)
    return found
