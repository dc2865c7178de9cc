"""Has the plan happen: at the sandbox, by the engine and the operations that the portal works with, at past times.

Only the clock is told. Ecwid's side ends a clone when it is told to, so that three weeks pass within seconds.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db.models import Max, QuerySet

from clones.choices import AT_ECWID, CloneScope, JobStatus, SiteChoice
from clones.demo.errands import Errands
from clones.demo.plan import Launch, Retry, Step, Trouble
from clones.demo.sandbox import PACE, STANDING_STILL, SandboxControl
from clones.demo.shops import BOUTIQUE, CORNER, HOUSEHOLD, TARGETS, TEMPLATES, WAREHOUSE
from clones.ecwid import PartnerClient
from clones.engine import batches, submit
from clones.engine.calls import Caller
from clones.engine.settle import settle
from clones.models import Batch, CloneJob, Connection, TemplateStore
from clones.operations.cancel import cancel_jobs
from clones.operations.launch import Order, start_batch
from clones.operations.retry import retry_jobs
from clones.operations.wanted import Wanted

MINUTES: Final = {CORNER: 1.3, BOUTIQUE: 2.6, HOUSEHOLD: 6.5, WAREHOUSE: 12.5}  # of a clone of it with its catalog
MINUTES_OF_SETTINGS: Final = 1.3
MOST_TRIES: Final = 20  # the plan's worst needs six
THREADS: Final = 2
ANSWERS_AFTER: Final = timedelta(seconds=0.4)
CANCELED_AFTER: Final = timedelta(seconds=40)
REVIEWED_AFTER: Final = timedelta(seconds=1)
NO_FENCE: Final = float("inf")

Say = Callable[[str], None]


class NotAsPlannedError(Exception):
    """The sandbox did not do what the plan relies on: a bug in one of the two."""


class History:
    """Plays steps, one after the other. `say` hears of each, and may raise to stop."""

    def __init__(self, connection: Connection, people: Mapping[str, User], control: SandboxControl, say: Say) -> None:
        self._templates = {store.store_id: store for store in TemplateStore.objects.filter(connection=connection)}
        self._people = people
        self._control = control
        self._say = say
        self._caller = Caller(THREADS)
        self._client: PartnerClient = self._caller.client_for(connection)
        self._errands = Errands(self._caller)
        self._played: dict[str, tuple[Launch, Batch]] = {}

    def play(self, steps: Iterable[Step], now: datetime) -> None:
        """Play the steps in the order of their times, as seen from `now`."""
        self._control.pace(**STANDING_STILL)
        try:
            for step in sorted(steps, key=lambda step: step.when.moment(now)):
                at = step.when.moment(now)
                if isinstance(step, Launch):
                    self._launch(step, at)
                else:
                    self._retry(step, at)
            self._control.clear_faults()
            self._control.pace(**PACE)
        finally:
            self._caller.close()

    def _launch(self, step: Launch, at: datetime) -> None:
        count = len(step.targets) + len(step.customers)
        self._say(f"{at:%a %d %b %H:%M}  {TEMPLATES[step.template]} into {count} store{'s' if count > 1 else ''}")
        for number, trouble in step.trouble.items():
            if trouble.flags:
                self._control.put_store(str(number), TARGETS[str(number)], **trouble.flags)
        launch = order(step, self._templates, self._people, at)
        if launch.name:
            self._played[step.name] = (step, launch)
        for place, customer in enumerate(step.customers):
            if customer.loses_answer:
                self._control.lose_answer("store_create", skip=place)
        self._errands.create_stores(at)
        jobs = _with_all(CloneJob.objects.filter(batch=launch)).order_by("pk")
        canceled = [job for job in jobs if job.target.store_id and int(job.target.store_id) in step.canceled]
        cancel_jobs(canceled, self._people[step.who], at=at + CANCELED_AFTER)
        due = [job for job in jobs if job.next_action_at and job not in canceled]
        self._run(launch, due, step.trouble, at)

    def _retry(self, step: Retry, at: datetime) -> None:
        launch, batch = self._played[step.of]
        for number, trouble in launch.trouble.items():
            if trouble.flags:
                self._control.put_store(str(number), TARGETS[str(number)])
        self._say(f"{at:%a %d %b %H:%M}  what failed in “{step.of}” once more")
        failed = CloneJob.objects.filter(batch=batch, status=JobStatus.FAILED)
        retry = retry_jobs(failed, self._people[step.who], at=at)
        self._run(retry.batches[0], retry.jobs, {}, at)

    def _run(self, batch: Batch, jobs: list[CloneJob], troubles: Mapping[int, Trouble], at: datetime) -> None:
        """Start the clones, see them in progress, then see each at its end, with its site, and the batch at its own."""
        for place, job in enumerate(jobs, 1):
            trouble = troubles.get(int(job.target.store_id), Trouble())
            self._start(job, trouble, at + timedelta(seconds=1 + place / 5))
        running = list(_with_all(CloneJob.objects.filter(pk__in=[job.pk for job in jobs], status__in=AT_ECWID)))
        for job in running:
            self._ask(job, _accepted_at(job) + timedelta(seconds=3 + 20 * _spread(job)))
        for ends_at, job in sorted(((_ends_at(job), job) for job in running), key=lambda pair: pair[0]):
            self._end(job, troubles.get(int(job.target.store_id), Trouble()))
            self._ask(_with_all(CloneJob.objects.filter(pk=job.pk)).get(), ends_at)
            self._errands.clone_sites(ends_at + ANSWERS_AFTER)
        ended = CloneJob.objects.filter(batch=batch).aggregate(at=Max("finished_at"))["at"]
        batches.review([batch.pk], (ended or at) + REVIEWED_AFTER)

    def _start(self, job: CloneJob, trouble: Trouble, at: datetime) -> None:
        """Ask for the clone, again and again as the engine would, until Ecwid has it or it has failed."""
        store_id = job.target.store_id
        if trouble.loses_answer or trouble.loses_result:
            self._control.lose_answer("clone_start", target=store_id)
        for number in range(MOST_TRIES):
            due = _with_all(CloneJob.objects.filter(pk=job.pk, status=JobStatus.WAITING)).first()
            if due is None:
                return
            at = max(at, due.next_action_at or at)
            submit.write_ahead([due], at)
            self._ask(due, at)
            if trouble.loses_result and not number:
                self._control.complete(self._control.newest_ticket(store_id))
        raise NotAsPlannedError(f"Store {store_id} did not take a clone.")

    def _end(self, job: CloneJob, trouble: Trouble) -> None:
        if trouble.fails_with:
            self._control.fail(job.ticket, trouble.fails_with)
        else:
            self._control.complete(job.ticket)

    def _ask(self, job: CloneJob, at: datetime) -> None:
        """Make the call that the job is due for, and have the engine write down the answer."""
        answer = self._caller.call(self._client, job, at, time.monotonic(), NO_FENCE).run()
        settle([answer], at + ANSWERS_AFTER)


def order(
    step: Launch, templates: Mapping[str, TemplateStore], people: Mapping[str, User], at: datetime | None = None
) -> Batch:
    """Launch the batch of a step, at `at` or now."""
    stores = [str(number) for number in step.targets]
    wanted = Order(
        templates[step.template],
        stores,
        step.scope,
        step.with_samples,
        step.name,
        targets=[Wanted(email=one.email, name=one.name, instant_site=SiteChoice.PUBLISH) for one in step.customers],
        canary=step.is_tried_first,
    )
    batch = start_batch(wanted, people[step.who], at=at).batch
    if batch is None:
        raise NotAsPlannedError(f"All stores of {step.name or 'a batch'} are busy.")
    return batch


def _with_all(jobs: QuerySet[CloneJob]) -> QuerySet[CloneJob]:
    """Read along what the engine needs of a job."""
    return jobs.select_related("connection", "template", "target")


def _accepted_at(job: CloneJob) -> datetime:
    return job.accepted_at or job.created_at


def _ends_at(job: CloneJob) -> datetime:
    """Return when the clone is to end: by the size of its template, each a little different, within 15 minutes."""
    copies_catalog = CloneScope(job.scope).copies_catalog
    minutes = MINUTES[job.template.store_id] if copies_catalog else MINUTES_OF_SETTINGS
    return _accepted_at(job) + timedelta(minutes=minutes * (0.85 + 0.3 * _spread(job)))


def _spread(job: CloneJob) -> float:
    """Return a number from 0 to 1 that is the same for a store at each start."""
    return int(job.target.store_id) * 37 % 100 / 100
