"""How long clones take, as a curve learned from some of them. Pure: seconds in, seconds out."""

import math
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

# Bins of age, each 3 % longer than the one before, up to a day.
FIRST_EDGE: Final = 2.0
GROWTH: Final = 1.03
EDGES: Final = (0.0, *(FIRST_EDGE * GROWTH**step for step in range(362)))
STARTS: Final = EDGES[:-1]
BINS: Final = len(STARTS)

# What is thought of a template that nothing is known of: Ecwid says 1 to 15 minutes, "by the size of the source".
MINUTE: Final = 60.0
QUARTER: Final = 900.0
RUN_FOR_A_MINUTE: Final = 0.7  # settings alone, a small catalog and failures are quicker
RUN_FOR_A_QUARTER: Final = 0.05
WEIGHT_AT_LEAST: Final = 2.0  # this counts as so many clones …
WEIGHT: Final = 0.05  # … or so many for each that is known: templates change

NEIGHBOURS: Final = 20  # a known duration speaks for a 20th of all that are known to each side …
NARROWEST: Final = 0.015  # … but at least for so much of itself
UNSURE: Final = 0.1  # a single one; four are half as unsure


class Durations:
    """The share of clones that still run at each age, and what follows for one of them."""

    def __init__(self, running: Sequence[float]) -> None:
        self._running = running  # at each edge
        areas = ((before + after) / 2 for before, after in pairwise(running))
        widths = (end - start for start, end in pairwise(EDGES))
        self._area = list(accumulate((area * width for area, width in zip(areas, widths, strict=True)), initial=0.0))

    def _at(self, age: float) -> tuple[float, float]:
        """Return the share that runs at `age`, and its integral from 0 to there."""
        age = min(age, EDGES[-1])  # nobody asks for longer than a day
        place = bin_of(age)
        start, share = EDGES[place], self._running[place]
        there = share + (self._running[place + 1] - share) * (age - start) / (EDGES[place + 1] - start)
        return there, self._area[place] + (share + there) / 2 * (age - start)

    def share_running(self, age: float) -> float:
        """Return how many of all clones (0 to 1) still run at `age`."""
        return self._at(age)[0]

    def lost(self, age: float, seconds: float) -> float:
        """Return for how long a clone that ran at `age` is expected to have been over, `seconds` later."""
        share, area = self._at(age)
        return seconds - (self._at(age + seconds)[1] - area) / share

    def worth(self, age: float, seconds: float) -> float:
        """Return what a look is worth at a clone that ran at `age`, `seconds` ago.

        For how long it is expected to have been over, times how likely it is over at all: a look that finds it running
        gains nothing, and what goes on to be lost until the next one is what is over now.
        """
        share, area = self._at(age)
        later_share, later_area = self._at(age + seconds)
        return (seconds - (later_area - area) / share) * (1 - later_share / share)

    def seconds_until_lost(self, age: float, lost: float, longest: float) -> float:
        """Return when, after it ran at `age`, a clone is expected to have been over for `lost` seconds."""
        if self.lost(age, longest) <= lost:
            return longest
        early, late = 0.0, longest
        while late - early > 0.05 + 0.02 * early:
            middle = (early + late) / 2
            early, late = (middle, late) if self.lost(age, middle) < lost else (early, middle)
        return late


def bin_of(age: float) -> int:
    """Return the number of the bin that `age` is in."""
    return bisect(STARTS, age) - 1


def learn(ended: Sequence[float], running: Sequence[float]) -> Durations:
    """Return what clones that took so long, and others that have run for so long, tell about the next one.

    Those that run count as well (Kaplan and Meier): the first ends of many are the quick ones, and nothing to go by.
    """
    weight = max(WEIGHT_AT_LEAST, WEIGHT * len(ended))
    ends = _by_bin(ended)
    left = [0.0] * BINS
    for age in running:
        left[bin_of(age)] += 1.0
    at_risk, share, shares = float(len(ended) + len(running)), 1.0, [1.0]
    for end, leave, expected in zip(ends, left, EXPECTED, strict=True):
        share *= 1 - (end + weight * expected) / (at_risk - leave / 2 + weight)
        shares.append(share)
        at_risk = max(0.0, at_risk - end - leave)
    return Durations(shares)


def _by_bin(ended: Sequence[float]) -> list[float]:
    """Return how many ended in each bin, each of them spread as far as its neighbours are away."""
    known, bins = sorted(ended), [0.0] * BINS
    reach = len(known) // NEIGHBOURS + 1
    for place, seconds in enumerate(known):
        to_neighbours = (known[min(place + reach, len(known) - 1)] - known[max(place - reach, 0)]) / 2
        width = max(to_neighbours, seconds * max(NARROWEST, UNSURE / math.sqrt(len(known))), 0.5)
        _spread(bins, max(0.0, seconds - width), seconds + width)
    return bins


def _spread(bins: list[float], start: float, end: float) -> None:
    for place in range(bin_of(start), bin_of(end) + 1):
        bins[place] += max(0.0, min(end, EDGES[place + 1]) - max(start, EDGES[place])) / (end - start)


def _expected_running(age: float) -> float:
    """Return how many of all clones run at `age`, as far as is known of Ecwid: straight lines on a paper of logs."""
    if age <= FIRST_EDGE:
        return 1.0
    if age <= MINUTE:
        return math.pow(RUN_FOR_A_MINUTE, math.log(age / FIRST_EDGE) / math.log(MINUTE / FIRST_EDGE))
    later = math.log(age / MINUTE) / math.log(QUARTER / MINUTE)
    return RUN_FOR_A_MINUTE * math.pow(RUN_FOR_A_QUARTER / RUN_FOR_A_MINUTE, later)


EXPECTED: Final = tuple(1 - _expected_running(end) / _expected_running(start) for start, end in pairwise(EDGES))
