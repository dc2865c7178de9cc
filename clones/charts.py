"""Drawings made by the server: their measures, so that a template has only to place them."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from clones.choices import TERMINAL, JobStatus
from clones.progress import Part, Progress
from clones.reports import Day

WIDTH: Final = 560
HEIGHT: Final = 180
_TOP: Final = 18  # room for the number above the highest bar
_GAP: Final = 0.3  # of a day's width
_LEAST: Final = 2.0  # per cent of a lying bar: one failed clone of thousands can be seen


@dataclass(frozen=True)
class Segment:
    """A part of a bar."""

    status: JobStatus
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One day: where it stands, and its parts from the bottom up."""

    day: Day
    x: float
    width: float
    top: float
    segments: tuple[Segment, ...]

    @property
    def middle(self) -> float:
        """Where its labels stand."""
        return self.x + self.width / 2


def bars(days: list[Day]) -> list[Bar]:
    """Return a stacked bar for each day, on a scale that the busiest day fills."""
    most = max((day.total for day in days), default=0) or 1
    step = WIDTH / max(len(days), 1)
    return [_bar(day, number * step + step * _GAP / 2, step * (1 - _GAP), most) for number, day in enumerate(days)]


def _bar(day: Day, x: float, width: float, most: int) -> Bar:
    segments = []
    y = float(HEIGHT)
    for status in TERMINAL:
        height = (HEIGHT - _TOP) * day.counts.get(status, 0) / most
        if height:
            y -= height
            segments.append(Segment(status, y, height))
    return Bar(day, x, width, y, tuple(segments))


@dataclass(frozen=True)
class Stretch:
    """A part of a lying bar: where it begins and how long it is, in per cent of the bar."""

    part: Part
    x: float
    width: float


def stretches(progress: Progress) -> list[Stretch]:
    """Return the parts of a batch as one bar, from left to right; what waits comes last, and its end stays empty."""
    parts = [part for part in progress.parts if part.count]
    widths = [max(100 * part.count / progress.total, _LEAST) for part in parts]
    ends = [100 * end / sum(widths) for end in accumulate(widths)]
    return [Stretch(part, x, end - x) for part, x, end in zip(parts, [0.0, *ends], ends, strict=False)]
