"""Requests over HTTP, made in turn, and how long they take."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Final

import requests

from tests.people import PASSWORD

SCRAPER_TOKEN: Final = "bench"


class Browser:
    """A person who is signed in, and who also shows the token of a scraper."""

    def __init__(self, url: str, username: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {SCRAPER_TOKEN}"
        login = f"{url}/accounts/login/"
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.session.get(login, timeout=60).text)
        form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token[1] if token else ""}
        answer = self.session.post(login, form, headers={"Referer": login}, timeout=60, allow_redirects=False)
        answer.raise_for_status()
        if answer.status_code != 302:
            raise RuntimeError("The sign-in was refused.")

    def get(self, path: str, *, fragment: bool = False) -> requests.Response:
        """Open an address; `fragment`: as htmx does."""
        return self.session.get(self.url + path, timeout=120, headers={"HX-Request": "true"} if fragment else {})

    def post(self, path: str, form: dict[str, str]) -> requests.Response:
        """Send a form; the answer is where it leads to."""
        address = self.url + path
        return self.session.post(address, form, headers={"Referer": address}, timeout=120, allow_redirects=False)


@dataclass(frozen=True)
class Request:
    """What is asked again and again; every answer must have that status."""

    browser: Browser
    path: str
    status: int = 200
    fragment: bool = False

    def seconds(self) -> float:
        """Ask once; return how long it took until the whole answer was there."""
        start = time.perf_counter()
        answer = self.browser.get(self.path, fragment=self.fragment)
        took = time.perf_counter() - start
        if answer.status_code != self.status:
            raise RuntimeError(f"{answer.url}: {answer.status_code} instead of {self.status}")
        return took


@dataclass(frozen=True)
class Times:
    """Seconds for one request, by round."""

    rounds: list[list[float]] = field(default_factory=list)

    @property
    def p50(self) -> float:
        """Half of all stay under it."""
        return median(second for seconds in self.rounds for second in seconds)

    @property
    def p95(self) -> float:
        """95 of 100 stay under it."""
        return p95([second for seconds in self.rounds for second in seconds])


def p95(seconds: list[float]) -> float:
    """Return what 95 of 100 stay under; never more than the longest."""
    return quantiles(seconds, n=20, method="inclusive")[18]


def growth(few: Times, many: Times) -> float:
    """Return how many times the p95 of the one the other's is: in the middle one of the rounds."""
    return median(p95(more) / p95(less) for less, more in zip(few.rounds, many.rounds, strict=True))


def share(part: Times, whole: Times) -> float:
    """Return how much of the one the other takes, of the median: in the middle one of the rounds."""
    return median(median(less) / median(more) for less, more in zip(part.rounds, whole.rounds, strict=True))


def in_turn(asked: Sequence[Request], rounds: int, size: int) -> list[Times]:
    """Ask for all of them in turn, so that a busy moment of the machine meets each alike; once unmeasured before."""
    for request in asked:
        request.seconds()
    times = [Times() for _ in asked]
    for _ in range(rounds):
        for each in times:
            each.rounds.append([])
        for _ in range(size):
            for request, each in zip(asked, times, strict=True):
                each.rounds[-1].append(request.seconds())
    return times
