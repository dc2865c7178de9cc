"""The mark: kept outside of the database, it only goes up until somebody says otherwise."""

from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from clones.engine import mark
from clones.lifecycle import record_start
from clones.models import CloneEvent
from tests.factories import CloneJobFactory

pytestmark = pytest.mark.django_db


def happen() -> int:
    """Let something happen to a clone; return the number of the event."""
    record_start([CloneJobFactory.create()], at=timezone.now())
    return CloneEvent.objects.latest("pk").pk


def test_the_newest_event_is_remembered() -> None:
    event = happen()

    mark.keep()

    assert mark.seen() == event
    assert not mark.has_gone_back()


def test_an_event_that_was_seen_is_not_forgotten_when_it_is_gone() -> None:
    happen()
    event = happen()
    mark.keep()
    CloneEvent.objects.filter(pk=event).delete()

    mark.keep()

    assert mark.seen() == event
    assert mark.has_gone_back()


def test_beginning_anew_takes_what_is_there_now() -> None:
    kept, event = happen(), happen()
    mark.keep()
    CloneEvent.objects.filter(pk=event).delete()

    mark.begin_anew()

    assert mark.seen() == kept
    assert not mark.has_gone_back()


def test_a_folder_that_takes_no_file_is_no_trouble(settings: Settings) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "mark": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "/dev/null/mark"},
    }
    happen()

    mark.keep()

    assert (mark.seen(), mark.has_gone_back()) == (0, False)


@pytest.mark.parametrize("left", [0, 1, 10, 25])
def test_a_file_that_was_cut_short_is_no_trouble(settings: Settings, tmp_path: Path, left: int) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "mark": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)},
    }
    event = happen()
    mark.keep()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:left])

    assert not mark.has_gone_back()
    mark.keep()
    assert mark.seen() == event
