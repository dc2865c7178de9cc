"""How times are written."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from clones.templatetags.portal import duration, when

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [(timedelta(0), "just now"), (timedelta(milliseconds=999), "just now"), (timedelta(days=2), "24 Nov 2026, 12:00")],
    ids=str,
)
def test_a_time_in_a_sentence(ago: timedelta, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)

    assert strip_tags(when(NOW - ago)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "under 1 s"), (0.9, "under 1 s"), (1, "1 s"), (60, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_a_length_of_time(seconds: float, words: str) -> None:
    assert duration(seconds) == words
