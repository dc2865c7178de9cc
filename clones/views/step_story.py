"""The steps around a clone on its page: a store that is created before it, an Instant Site that comes after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self, cast

from clones.choices import CreationStatus, SiteStatus
from clones.models import CloneJob, SiteClone, StoreCreation
from clones.operations import creations
from clones.templatetags.portal import clock

_CREATION: Final = {
    CreationStatus.CREATING: "Ecwid is being asked for it right now.",
    CreationStatus.LOOKING: "Ecwid's answer was lost, so the store may be there. The portal looks it up by its e-mail "
    "until that is clear, and never asks for a second one.",
    CreationStatus.FAILED: "It was not created.",
    CreationStatus.CANCELED: "It was not asked for: the clone was called off before.",
}
_SITE: Final = {
    SiteStatus.CLONING: "Ecwid is being asked for it right now.",
    SiteStatus.CANCELED: "It was left out.",
}
_SITE_CHOICES: Final = {True: "It is left as a draft.", False: "It is published at once."}


@dataclass(frozen=True)
class StepsOfJob:
    """What stands around one clone at `now`."""

    job: CloneJob
    creation: StoreCreation | None
    site: SiteClone | None
    now: datetime

    @classmethod
    def of(cls, job: CloneJob, now: datetime) -> Self:
        """Read it: one query, besides `job.site`."""
        return cls(job, creations.creation_of(job), getattr(job, "site", None), now)

    @property
    def creation_badge(self) -> CreationStatus | None:
        """The store's status, to be drawn."""
        return CreationStatus(self.creation.status) if self.creation else None

    @property
    def site_badge(self) -> SiteStatus | None:
        """The site's status, to be drawn."""
        return SiteStatus(self.site.status) if self.site else None

    @property
    def wants_store(self) -> bool:
        """Tell whether a person is to say what became of the store."""
        return self.creation is not None and self.creation.status == CreationStatus.NEEDS_PERSON

    @property
    def wants_site(self) -> bool:
        """Tell whether a person is to say how the site goes on."""
        return self.site is not None and self.site.status in (SiteStatus.NEEDS_PERSON, SiteStatus.FAILED)

    @property
    def can_leave_site_out(self) -> bool:
        """Tell whether the site can be given up: one that failed has ended."""
        return self.site is not None and self.site.status == SiteStatus.NEEDS_PERSON

    @property
    def was_surely_not_sent(self) -> bool:
        """Tell whether the store can simply be asked for again."""
        return self.creation is not None and self.creation.unanswered_since is None

    @property
    def store_words(self) -> str:
        """How the store stands."""
        return " ".join(self._store_words()) if self.creation else ""

    def _store_words(self) -> Iterator[str]:
        row = cast("StoreCreation", self.creation)
        status = CreationStatus(row.status)
        if status == CreationStatus.CREATED:
            yield f"It is store {self.job.target.store_id}."
        elif status == CreationStatus.NEEDS_PERSON:
            yield row.error_message
        elif status == CreationStatus.WAITING:
            yield self._waiting_store(row)
        else:
            yield _CREATION[status]
        if status == CreationStatus.LOOKING and row.next_action_at and row.next_action_at > self.now:
            yield f"Next look at {clock(row.next_action_at, self.now)}."

    def _waiting_store(self, row: StoreCreation) -> str:
        if row.next_action_at is None:
            return "It waits until the batch goes on."
        if not row.error_message or row.trying_since is None:
            return "Ecwid is asked for it in a moment."
        since, again = clock(row.trying_since, self.now), clock(max(row.next_action_at, self.now), self.now)
        return f"{row.error_message} Tried since {since}, again at {again}."

    @property
    def site_words(self) -> str:
        """How the site stands."""
        return " ".join(self._site_words()) if self.site else ""

    def _site_words(self) -> Iterator[str]:
        row = cast("SiteClone", self.site)
        status = SiteStatus(row.status)
        if status == SiteStatus.WAITING:
            yield from self._waiting_site(row)
        elif status in _SITE:
            yield _SITE[status]
        elif status == SiteStatus.DONE:
            yield "It is in the store as a draft." if row.draft else "It is in the store, published."
        else:
            yield row.error_message or "Ecwid refused it."

    def _waiting_site(self, row: SiteClone) -> Iterator[str]:
        if not self.job.is_completed:
            yield f"It is cloned when the clone has completed. {_SITE_CHOICES[row.draft]}"
        elif row.next_action_at and row.next_action_at > self.now and row.tries:
            yield f"Ecwid could not clone it just now. Next try at {clock(row.next_action_at, self.now)}."
        else:
            yield f"Ecwid is asked for it in a moment. {_SITE_CHOICES[row.draft]}"
