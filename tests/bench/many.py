"""Batches of 5,000 stores: the wizard's pages, the launch of a draft, the page of the batch and its refresh."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any, Final

from tests.bench.bench import Bench
from tests.bench.databases import scratch_database
from tests.bench.drafting import FEW, MANY, SOME, Drafts
from tests.bench.live import compare, page_and_refresh
from tests.bench.measuring import Browser, Request, in_turn
from tests.web_process import WebProcess
from tests.worker_process import ROOT, environment

LAUNCHES: Final = 3
ROUNDS: Final = 5
SIZE: Final = 6
GROWTH: Final = 1.5
LAUNCH: Final = 3.0  # it also reads and examines all rows, locks their stores, and deletes the draft's

Tell = Callable[..., Any]


def run(bench: Bench) -> None:
    """Do it in a portal of its own."""
    with ExitStack() as stack:
        url = stack.enter_context(scratch_database(bench.folder, "many"))
        tell = partial(_tell, url)
        drafts = Drafts(**tell("fill", LAUNCHES))
        web = stack.enter_context(WebProcess(bench.folder / "web-many.log", DATABASE_URL=url))
        browser = Browser(web.address, drafts.username)
        bench.say(
            f"\n{'Drafts and batches':<34}{f'{FEW} stores':^18}{f'{MANY:,} stores':^18}{'growth':>8}{'wanted':>8}"
        )
        _pages(bench, browser, drafts)
        _examine(bench, tell, drafts)
        batches = _launch(bench, browser, tell, drafts)
        tell("walk", *batches)
        compare(bench, "batch with steps", [page_and_refresh(browser, batch) for batch in batches])


def _pages(bench: Bench, browser: Browser, drafts: Drafts) -> None:
    """Measure the steps that show a page of the rows."""
    for step in ("targets", "check"):
        asked = [Request(browser, f"/batches/new/{pk}/{step}/") for pk in (drafts.few, drafts.many[0])]
        few, many = in_turn(asked, ROUNDS, SIZE)
        bench.line(f"wizard: {step}", few, many, GROWTH)


def _examine(bench: Bench, tell: Tell, drafts: Drafts) -> None:
    """Measure how long a row takes where all rows are looked at, as after each change and before the launch."""
    rounds = [(tell("examine", drafts.some), tell("examine", drafts.many[0])) for _ in range(ROUNDS)]
    ratio = median((many / MANY) / (some / SOME) for some, many in rounds)
    took = median(many for _, many in rounds)
    bench.ratio(f"examine {MANY:,} rows: {took * 1000:.0f} ms; a row, beside {SOME} rows", ratio, GROWTH)


def _launch(bench: Bench, browser: Browser, tell: Tell, drafts: Drafts) -> list[int]:
    """Launch the drafts, each large one beside a bulk_create of what it wrote; return a small and a large batch."""
    small, _ = _press(browser, drafts.few)
    rounds = []
    for draft in drafts.many:
        large, took = _press(browser, draft)
        rounds.append((took, tell("insert", large)))
    times = ", ".join(f"{took:.1f}" for took, _ in rounds)
    ratio = median(took / bulk for took, bulk in rounds)
    bench.ratio(f"launch of {MANY:,} rows / bulk_create of the same objects: {times} s", ratio, LAUNCH)
    return [small, large]


def _press(browser: Browser, draft: int) -> tuple[int, float]:
    """Press the last button; return the batch and how many seconds it took until it was answered."""
    path = f"/batches/new/{draft}/review/"
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', browser.get(path).text))
    start = time.perf_counter()
    answer = browser.post(path, {**fields, "name": "Bench"})
    took = time.perf_counter() - start
    batch = re.fullmatch(r"/batches/(\d+)/", answer.headers.get("Location", ""))
    if not batch:
        raise RuntimeError(f"The launch was answered by {answer.status_code}.")
    return int(batch[1]), took


def _tell(url: str, *words: object) -> Any:
    """Have `drafting` do something on the database."""
    program = [sys.executable, "-m", "tests.bench.drafting", *map(str, words)]
    environ = environment(DATABASE_URL=url, LOG_LEVEL="WARNING")
    return json.loads(subprocess.run(program, cwd=ROOT, env=environ, check=True, stdout=subprocess.PIPE).stdout)
