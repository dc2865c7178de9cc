"""One clone into one target store."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from clones.choices import ACTIVE, ECWIDS_WORDS, TERMINAL, CloneScope, FailureKind, JobStatus
from clones.models.batch import Batch
from clones.models.connection import Connection
from clones.models.lease import Leased
from clones.models.store import TargetStore, TemplateStore
from clones.models.worker import WorkerBeat

LATELY: Final = timedelta(days=14)  # what failed longer ago wants nobody any more


class CloneJobQuerySet(models.QuerySet["CloneJob"]):
    """Named queries over jobs."""

    def active(self) -> "CloneJobQuerySet":
        """Jobs that are not at their end: ACTIVE, as `job_finished_at_iff_terminal` holds.

        Asked for by the empty time, because SQLite looks past a partial index whose condition names a list of statuses.
        """
        return self.filter(finished_at=None)

    def kept(self) -> "CloneJobQuerySet":
        """Jobs whose batch is not being thrown away: of the others a part may be missing already."""
        return self.filter(batch__thrown_away_since=None)

    def into(self, connection: Connection, store_ids: Iterable[str]) -> "CloneJobQuerySet":
        """Jobs into the stores with these IDs, over whichever connection at the address of `connection`."""
        places = Connection.objects.at_address_of(connection)
        return self.filter(target__connection__in=places, target__store_id__in=list(store_ids))

    def due(self, now: datetime) -> "CloneJobQuerySet":
        """Active jobs that want attention at `now` and that nobody holds, longest due first."""
        return self.active().filter(next_action_at__lte=now, lease_token="").order_by("next_action_at", "pk")

    def lately_failed(self, now: datetime) -> "CloneJobQuerySet":
        """Jobs that failed within the last days and that nobody asked for again.

        A kind of failure has what failed and nothing else; asked for the status, SQLite reads all that ever failed.
        """
        failed = self.exclude(failure_kind="").filter(finished_at__gte=now - LATELY)
        return failed.filter(~Exists(CloneJob.objects.filter(retry_of=OuterRef("pk"))))

    def void(self, now: datetime) -> "CloneJobQuerySet":
        """Jobs whose lease is void at `now`. Only an active one has a lease: its end gives it back."""
        dead = WorkerBeat.objects.dead(now)
        return self.active().exclude(lease_token="").filter(Q(leased_until__lte=now) | Q(leased_by__in=dead))

    def lock(self, jobs: Iterable["CloneJob"]) -> set[int]:
        """Lock the rows of `jobs` that are in this selection, until the transaction ends; return their ids."""
        return set(self._locked(jobs).values_list("pk", flat=True))

    def lock_leased(self, jobs: Iterable["CloneJob"], *, skip_locked: bool = False) -> set[int]:
        """Do the same, but return only those whose lease is still the one that the job was read with.

        `skip_locked`: leave out rows that somebody holds, instead of waiting for them.
        """
        tokens = {job.pk: job.lease_token for job in jobs}
        rows = self._locked(jobs, skip_locked=skip_locked).values_list("pk", "lease_token")
        return {pk for pk, lease_token in rows if lease_token == tokens[pk]}

    def _locked(self, jobs: Iterable["CloneJob"], *, skip_locked: bool = False) -> "CloneJobQuerySet":
        ids = [job.pk for job in jobs]
        return self.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True, skip_locked=skip_locked)


class CloneJob(Leased):
    """A job's facts. `lifecycle` alone writes `status`; the engine alone writes the lease.

    `unanswered_since` is set before a POST leaves and cleared by the answer that settles it: while it is set, Ecwid may
    be running a clone that we hold no ticket of. `error_code` and `error_message` are Ecwid's last refusal, as it came.
    """

    # Without an index of their own are those that an index below begins with.
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="jobs")
    template = models.ForeignKey(TemplateStore, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    target = models.ForeignKey(TargetStore, on_delete=models.PROTECT, related_name="jobs")
    scope = models.CharField(max_length=20, choices=CloneScope.choices)
    clone_demo_catalog = models.BooleanField(default=False)
    retry_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="retries")

    status = models.CharField(max_length=20, choices=JobStatus.choices, default=JobStatus.WAITING)
    ticket = models.CharField(max_length=100, blank=True)
    remote_status = models.CharField(max_length=255, blank=True, help_text="Ecwid's word for it, as it came.")
    failure_kind = models.CharField(max_length=20, blank=True, choices=FailureKind.choices)
    error_code = models.CharField(max_length=255, blank=True)
    error_message = models.TextField(blank=True)
    mapping_note = models.TextField(blank=True, help_text="Why the mapping of a completed job is empty.")

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()
    trying_since = models.DateTimeField(null=True, help_text="The first POST.")
    submitted_at = models.DateTimeField(null=True, help_text="The latest POST.")
    unanswered_since = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True, help_text="When we learned the ticket.")
    looked_at = models.DateTimeField(null=True, help_text="The latest look that found it running.")
    ticket_unknown_since = models.DateTimeField(null=True, help_text="Since when Ecwid says 404 to the ticket.")
    overdue_since = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = CloneJobQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(name="job_status_known", condition=Q(status__in=JobStatus.values)),
            models.CheckConstraint(name="job_scope_known", condition=Q(scope__in=CloneScope.values)),
            # Two clones into one store would spoil it.
            models.UniqueConstraint(
                name="job_one_active_per_target", fields=["target"], condition=Q(status__in=ACTIVE)
            ),
            # A ticket is one clone: adopting another job's would show somebody else's result.
            models.UniqueConstraint(name="job_ticket_once", fields=["connection", "ticket"], condition=~Q(ticket="")),
            models.CheckConstraint(
                name="job_finished_at_iff_terminal",
                condition=Q(status__in=TERMINAL, finished_at__isnull=False)
                | Q(status__in=ACTIVE, finished_at__isnull=True),
            ),
            models.CheckConstraint(
                name="job_failure_kind_iff_failed",
                condition=Q(status=JobStatus.FAILED, failure_kind__in=FailureKind.values)
                | (~Q(status=JobStatus.FAILED) & Q(failure_kind="")),
            ),
            # Nothing at Ecwid can be followed without its ticket.
            models.CheckConstraint(
                name="job_ticket_when_at_ecwid",
                condition=~Q(status__in=(JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED)) | ~Q(ticket=""),
            ),
        ]
        indexes = [
            # CloneJobQuerySet.due, asked every second by every worker.
            models.Index(
                name="job_due_next",
                fields=["connection", "next_action_at"],
                condition=Q(finished_at=None, lease_token=""),
            ),
            # The list of clones: how many there are of each status. No more columns: it is read from end to end.
            models.Index(name="job_by_status", fields=["status"]),
            # A template's clones: how many of each status, and the last completed ones.
            models.Index(name="job_by_template", fields=["template", "status", "finished_at"]),
            # How far a batch is, which its page asks every other second.
            models.Index(name="job_by_batch", fields=["batch", "status"]),
            # The list of one person's clones: how many of each status.
            models.Index(name="job_by_person", fields=["created_by", "status"]),
            # The dashboard: what ended lately, and how many a day.
            models.Index(name="job_finished", fields=["finished_at", "status"]),
            # CloneJobQuerySet.void, also every second.
            models.Index(name="job_leased", fields=["leased_until"], condition=~Q(lease_token="")),
        ]

    def __str__(self) -> str:
        return f"Job {self.pk}"

    @property
    def is_terminal(self) -> bool:
        """Tell whether the job is at its end."""
        return self.status in TERMINAL

    @property
    def is_completed(self) -> bool:
        """Tell whether Ecwid confirmed the clone and its mapping is stored."""
        return self.status == JobStatus.COMPLETED

    @property
    def has_unknown_status(self) -> bool:
        """Tell whether Ecwid calls it by a status that the portal does not know; it counts as running."""
        return not self.is_terminal and self.remote_status not in ("", *ECWIDS_WORDS)

    @property
    def can_be_canceled(self) -> bool:
        """Tell whether Ecwid surely knows nothing of it yet: there is no cancel call at Ecwid."""
        return self.status == JobStatus.WAITING and self.unanswered_since is None

    @property
    def may_be_accepted_twice(self) -> bool:
        """Tell whether a second POST after the first clone's end would be accepted: it leaves the catalog empty."""
        return not CloneScope(self.scope).copies_catalog or self.template.is_known_empty
