"""CSV files: how long a row takes, in a short file and in a long one."""

from typing import Final

from tests.bench.bench import Bench
from tests.bench.measuring import Request, in_turn

ROUNDS: Final = 3
SIZE: Final = 2
GROWTH: Final = 1.5


def run(bench: Bench) -> None:
    """Measure the list as a file, and a clone's mapping."""
    bench.head("Files")
    few, many = bench.few.population, bench.many.population
    _compare(bench, "clones.csv", ("/clones.csv", "/clones.csv"), (few.clones, many.clones))
    paths = [f"/clones/{each.pairs_job_id}/mapping.csv" for each in (few, many)]
    _compare(bench, "mapping.csv", (paths[0], paths[1]), (few.pairs, many.pairs))


def _compare(bench: Bench, name: str, paths: tuple[str, str], rows: tuple[int, int]) -> None:
    short, long = in_turn([Request(bench.few.browser, paths[0]), Request(bench.many.browser, paths[1])], ROUNDS, SIZE)
    speeds = [count / times.p50 for count, times in zip(rows, (short, long), strict=True)]
    bench.ratio(f"{name}: {rows[1]:,} rows, {speeds[1]:,.0f} a second; time for a row", speeds[0] / speeds[1], GROWTH)
