"""The application that clones stores."""

from django.apps import AppConfig


class ClonesConfig(AppConfig):
    """Ecwid stores, clone jobs and the engine that runs them."""

    name = "clones"
    verbose_name = "Clones"
