"""The measurements, and the table that they are printed as."""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import requests
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from clones.permissions import Role
from tests.bench.population import fill, make_shop, map_one
from tests.people import PASSWORD, person
from tests.web_process import WebProcess

FEW, MANY = 1_000, 100_000
PAIRS = 25_000
TIMES = 150
WARM_UP = 20
GROWTH = 1.5
REFRESH_SHARE = 0.2


@dataclass(frozen=True)
class Measured:
    """Seconds for one request, over many: the middle one, and the one that 95 of 100 stay under."""

    p50: float
    p95: float

    def __str__(self) -> str:
        return f"p50 {self.p50 * 1000:6.1f} ms   p95 {self.p95 * 1000:6.1f} ms"


def measure(ask: Callable[[], requests.Response], status: int, times: int = TIMES) -> Measured:
    """Ask again and again; every answer must have that status."""
    seconds = []
    for number in range(WARM_UP + times):
        start = time.perf_counter()
        answer = ask()
        if number >= WARM_UP:
            seconds.append(time.perf_counter() - start)
        if answer.status_code != status:
            raise RuntimeError(f"{answer.url}: {answer.status_code} instead of {status}")
    cuts = quantiles(seconds, n=20)
    return Measured(cuts[9], cuts[18])


class Browser:
    """A person who is signed in."""

    def __init__(self, url: str, user: User) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        login = f"{url}/accounts/login/"
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.session.get(login, timeout=60).text)
        form = {"username": user.username, "password": PASSWORD, "csrfmiddlewaretoken": token[1] if token else ""}
        answer = self.session.post(login, form, headers={"Referer": login}, timeout=60, allow_redirects=False)
        answer.raise_for_status()
        if answer.status_code != 302:
            raise RuntimeError("The sign-in was refused.")

    def get(self, path: str) -> requests.Response:
        """Open an address, as htmx does where it is a fragment's."""
        return self.session.get(self.url + path, timeout=60, headers={"HX-Request": "true"} if "rows" in path else {})


def list_and_refresh(browser: Browser) -> tuple[Measured, Measured]:
    """Measure the list, and its refresh when nothing has changed."""
    shown = browser.get("/clones/").text
    rows = re.findall(r'data-job="(\d+)" data-version="(\d+)"', shown)
    newest = re.search(r'data-newest="(\d+)"', shown)
    ids, since = (",".join(part) for part in zip(*rows, strict=True))
    query = f"ids={ids}&since={since}&newest={newest[1] if newest else 0}&newer=0"
    return measure(lambda: browser.get("/clones/"), 200), measure(lambda: browser.get(f"/clones/rows/?{query}"), 204)


def run(folder: Path) -> int:
    """Measure everything and print it; return 1 where something is not as wanted."""
    call_command("migrate", verbosity=0)
    template, user = make_shop(), person("bench", Role.STAFF)
    verdicts: list[bool] = []

    def say(what: str, ratio: float, wanted: float) -> None:
        verdicts.append(ratio <= wanted)
        print(f"  {what:<52}{ratio:6.2f} x  wanted at most {wanted} x  {'yes' if verdicts[-1] else 'NO'}")  # noqa: T201

    print(f"\nPages through gunicorn, {connection.vendor}, {TIMES} requests each")  # noqa: T201
    found = {}
    for count in (FEW, MANY):
        fill(template, count)
        _analyze()
        with WebProcess(folder / "web.log") as web:
            found[count] = list_and_refresh(Browser(web.address, user))
        for name, measured in zip(("list", "refresh without change"), found[count], strict=True):
            print(f"  {count:>7,} clones  {name:<26}{measured}")  # noqa: T201
    say("list: p95 with 100,000 / p95 with 1,000", found[MANY][0].p95 / found[FEW][0].p95, GROWTH)
    say("refresh: p95 with 100,000 / p95 with 1,000", found[MANY][1].p95 / found[FEW][1].p95, GROWTH)
    for count in (FEW, MANY):
        say(f"refresh / list, p50, {count:,} clones", found[count][1].p50 / found[count][0].p50, REFRESH_SHARE)
    _mapping(folder, user)
    return 0 if all(verdicts) else 1


def _mapping(folder: Path, user: User) -> None:
    """Measure a job's page with 25,000 pairs beside one with 25, and its CSV."""
    job = map_one(25)
    with WebProcess(folder / "web.log") as web:
        browser = Browser(web.address, user)
        few = measure(lambda: browser.get(f"/clones/{job.pk}/"), 200)
        job = map_one(PAIRS)
        many = measure(lambda: browser.get(f"/clones/{job.pk}/"), 200)
        csv = measure(lambda: browser.get(f"/clones/{job.pk}/mapping.csv"), 200, times=20)
    print(f"  {PAIRS:>7,} pairs   job page                  {many}   ({many.p95 / few.p95:.2f} x that of 25 pairs)")  # noqa: T201
    print(f"  {PAIRS:>7,} pairs   CSV                       {csv}   ({PAIRS / csv.p50:,.0f} rows a second)")  # noqa: T201


def _analyze() -> None:
    """Let the database know its tables, as it would by itself after a while."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()
    sys.stdout.flush()
