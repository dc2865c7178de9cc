"""How fast the engine looks at clones, beside a django-q2 task for every look.

Both have the same database and broker, the same HTTP client, 100 ms to wait for each answer, and no limit.
"""

import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

from tests.bench.bench import Bench
from tests.bench.databases import scratch_database
from tests.bench.slow_answers import SlowServer
from tests.processes import MARK, cpu_seconds, marked_processes, megabytes, send
from tests.waiting import until
from tests.worker_process import ROOT, environment

CLONES: Final = 5_000  # more than either side looks at within a second: some are always due
TASKS: Final = 500  # in the queue at any time
ROUNDS: Final = 3
WARM_UP_SECONDS: Final = 3.0
SECONDS: Final = 6.0
PROCESSES: Final = 8  # of the other side: more than its machine has cores, and more memory than the engine takes
MORE_PROCESSES: Final = 16  # measured once, for comparison
TIME_SHARE: Final = 0.1
CPU_SHARE: Final = 0.4


@dataclass(frozen=True)
class Speed:
    """What one measurement found. `cpu`: milliseconds for a look, of all processes but the database's."""

    who: str
    looks_a_second: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.who:<50}{self.looks_a_second:12,.0f}{self.cpu:12.2f}{self.megabytes:12.0f}"


def run(bench: Bench) -> None:
    """Measure both in turn, each time started anew."""
    bench.say(f"\n{'Looks at running clones, 100 ms each':<50}{'a second':>12}{'CPU, ms':>12}{'memory, MB':>12}")
    with scratch_database(bench.folder, "throughput") as url, SlowServer() as server:
        run_python("-m", "tests.bench.running_clones", str(server.port), str(CLONES), DATABASE_URL=url)
        rounds = [
            (_measure_engine(bench, server, url), _measure_tasks(bench, server, url, PROCESSES)) for _ in range(ROUNDS)
        ]
        _measure_tasks(bench, server, url, MORE_PROCESSES)
    times = [tasks.looks_a_second / engine.looks_a_second for engine, tasks in rounds]
    bench.ratio(f"time for a look, engine / {PROCESSES} processes: {_each(times)}", median(times), TIME_SHARE)
    cpu = [engine.cpu / tasks.cpu for engine, tasks in rounds]
    bench.ratio(f"CPU for a look, engine / {PROCESSES} processes: {_each(cpu)}", median(cpu), CPU_SHARE)


def _each(ratios: list[float]) -> str:
    return ", ".join(f"{ratio:.3f}" for ratio in ratios)


def _measure_engine(bench: Bench, server: SlowServer, url: str) -> Speed:
    with running("worker", DATABASE_URL=url) as mark:
        return _measure(bench, server, "engine: manage.py worker", mark)


def _measure_tasks(bench: Bench, server: SlowServer, url: str, processes: int) -> Speed:
    variables = {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "tests.bench.polling_settings",
        "POLLING_WORKERS": str(processes),
    }
    run_python("-m", "tests.bench.polling_task", str(TASKS), **variables)
    with running("qcluster", **variables) as mark:
        speed = _measure(bench, server, f"a task for each look: qcluster of {processes} processes", mark)
    run_python("-m", "tests.bench.polling_task", "0", **variables)  # a Redis outlives this
    return speed


def _measure(bench: Bench, server: SlowServer, who: str, mark: str) -> Speed:
    before = server.count()
    until(lambda: server.count() > before, f"{who}: the first look")
    time.sleep(WARM_UP_SECONDS)
    pids = marked_processes(mark)
    count, cpu, clock = server.count(), cpu_seconds(pids), time.monotonic()
    time.sleep(SECONDS)
    looks = server.count() - count
    cpu, seconds = cpu_seconds(pids) - cpu, time.monotonic() - clock
    speed = Speed(who, looks / seconds, 1000 * cpu / looks, megabytes(pids))
    bench.say(str(speed))
    return speed


@contextmanager
def running(command: str, **variables: str) -> Iterator[str]:
    """Run `manage.py command`; yield the mark that all its processes bear. None of them is left afterwards."""
    mark = uuid.uuid4().hex
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", command],
            cwd=ROOT,
            env=environment(LOG_LEVEL="WARNING", **{MARK: mark}, **variables),
            stdout=log,
            stderr=log,
        )
        try:
            yield mark
        finally:
            send(marked_processes(mark), signal.SIGKILL)
            process.wait()


def run_python(*arguments: str, **variables: str) -> str:
    """Run Python; return what it printed."""
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(**variables), check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout
