"""Clones at every point of their way when the worker is killed, and whether each one came to its end all the same."""

import itertools
from pathlib import Path

from clones.choices import ACTIVE, CloneScope, JobStatus
from clones.models import CloneJob, TemplateStore
from clones.operations.launch import Order, start_batch
from tests.conftest import connect_to
from tests.factories import TemplateStoreFactory, fresh
from tests.mappings import logged_mapping, stored_mapping
from tests.sandbox_process import SandboxProcess
from tests.waiting import until
from tests.worker_process import WorkerProcess

FOR_EVER = 3600.0


class UnderWay:
    """A template at the sandbox and its clones, one of each kind after `leave`."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.numbers = itertools.count(9001)
        sandbox.add_store(1001, products=30, categories=4)
        self.template: TemplateStore = TemplateStoreFactory.create(connection=connect_to(sandbox), store_id="1001")

    def launch(self, scope: CloneScope = CloneScope.ALL) -> CloneJob:
        number = next(self.numbers)
        self.sandbox.add_store(number)
        return start_batch(Order(self.template, [str(number)], scope)).jobs[0]

    def leave(self, folder: Path) -> None:
        """Run a worker until it is killed: one clone is waiting then, and one is in each of the other states."""
        with WorkerProcess(folder / "first.log") as worker:
            reaches(self.launch(), JobStatus.COMPLETED)
            self.sandbox.pace(minimum_seconds=FOR_EVER)
            reaches(self.launch(), JobStatus.IN_PROGRESS)
            self.sandbox.pace(queued_seconds=FOR_EVER)
            reaches(self.launch(), JobStatus.QUEUED)
            self.sandbox.fault("hold_after", call="clone_start")
            self.launch()
            self.sandbox.held(wait=60)
            worker.kill()
        self.sandbox.clear_faults()
        self.sandbox.release()
        self.launch()
        assert set(CloneJob.objects.values_list("status", flat=True)) == {JobStatus.COMPLETED, *ACTIVE}

    def go_on(self, folder: Path) -> None:
        """Run another worker until every clone has ended; hold that each ran once and shows what really happened."""
        jobs = list(CloneJob.objects.all())
        with WorkerProcess(folder / "second.log") as worker:
            until(lambda: all(fresh(job).ticket for job in jobs), f"a ticket for every clone; {worker.log}")
            for clone in self.sandbox.log():
                if clone.finished_at is None:
                    self.sandbox.finish(clone.ticket)
            for job in jobs:
                reaches(job, JobStatus.COMPLETED)
        assert_each_ran_once(self.sandbox, jobs)


def reaches(job: CloneJob, status: JobStatus) -> None:
    until(lambda: fresh(job).status == status, f"{job} {status.label}")


def assert_each_ran_once(sandbox: SandboxProcess, jobs: list[CloneJob]) -> None:
    """The sandbox ran one clone into each target, and the portal has the mapping of each."""
    tickets = {clone.target: clone.ticket for clone in sandbox.log()}
    assert sorted(clone.target for clone in sandbox.log()) == sorted(job.target.store_id for job in jobs)
    for job in jobs:
        assert fresh(job).ticket == tickets[job.target.store_id]
        assert stored_mapping(job) == logged_mapping(sandbox, fresh(job).ticket) != {}
