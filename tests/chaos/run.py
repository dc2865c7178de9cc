"""One run from the empty database to the table."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.core.management import call_command
from django.utils import timezone

from clones.models import CloneJob, WorkerBeat
from tests.chaos import comparing, facts, table
from tests.chaos.clusters import Cluster
from tests.chaos.deployments import Deployment
from tests.chaos.plan import CLUSTERS, Kind, Plan, make_plan
from tests.chaos.shop import FAULTS, TEMPLATES, Shop
from tests.chaos.storm import Storm
from tests.sandbox_process import CLIENT_SECRET, SandboxProcess

RATE_LIMIT: Final = 600  # requests a minute, as Ecwid's; the sandbox insists on it
CALM_PATIENCE_SECONDS: Final = 120.0
PATIENCE_SECONDS_PER_JOB: Final = 3.0  # the rate limit alone takes a third of it
END_PATIENCE_SECONDS: Final = 60.0
KEYS: Final = ("SECRET_KEY", "ENCRYPTION_KEYS")
BUGS: Final = ("A call for job", "could not be written down", "IllegalTransitionError", CLIENT_SECRET)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass
class Run:
    """`complaints` are all differences, each a sentence."""

    deployment: Deployment
    sandbox: SandboxProcess
    folder: Path
    seed: int
    seconds: float
    jobs: int
    complaints: list[str] = field(default_factory=list)

    def run(self) -> int:
        """Run it; return the exit code."""
        plan = make_plan(self.seed, self.seconds, self.jobs, (Kind.STOP, *self.deployment.troubles), len(TEMPLATES))
        say(f"{self.deployment.name}: {self.jobs} clones, {self.seconds:g} s, SEED={self.seed}")
        call_command("migrate", verbosity=0, interactive=False)
        shop = Shop(self.sandbox, self.seed)
        shop.open(plan.orders, RATE_LIMIT)
        clusters = [self._cluster(number) for number in range(CLUSTERS)]
        try:
            storm = self._weather(plan, clusters, shop)
        finally:
            for cluster in clusters:
                cluster.clear_away()
        return self._judge(storm)

    def _cluster(self, number: int) -> Cluster:
        return Cluster(number, self.folder / f"worker-{number}.log", self.deployment.cluster_urls[number])

    def _weather(self, plan: Plan, clusters: list[Cluster], shop: Shop) -> Storm:
        """Let the storm pass, then everything come to its end by itself."""
        storm = Storm(plan, self.deployment, clusters, shop, self.folder / "diary.txt")
        self._until(storm, lambda: self._beating() == CLUSTERS, END_PATIENCE_SECONDS, "not all workers came up")
        shop.put_faults()
        storm.run()
        self.sandbox.clear_faults()
        began = time.monotonic()
        say(f"The storm is over; {CloneJob.objects.active().count()} clones are still active.")
        patience = CALM_PATIENCE_SECONDS + PATIENCE_SECONDS_PER_JOB * self.jobs
        self._until(storm, lambda: not CloneJob.objects.active().exists(), patience, "not all clones ended")
        self._until(storm, lambda: self._beating() >= CLUSTERS, END_PATIENCE_SECONDS, "not all workers work again")
        say(f"All that could end had ended {time.monotonic() - began:.0f} s later.")
        self._end(clusters)
        return storm

    def _beating(self) -> int:
        return WorkerBeat.objects.alive(timezone.now()).count()

    def _until(self, storm: Storm, is_so: Callable[[], bool], seconds: float, complaint: str) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                self.complaints.append(f"{complaint} within {seconds:g} s")
                return
            storm.keep()

    def _end(self, clusters: list[Cluster]) -> None:
        """End all workers as an operator does; no process may be left, also none of one that was killed before."""
        for cluster in clusters:
            for pid in cluster.orphans():
                self.complaints.append(f"process {pid} of cluster {cluster.number} outlived its watchdog")
            cluster.ask_to_end()
        for cluster in clusters:
            code = cluster.wait(END_PATIENCE_SECONDS)
            if code != 0:
                self.complaints.append(f"cluster {cluster.number} ended with {code} when asked to stop")
            left = cluster.processes()
            if left:
                self.complaints.append(f"{len(left)} processes of cluster {cluster.number} were left")

    def _judge(self, storm: Storm) -> int:
        requests = self.sandbox.requests()
        logs = [facts.read_log(cluster.log) for cluster in storm.clusters]
        misfortunes = facts.Misfortunes(storm.blows, logs)
        jobs = facts.read_jobs(self.sandbox, requests, storm.shop.strangers)
        about_jobs = {job.id: list(comparing.about_job(job, misfortunes)) for job in jobs}
        self.complaints += storm.complaints
        self.complaints += comparing.about_requests(requests, RATE_LIMIT)
        self.complaints += comparing.about_clones(self.sandbox.log(), jobs, self.jobs)
        self.complaints += [f"job {number} {one}" for number, several in about_jobs.items() for one in several]
        self.complaints += self._bugs(logs)
        wrong = {number for number, several in about_jobs.items() if several}
        answers = table.faults({kind for kind, _, _ in FAULTS}, requests, jobs, wrong)
        blows = table.blows({Kind.BURST, Kind.STOP, *self.deployment.troubles}, storm.blows, logs)
        say(table.drawn([*answers, *blows]))
        say(table.ends(jobs, requests))
        for complaint in self.complaints:
            say(f"DIFFERENCE: {complaint}")
        say(
            f"{len(self.complaints)} differences. Diary and logs: {self.folder}"
            if self.complaints
            else "No difference."
        )
        return 1 if self.complaints else 0

    def _bugs(self, logs: list[facts.Log]) -> Iterator[str]:
        for number, log in enumerate(logs):
            yield from (f"the log of cluster {number} holds “{bug}”" for bug in BUGS if bug in log.text)
            yield from (f"the log of cluster {number} holds {name}" for name in KEYS if os.environ[name] in log.text)
