"""A launch that is being prepared: the wizard's rows."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clones.choices import CheckStatus, CloneScope
from clones.models.batch import Batch
from clones.models.lease import Leased
from clones.models.store import TemplateStore
from clones.models.throttle import Throttled
from clones.secrets import SecretField


class Draft(models.Model):
    """What was chosen so far. `batch`: what was launched of it; then its targets are gone.

    `scope` and `clone_demo_catalog` hold where a target says nothing else. `sources` tell how each of its files was
    read: [{"file": name, "encoding": …, "delimiter": …, "used": […], "ignored": […], "missed": […], "rows": n}, …].
    `removed` lists what was taken out of it, as sentences' parts: {"duplicates": [[id, line, file], …], "count": n}.
    `left_out_of`: the batch whose launch left these targets out.
    """

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    template = models.ForeignKey(TemplateStore, null=True, on_delete=models.SET_NULL, related_name="drafts")
    scope = models.CharField(max_length=20, choices=CloneScope.choices, default=CloneScope.ALL)
    clone_demo_catalog = models.BooleanField(default=False)
    name = models.CharField(max_length=200, blank=True)
    canary = models.BooleanField(default=False)
    origin = models.ForeignKey(Batch, null=True, on_delete=models.SET_NULL, related_name="drafts_of_it")
    left_out_of = models.OneToOneField(Batch, null=True, on_delete=models.SET_NULL, related_name="left_out_draft")
    sources = models.JSONField(default=list)
    removed = models.JSONField(default=dict)
    batch = models.OneToOneField(Batch, null=True, on_delete=models.SET_NULL, related_name="draft")

    class Meta:
        ordering = ("-pk",)
        indexes = [models.Index(name="draft_changed", fields=["changed_at"])]

    def __str__(self) -> str:
        return self.name or f"Draft {self.pk}"


class DraftTarget(Leased):
    """One target of a draft, its cells as they were typed (the token sealed), and what is wrong with them.

    `problem`: what is wrong with its shape, as its file was read; gone when a person has changed the row.
    `errors`: {column: [sentence, …]}, empty for a row that can be launched. `line`: its number in the `file` (a name as
    in `Draft.sources`). `findings` of its check: [{"level": CheckStatus, "code": errorCode that it prevents or "",
    "text": sentence}, …].
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="targets", db_index=False)
    position = models.PositiveIntegerField()
    line = models.PositiveIntegerField(null=True)
    file = models.TextField(blank=True)
    problem = models.TextField(blank=True)
    store_id = models.TextField(blank=True)
    email = models.TextField(blank=True)
    name = models.TextField(blank=True)
    label = models.TextField(blank=True)
    access_token = SecretField()
    scope = models.TextField(blank=True)
    clone_demo_catalog = models.TextField(blank=True)
    instant_site = models.TextField(blank=True)
    errors = models.JSONField(default=dict)
    check_status = models.CharField(max_length=20, choices=CheckStatus.choices, default=CheckStatus.NONE, blank=True)
    findings = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)
    store_key = models.ForeignKey(
        "StoreKey",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        help_text="Asked with it last.",
    )

    class Meta:
        ordering = ("position", "pk")
        constraints = [
            models.CheckConstraint(name="check_status_known", condition=Q(check_status__in=CheckStatus.values)),
        ]
        indexes = [
            models.Index(name="draft_target_place", fields=["draft", "position"]),
            # What is to be checked, asked all the time. Not by status: SQLite looks past an index for a list of those.
            models.Index(name="check_due", fields=["next_action_at"], condition=Q(next_action_at__isnull=False)),
            models.Index(name="check_leased", fields=["leased_until"], condition=~Q(lease_token="")),
        ]

    def __str__(self) -> str:
        return self.store_id or self.email

    @property
    def result(self) -> CheckStatus:
        """What its check came to, with word, icon and colour."""
        return CheckStatus(self.check_status)


class StoreKey(Throttled):
    """The budget and the breaker of one store's token, known by its fingerprint (a keyed hash) only."""

    fingerprint = models.CharField(max_length=64, unique=True)
    used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Store key {self.pk}"

    @property
    def key(self) -> str:
        """The fingerprint: another token is another row."""
        return self.fingerprint
