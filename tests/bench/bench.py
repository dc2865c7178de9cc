"""What a section is given: the portal with few and with many clones, both served at once, and where it writes."""

from dataclasses import dataclass, field

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
    """The two portals; `missed` are the lines that were not as wanted."""

    few: Site
    many: Site
    missed: list[str] = field(default_factory=list)

    def head(self, title: str) -> None:
        """Write what follows."""
        few, many = (f"{site.population.clones:,} clones" for site in (self.few, self.many))
        print(f"\n{title:<34}{few:^18}{many:^18}{'growth':>8}{'wanted':>8}", flush=True)  # noqa: T201
        print(f"{'':<34}{'p50':>8}{'p95':>10}{'p50':>8}{'p95':>10}", flush=True)  # noqa: T201

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
        print(f"{line}{found:7.2f}x{wanted:7.2f}x  {'yes' if found <= wanted else 'NO'}", flush=True)  # noqa: T201
