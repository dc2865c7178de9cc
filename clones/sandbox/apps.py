"""The sandbox's only Django application."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Stores, clones and a log of what really happened."""

    name = "clones.sandbox"
    label = "sandbox"
