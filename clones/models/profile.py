"""What a person likes to see."""

from django.conf import settings
from django.db import models

from clones.choices import MailChoice


class Theme(models.TextChoices):
    """Light or dark."""

    AUTO = "auto", "As this device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Profile(models.Model):
    """A person's own settings; made on first use, so a user without one has the defaults."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    time_zone = models.CharField(max_length=64, blank=True, help_text="Empty: as the browser says.")
    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.AUTO)
    batch_mail = models.CharField(max_length=10, choices=MailChoice.choices, default=MailChoice.ALWAYS)

    def __str__(self) -> str:
        return str(self.user)
