"""How fast a big batch that works gets going, beside as many starts in batches so small that none is held up.

100 ms to wait for each answer, and no limit.
"""

from statistics import median
from typing import Final

from clones.engine import caution
from tests.bench.bench import Bench
from tests.bench.databases import scratch_database
from tests.bench.slow_answers import SlowServer
from tests.bench.throughput import run_python, running

STARTS: Final = 200
ROUNDS: Final = 5
WANTED: Final = 1.5


def run(bench: Bench) -> None:
    """Measure both in turn, at one worker."""
    bench.say(f"\n{f'{STARTS} starts, 100 ms each':<50}{'with caution, s':>16}{'without, s':>16}")
    with scratch_database(bench.folder, "caution") as url, SlowServer() as server:
        run_python("-m", "tests.bench.running_clones", str(server.port), "0", DATABASE_URL=url)
        with running("worker", DATABASE_URL=url):
            _seconds(url, STARTS)  # the worker comes up, and tables are no more empty
            rounds = [(_seconds(url, STARTS), _seconds(url, caution.AT_ONCE)) for _ in range(ROUNDS)]
    for cautious, free in rounds:
        bench.say(f"{'':<50}{cautious:16.2f}{free:16.2f}")
    ratio = median(cautious / free for cautious, free in rounds)
    bench.ratio(f"time for {STARTS} starts, one batch / batches of {caution.AT_ONCE}", ratio, WANTED)


def _seconds(url: str, size: int) -> float:
    return float(run_python("-m", "tests.bench.starting_clones", str(STARTS), str(size), DATABASE_URL=url))
