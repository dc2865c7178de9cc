"""A portal with so many clones, filled and served."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.bench.bench import Population, Site
from tests.bench.measuring import SCRAPER_TOKEN, Browser
from tests.web_process import WebProcess
from tests.worker_process import ROOT, environment


def serve(stack: ExitStack, log: Path, clones: int, database_url: str) -> Site:
    """Fill the database and start gunicorn on it; `stack` ends it."""
    program = [sys.executable, "-m", "tests.bench.population", str(clones)]
    done = subprocess.run(
        program, cwd=ROOT, env=environment(DATABASE_URL=database_url), check=True, stdout=subprocess.PIPE, text=True
    )
    population = Population(**json.loads(done.stdout))
    web = stack.enter_context(WebProcess(log, DATABASE_URL=database_url, METRICS_TOKEN=SCRAPER_TOKEN))
    return Site(Browser(web.address, population.username), population)
