"""How long clones may take: shapes of duration, from which the virtual clock draws."""

import math
from collections.abc import Callable
from random import Random
from statistics import fmean
from typing import Final

TEMPLATES: Final = 20
MEAN: Final = 300.0

Draw = Callable[[Random], tuple[int, float]]  # template and seconds


def _even(random: Random) -> tuple[int, float]:
    return 0, MEAN * random.uniform(0.95, 1.05)


def _normal(random: Random) -> tuple[int, float]:
    return 0, max(5.0, random.gauss(MEAN, MEAN / 5))


def _lognormal(random: Random) -> tuple[int, float]:
    return 0, 0.92 * MEAN * random.lognormvariate(0, 0.4)


def _two_peaks(random: Random) -> tuple[int, float]:
    return 0, random.gauss(120, 10) if random.random() < 0.7 else random.gauss(720, 60)


def _memoryless(random: Random) -> tuple[int, float]:
    return 0, random.expovariate(1 / MEAN)


def _by_size(random: Random) -> tuple[int, float]:
    template = random.randrange(TEMPLATES)
    return template, 60 * 15 ** (template / (TEMPLATES - 1)) * random.uniform(0.9, 1.1)


SHAPES: Final[dict[str, Draw]] = {
    "constant, 5 % around it": _even,
    "normal, deviation 20 %": _normal,
    "lognormal, deviation 40 %": _lognormal,
    "two peaks, 2 and 12 minutes": _two_peaks,
    "by catalog size, 20 templates": _by_size,
    "memoryless (exponential)": _memoryless,
}
MEMORYLESS: Final = "memoryless (exponential)"


def mean_seconds(draw: Draw) -> float:
    """Return how long such a clone takes on average."""
    random = Random(1)
    return fmean(draw(random)[1] for _ in range(5000))


def least_share(draw: Draw) -> float:
    """Return the least that pacing can make of the mean delay of even polling, where looks are many.

    With share S(t) still running and density f(t), no pacing of equally many looks beats (∫√(f·S))² / ∫S: it looks
    at a rate in proportion to the root of the hazard f/S. Memoryless: 1.
    """
    random = Random(1)
    by_template: dict[int, list[float]] = {}
    for _ in range(40_000):
        template, seconds = draw(random)
        by_template.setdefault(template, []).append(seconds)
    roots = sum(len(seconds) * _root_sum(sorted(seconds)) for seconds in by_template.values()) / 40_000
    return float(roots**2 / mean_seconds(draw))


def _root_sum(seconds: list[float]) -> float:
    """Return ∫√(f·S), from a histogram of 200 bins with equally many in each."""
    size, total = max(1, len(seconds) // 200), 0.0
    for place in range(0, len(seconds) - size, size):
        width = seconds[place + size] - seconds[place]
        share, running = size / len(seconds), 1 - (place + size / 2) / len(seconds)
        total += math.sqrt(share * running * width)
    return total
