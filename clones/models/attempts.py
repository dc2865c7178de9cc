"""Wrong passwords, as they are counted at the login page."""

from datetime import datetime

from django.db import models


class LoginAttempts(models.Model):
    """The wrong passwords in a row for one key; `operations.attempts` tells what a key stands for, and the rule.

    A key is a digest: what is typed as a user name may be a password by mistake.
    """

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    held_until = models.DateTimeField(null=True)
    counted_at = models.DateTimeField()

    class Meta:
        indexes = (
            # What is old is deleted whenever somebody signs in.
            models.Index(fields=["counted_at"], name="attempts_counted_at"),
        )

    def __str__(self) -> str:
        return f"{self.failures} wrong passwords"

    def is_held(self, now: datetime) -> bool:
        """Tell whether no password is looked at for this key at `now`."""
        return self.held_until is not None and now < self.held_until
