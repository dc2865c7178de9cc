"""SIGKILL of the whole worker in every step of create → clone → site: no second store, no second clone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.utils import timezone

from clones.choices import CreationStatus, JobStatus, SiteStatus
from clones.engine import bell
from clones.models import CloneJob, Connection, SiteClone, StoreCreation, TemplateStore
from clones.operations.creations import enter_store
from tests.factories import BatchFactory, CloneJobFactory, SiteCloneFactory, StoreCreationFactory, fresh
from tests.mappings import logged_mapping, stored_mapping
from tests.proxy import Proxy
from tests.sandbox_process import HeldAnswer, SandboxProcess, store_token
from tests.scale import variants
from tests.waiting import until
from tests.worker.locks import hold_writes
from tests.worker_process import WorkerProcess

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

EMAIL = "new@example.com"


@dataclass
class Scene:
    """A store for EMAIL that is created, cloned into from template 1001 and given its site, by a worker that dies."""

    sandbox: SandboxProcess
    template: TemplateStore
    start_worker: Callable[..., WorkerProcess]
    worker: WorkerProcess

    def launch(self) -> CloneJob:
        with transaction.atomic():  # the worker must not see a store that nobody wants yet
            creation = StoreCreationFactory.create(connection=self.template.connection, email=EMAIL)
            batch = BatchFactory.create(template=self.template)
            job = CloneJobFactory.create(batch=batch, target=creation.target, next_action_at=None)
            SiteCloneFactory.create(job=job, draft=False)
        bell.ring_all()
        return job

    def held(self) -> HeldAnswer:
        (held,) = self.sandbox.held(wait=60)
        return held

    def asked(self) -> int:
        """Return how many stores Ecwid was asked to create, without the requests that are held."""
        return len(self.sandbox.requests(call="store_create"))

    def delivered(self, call: str) -> int:
        return sum(request.delivered for request in self.sandbox.requests(call=call))

    def kill(self) -> None:
        self.worker.kill()
        self.sandbox.clear_faults()

    def start_another(self) -> None:
        self.worker.was_killed_long_ago()
        self.worker = self.start_worker()

    def kill_and_start_another(self) -> None:
        self.kill()
        self.sandbox.release()
        self.start_another()

    def kill_before_the_answer_is_written(self, call: str) -> None:
        """Let the held answer go, and kill the worker while it cannot write it down."""
        before = self.delivered(call)
        with hold_writes():
            self.sandbox.release()
            until(lambda: self.delivered(call) > before, "the delivered answer")
            self.kill()

    def creation(self) -> StoreCreation:
        return StoreCreation.objects.get()

    def reaches(self, status: CreationStatus) -> None:
        until(lambda: self.creation().status == status, f"a creation that is {status}")

    def let_time_pass(self) -> None:
        """Pretend that the lost request left so long ago that it cannot be on its way any more."""
        long_ago = timezone.now() - timedelta(minutes=30)
        looking = StoreCreation.objects.filter(status=CreationStatus.LOOKING, lease_token="")
        old = {"submitted_at": long_ago, "unanswered_since": long_ago, "next_action_at": long_ago}
        until(lambda: looking.update(**old), "a creation that is looked up")

    def person_enters_the_store(self, job: CloneJob) -> None:
        self.reaches(CreationStatus.NEEDS_PERSON)
        (store,) = self.sandbox.stores(EMAIL)
        enter_store(job, str(store["id"]), store_token(store["id"]))


@pytest.fixture
def scene(shop: TemplateStore, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]) -> Scene:
    Connection.objects.update(site_url=sandbox.site_url)
    shop.refresh_from_db()
    return Scene(sandbox, shop, start_worker, start_worker())


@pytest.fixture
def way(scene: Scene) -> Iterator[Proxy]:
    """The way from the worker to Ecwid."""
    address = urlsplit(scene.sandbox.api_url)
    assert address.port
    proxy = Proxy(address.port)
    Connection.objects.update(api_url=address._replace(netloc=f"127.0.0.1:{proxy.port}").geturl())
    yield proxy
    proxy.close()


def assert_all_three_happened_once(scene: Scene, job: CloneJob, *, creates: int = 1) -> None:
    """One store, one clone into it, its site; the portal says so, and both hold the same mapping."""
    until(lambda: SiteClone.objects.get().finished_at, "the end of the site")
    row = fresh(job)
    (store,) = scene.sandbox.stores(EMAIL)
    (logged,) = scene.sandbox.log()
    assert (scene.creation().status, row.status) == (CreationStatus.CREATED, JobStatus.COMPLETED)
    assert SiteClone.objects.get().status == SiteStatus.DONE
    assert (row.target.store_id, logged.target, row.ticket) == (str(store["id"]), str(store["id"]), logged.ticket)
    assert stored_mapping(job) == logged_mapping(scene.sandbox, logged.ticket) != {}
    assert scene.sandbox.store(store["id"])["site"]["source"] == 1001
    assert scene.asked() == creates


def test_without_any_kill_it_runs_from_the_e_mail_to_the_site(scene: Scene) -> None:
    job = scene.launch()

    assert_all_three_happened_once(scene, job)


# Creating -------------------------------------------------------------------------------------------------------------


def test_killed_before_anything_was_sent(scene: Scene) -> None:
    scene.worker.kill()
    job = scene.launch()

    scene.kill_and_start_another()

    assert_all_three_happened_once(scene, job)


@pytest.mark.parametrize("fault", variants("hold_after", ["hold_before", "hold_midway"]))
def test_killed_while_the_request_to_create_it_is_worked_on(scene: Scene, fault: str) -> None:
    scene.sandbox.fault(fault, call="store_create")
    job = scene.launch()
    scene.held()
    assert scene.creation().status == CreationStatus.CREATING

    scene.kill()
    scene.sandbox.release()
    until(lambda: scene.sandbox.stores(EMAIL), "the store, though nobody waits for the answer any more")
    scene.start_another()
    scene.person_enters_the_store(job)

    assert_all_three_happened_once(scene, job)


def test_killed_with_the_request_still_on_its_way_when_the_next_worker_looks(scene: Scene, way: Proxy) -> None:
    scene.sandbox.fault("hold_before", call="store_create")
    job = scene.launch()
    scene.held()

    way.swallow()  # so that the sandbox does not learn that the worker has gone
    scene.kill()
    Connection.objects.update(api_url=scene.sandbox.api_url)
    scene.start_another()
    until(lambda: scene.delivered("store_lookup"), "a look-up")
    looked = StoreCreation.objects.filter(status=CreationStatus.LOOKING, lease_token="")
    until(looked.exists, "a look-up that found nothing yet")
    assert scene.sandbox.stores(EMAIL) == []
    way.mend()
    scene.person_enters_the_store(job)

    assert_all_three_happened_once(scene, job)


def test_killed_after_the_answer_and_before_the_commit(scene: Scene) -> None:
    scene.sandbox.fault("hold_after", call="store_create")
    job = scene.launch()
    scene.held()

    scene.kill_before_the_answer_is_written("store_create")
    assert scene.creation().status == CreationStatus.CREATING
    scene.start_another()
    scene.person_enters_the_store(job)

    assert_all_three_happened_once(scene, job)


def test_killed_in_the_look_up_after_a_request_that_created_nothing(scene: Scene) -> None:
    scene.sandbox.fault("drop_before", call="store_create")
    scene.sandbox.fault("hold_before", call="store_lookup")
    job = scene.launch()
    scene.held()
    assert scene.creation().status == CreationStatus.LOOKING

    scene.kill_and_start_another()
    scene.let_time_pass()

    assert_all_three_happened_once(scene, job, creates=2)


def test_killed_in_the_look_up_after_a_request_that_created_the_store(scene: Scene) -> None:
    scene.sandbox.fault("drop_after", call="store_create")
    scene.sandbox.fault("hold_after", call="store_lookup")
    job = scene.launch()
    scene.held()

    scene.kill_and_start_another()
    scene.person_enters_the_store(job)

    assert_all_three_happened_once(scene, job)


def test_killed_after_the_look_ups_answer_and_before_its_commit(scene: Scene) -> None:
    scene.sandbox.fault("drop_after", call="store_create")
    scene.sandbox.fault("hold_after", call="store_lookup")
    job = scene.launch()
    scene.held()

    scene.kill_before_the_answer_is_written("store_lookup")
    scene.start_another()
    scene.person_enters_the_store(job)

    assert_all_three_happened_once(scene, job)


# Cloning --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", variants("hold_after", ["hold_before"]))
def test_killed_while_the_clone_into_the_new_store_is_started(scene: Scene, fault: str) -> None:
    scene.sandbox.pause_clones()
    scene.sandbox.fault(fault, call="clone_start")
    job = scene.launch()
    scene.held()
    assert scene.creation().status == CreationStatus.CREATED

    scene.kill_and_start_another()
    until(lambda: fresh(job).ticket, "the ticket")
    scene.sandbox.resume_clones()

    assert_all_three_happened_once(scene, job)


def test_killed_during_the_look_that_would_have_ended_the_clone(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    job = scene.launch()
    until(lambda: fresh(job).ticket, "the ticket")
    scene.sandbox.fault("hold_after", call="clone_status")
    scene.held()
    scene.sandbox.finish(fresh(job).ticket)

    scene.kill_and_start_another()

    assert_all_three_happened_once(scene, job)


# The site -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", variants("site_clone", ["site_token"]))
@pytest.mark.parametrize("fault", variants("hold_after", ["hold_before"]))
def test_killed_while_the_site_is_cloned(scene: Scene, call: str, fault: str) -> None:
    scene.sandbox.fault(fault, call=call)
    job = scene.launch()
    scene.held()
    assert fresh(job).status == JobStatus.COMPLETED
    assert SiteClone.objects.get().status == SiteStatus.CLONING

    scene.kill_and_start_another()

    assert_all_three_happened_once(scene, job)


def test_killed_after_the_sites_answer_and_before_the_commit(scene: Scene) -> None:
    scene.sandbox.fault("hold_after", call="site_clone")
    job = scene.launch()
    scene.held()

    scene.kill_before_the_answer_is_written("site_clone")
    assert SiteClone.objects.get().status == SiteStatus.CLONING
    scene.start_another()

    assert_all_three_happened_once(scene, job)


def test_killed_after_the_end_changes_nothing(scene: Scene) -> None:
    job = scene.launch()
    assert_all_three_happened_once(scene, job)
    before = SiteClone.objects.get().finished_at

    scene.kill_and_start_another()
    until(scene.worker.processes, "the next worker")

    assert_all_three_happened_once(scene, job)
    assert SiteClone.objects.get().finished_at == before


def test_two_workers_and_a_kill_create_each_of_many_stores_once(scene: Scene) -> None:
    template, batch = scene.template, BatchFactory.create(template=scene.template)
    emails = [f"new-{n}@example.com" for n in range(8)]
    scene.sandbox.fault("hold_before", call="store_create", skip=3, times=None)
    with transaction.atomic():
        for email in emails:
            creation = StoreCreationFactory.create(connection=template.connection, email=email)
            CloneJobFactory.create(batch=batch, target=creation.target, next_action_at=None)
    other = scene.start_worker()
    bell.ring_all()
    # One that is written down and not sent yet when its worker dies would be looked for, for minutes.
    until(lambda: len(scene.sandbox.held(wait=0)) + scene.asked() == len(emails), "all requests at Ecwid")

    scene.worker.kill()
    scene.worker.was_killed_long_ago()
    scene.sandbox.release()
    ended = (CreationStatus.CREATED, CreationStatus.NEEDS_PERSON)
    until(lambda: StoreCreation.objects.filter(status__in=ended).count() == len(emails), "the end of all creations")

    assert other.processes()
    assert [len(scene.sandbox.stores(email)) for email in emails] == [1] * len(emails)
    until(lambda: scene.asked() >= len(emails), "the end of the requests that nobody waits for")
    assert scene.asked() == len(emails)
