"""How the stores of a batch stand, over all their steps: the store to be created, the clone, the Instant Site."""

from dataclasses import dataclass
from typing import Final

from clones.choices import CREATION_ENDED, SITE_MOVES, CreationStatus, HoldReason, JobStatus, SiteStatus
from clones.models import Batch, CloneJob, SiteClone, StoreCreation

Step = CreationStatus | JobStatus | SiteStatus

_BEFORE: Final = {CreationStatus: "Store ", JobStatus: "", SiteStatus: "Site "}


def words(step: Step) -> str:
    """Return the step's status in words: "Store being created", "In progress"."""
    before = _BEFORE[type(step)]
    return f"{before}{step.label.lower()}" if before else str(step.label)


@dataclass(frozen=True)
class Standing:
    """One store. `creation`: of the store, until it is there; `site`: its Instant Site, where one is wanted.

    `stuck` says in a sentence why it does not go on by itself; "" where it does, or where it has ended.
    """

    job: CloneJob
    creation: StoreCreation | None
    site: SiteClone | None
    stuck: str = ""

    @property
    def step(self) -> Step:
        """The status of the step that it is at."""
        if self.creation and not self.job.is_terminal:
            return CreationStatus(self.creation.status)
        if self.site and self.job.is_completed and not self.site.finished_at:
            return SiteStatus(self.site.status)
        return JobStatus(self.job.status)

    @property
    def is_done(self) -> bool:
        """Tell whether all that was wanted of it is there."""
        return self.job.is_completed and (self.site is None or self.site.status == SiteStatus.DONE)

    @property
    def moves(self) -> bool:
        """Tell whether more will come of it by itself."""
        return not self.stuck and (not self.job.is_terminal or self._has_open_site)

    @property
    def needs_person(self) -> str:
        """Name what a person has to see to; "" where there is nothing."""
        if self.creation and not self.job.is_terminal and self.creation.status == CreationStatus.NEEDS_PERSON:
            return "store"
        return "Instant Site" if self.site and self.site.status == SiteStatus.NEEDS_PERSON else ""

    @property
    def is_held(self) -> bool:
        """Tell whether its next step is due at no time."""
        first: CloneJob | StoreCreation = self.creation or self.job
        waits = self.job.status == JobStatus.WAITING and self.step in {JobStatus.WAITING, CreationStatus.WAITING}
        return waits and first.next_action_at is None and not first.lease_token

    @property
    def _has_open_site(self) -> bool:
        return self.job.is_completed and self.site is not None and self.site.status in SITE_MOVES


def standings(batch_id: int) -> list[Standing]:
    """Return how the stores of the batch stand, in their order. A few queries, however many they are."""
    batch = Batch.objects.get(pk=batch_id)
    jobs = CloneJob.objects.filter(batch=batch).select_related("connection", "target").order_by("pk")
    open_creations = StoreCreation.objects.exclude(status__in=CREATION_ENDED).filter(target__jobs__batch=batch)
    creations = {creation.target_id: creation for creation in open_creations}
    sites = {site.job_id: site for site in SiteClone.objects.filter(job__batch=batch)}
    rows = [Standing(job, creations.get(job.target_id), sites.get(job.pk)) for job in jobs]
    canary_needs_person = bool(batch.canary and not batch.released_at and rows[0].needs_person)
    held = HoldReason(batch.hold_reason).label if batch.held_since else ""
    if canary_needs_person:
        held = f"The first store needs a person, see clone {rows[0].job.pk}"
    return [Standing(row.job, row.creation, row.site, _stuck(row, held)) for row in rows]


def _stuck(row: Standing, held: str) -> str:
    if row.needs_person:
        return f"Its {row.needs_person} needs a person: the page of clone {row.job.pk} says what to do."
    if held and row.is_held:
        return f"Held: {held[0].lower()}{held[1:]}. The page of batch {row.job.batch_id} says what to do."
    return ""
