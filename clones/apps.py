"""The application that clones stores."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class ClonesConfig(AppConfig):
    """Ecwid stores, clone jobs and the engine that runs them."""

    name = "clones"
    verbose_name = "Clones"

    def ready(self) -> None:
        """Connect what follows a migration."""
        post_migrate.connect(schedule_the_bell, sender=self)
        post_migrate.connect(make_the_groups, sender=self)


def schedule_the_bell(using: str, **_: Any) -> None:
    """Let a plain `manage.py qcluster` look once a minute by itself; `manage.py worker` rings for its own.

    After every migration, and not in one: a row that a migration makes is gone after the first test that flushes.
    """
    from django_q.models import Schedule  # noqa: PLC0415  models are not loaded yet when this module is

    if Schedule._meta.db_table in connections[using].introspection.table_names():  # noqa: SLF001  the Meta API
        facts = {"func": "clones.tasks.tick", "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1}
        Schedule.objects.using(using).update_or_create(name="look for work", defaults=facts)


def make_the_groups(using: str, **_: Any) -> None:
    """Keep a group for every role; after every migration for the same reason."""
    from clones.permissions import make_groups  # noqa: PLC0415  models are not loaded yet when this module is

    make_groups(using)
