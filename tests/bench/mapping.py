"""A mapping of 200,000 pairs, from answer to COMPLETED, beside the database's own bulk call for the same rows."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.bench import Bench
from tests.bench.databases import scratch_database
from tests.worker_process import ROOT, environment

PAIRS: Final = 200_000
ROUNDS: Final = 3
GROWTH: Final = 2.0
MEGABYTES: Final = 150.0


def run(bench: Bench) -> None:
    """Store it both ways in turn, into an empty table and in a process of its own each time."""
    bench.say(f"\nA mapping of {PAIRS:,} pairs")
    answer = bench.folder / "answer.json"
    answer.write_text(json.dumps(_completed()))
    with scratch_database(bench.folder, "mapping") as url:
        _python("tests.bench.running_clones", "1", str(ROUNDS), url=url)  # nothing is sent, so any port will do
        rounds = [(_store("driver", answer, url), _store("engine", answer, url)) for _ in range(ROUNDS)]
    ratios = [engine[0] / driver[0] for driver, engine in rounds]
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    bench.ratio(f"time, answer to COMPLETED / the driver's bulk call: {each}", median(ratios), GROWTH)
    most = max(engine[1] for _, engine in rounds)
    bench.ratio(f"memory of the process: {most:.0f} MB, of the {MEGABYTES:.0f} it may use", most / MEGABYTES, 1.0)


def _completed() -> dict[str, object]:
    """Return Ecwid's answer."""
    products, categories = PAIRS * 4 // 5, PAIRS // 5
    mapping = {
        "products": {str(500_000_000 + n): str(700_000_000 + n) for n in range(products)},
        "categories": {str(100_000_000 + n): str(300_000_000 + n) for n in range(categories)},
    }
    return {"status": "COMPLETED", "clonedEntitiesMapping": mapping}


def _store(how: str, answer: Path, url: str) -> tuple[float, float]:
    seconds, megabytes = json.loads(_python("tests.bench.storing", how, str(answer), url=url))
    return seconds, megabytes


def _python(module: str, *arguments: str, url: str) -> str:
    program = [sys.executable, "-m", module, *arguments]
    environ = environment(DATABASE_URL=url, LOG_LEVEL="WARNING")
    return subprocess.run(program, cwd=ROOT, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout
