"""What a section is given: the portal with few and with many clones, both served at once, and where it writes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.bench.measuring import Browser, Times, growth


@dataclass(frozen=True)
class Population:
    """What is in a portal, for the addresses of its pages: who signs in, some ids, the ID of a store."""

    clones: int
    username: str
    user_id: int
    template_id: int
    batch_id: int
    big_batch_id: int
    target_id: int
    store_id: str
    pairs: int
    pairs_job_id: int
    many_pairs_job_id: int


@dataclass(frozen=True)
class Site:
    """A portal that is served."""

    browser: Browser
    population: Population


@dataclass(frozen=True)
class Bench:
    """The two portals, filled when a section first asks for one; `missed` are the lines that were not as wanted.

    `folder`: for files that nobody needs afterwards.
    """

    folder: Path
    serve: Callable[[], tuple[Site, Site]]
    missed: list[str] = field(default_factory=list)

    @cached_property
    def _sites(self) -> tuple[Site, Site]:
        return self.serve()

    @property
    def few(self) -> Site:
        """The portal with few clones."""
        return self._sites[0]

    @property
    def many(self) -> Site:
        """The portal with many clones."""
        return self._sites[1]

    def say(self, line: str) -> None:
        """Write a line that nothing is wanted of."""
        print(line, flush=True)  # noqa: T201

    def head(self, title: str) -> None:
        """Write what follows: requests through gunicorn, both portals asked in turn."""
        few, many = (f"{site.population.clones:,} clones" for site in (self.few, self.many))
        self.say(f"\n{title:<34}{few:^18}{many:^18}{'growth':>8}{'wanted':>8}")
        self.say(f"{'milliseconds':<34}{'p50':>8}{'p95':>10}{'p50':>8}{'p95':>10}")

    def line(self, name: str, few: Times, many: Times, wanted: float) -> None:
        """Write how a request grew (milliseconds)."""
        cells = f"{few.p50 * 1000:8.1f}{few.p95 * 1000:10.1f}{many.p50 * 1000:8.1f}{many.p95 * 1000:10.1f}"
        self._judge(name, f"{name:<34}{cells}", growth(few, many), wanted)

    def ratio(self, name: str, found: float, wanted: float) -> None:
        """Write a ratio of something else."""
        self._judge(name, f"{name:<70}", found, wanted)

    def _judge(self, name: str, line: str, found: float, wanted: float) -> None:
        if found > wanted:
            self.missed.append(name)
        self.say(f"{line}{found:7.2f}x{wanted:7.2f}x  {'yes' if found <= wanted else 'NO'}")
