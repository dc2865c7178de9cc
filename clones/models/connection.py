"""A partner application at Ecwid."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from clones.choices import BlockReason
from clones.models.throttle import Throttled
from clones.secrets import SecretField


class ConnectionQuerySet(models.QuerySet["Connection"]):
    """Named queries over connections."""

    def open(self, now: datetime) -> "ConnectionQuerySet":
        """Connections that requests may be sent over at `now`."""
        return self.filter(Q(blocked_until=None) | Q(blocked_until__lte=now), paused_at=None)

    def at_address_of(self, connection: "Connection") -> "ConnectionQuerySet":
        """All connections at the same address, itself too: the stores and tickets behind it are the same for each."""
        return self.filter(api_url=connection.api_url)

    def stopped(self, now: datetime) -> "ConnectionQuerySet":
        """All others."""
        return self.filter(Q(blocked_until__gt=now) | Q(paused_at__isnull=False))


class Connection(Throttled):
    """The application key that clones are made with. One reseller has one, or one and a sandbox."""

    name = models.CharField(max_length=100, unique=True)
    api_url = models.CharField(max_length=300)
    site_url = models.CharField(max_length=300, blank=True)
    client_id = models.CharField(max_length=200)
    client_secret = SecretField()
    is_sandbox = models.BooleanField(default=False, help_text="A stand-in for Ecwid on this machine; nothing is real.")
    paused_at = models.DateTimeField(null=True, editable=False)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = [
            # Two rows would have two budgets and two breakers for one key, and could take each other's tickets.
            models.UniqueConstraint(name="connection_application_once", fields=["api_url", "client_id"]),
            # A block says since when and why, or there is none.
            models.CheckConstraint(
                name="connection_block_is_whole",
                condition=Q(blocked_since=None, blocked_until=None, block_reason="")
                | Q(blocked_since__isnull=False, blocked_until__isnull=False, block_reason__in=BlockReason.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> tuple[str, str, str]:
        """What its requests are made with, the secret sealed: an answer to another key says nothing about this one."""
        return self.api_url, self.client_id, self.client_secret.ciphertext

    def is_stopped(self, now: datetime) -> bool:
        """Tell whether it is blocked at `now`, or paused."""
        return self.paused_at is not None or self.is_blocked(now)

    def standstill(self, now: datetime) -> str:
        """Say in a sentence, in the zone that is active, why nothing is sent over it at `now`; "" when it is open."""
        if self.paused_at:
            since = f"{timezone.localtime(self.paused_at):%Y-%m-%d %H:%M %Z}"
            return f"Connection {self.name} is paused since {since}: nothing is sent."
        if not self.is_blocked(now) or self.blocked_since is None or self.blocked_until is None:
            return ""
        since = f"since {timezone.localtime(self.blocked_since):%Y-%m-%d %H:%M %Z}"
        if self.block_reason == BlockReason.RATE_LIMITED:
            goes_on = f"it goes on at {timezone.localtime(self.blocked_until):%H:%M:%S %Z}"
            return f"Ecwid's rate limit stopped connection {self.name} {since}; {goes_on}."
        return f"Connection {self.name} is stopped {since}: {self.block_message}"
