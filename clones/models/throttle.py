"""What every credential carries: its request budget and its breaker."""

from datetime import datetime

from django.db import models

from clones.choices import BlockReason


class Throttled(models.Model):
    """A credential of Ecwid's: requests are counted, and stopped, for each one by itself.

    The budget is a token bucket (`engine.budget`): `bucket_level` slots were there at `bucket_at`. The breaker is open
    (traffic stopped) while `blocked_since` is set and `blocked_until` lies ahead.
    """

    rate_limit = models.PositiveIntegerField(default=600, help_text="Requests a minute that Ecwid allows.")
    bucket_level = models.FloatField(default=0, editable=False)
    bucket_at = models.DateTimeField(null=True, editable=False)
    blocked_since = models.DateTimeField(null=True, editable=False)
    blocked_until = models.DateTimeField(null=True, editable=False)
    block_reason = models.CharField(max_length=20, blank=True, choices=BlockReason.choices, editable=False)
    block_message = models.TextField(blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def key(self) -> object:
        """What requests are made with, nothing of it readable: an answer to another key says nothing about this one."""
        raise NotImplementedError

    def is_blocked(self, now: datetime) -> bool:
        """Tell whether Ecwid must not be called with this credential at `now`."""
        return self.blocked_until is not None and now < self.blocked_until

    def is_stopped(self, now: datetime) -> bool:
        """Tell whether nothing is to be sent with it at `now`, by Ecwid's will or ours."""
        return self.is_blocked(now)
