"""Launches whose targets have choices of their own: stores to be created, tokens, Instant Sites, the canary."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clones.choices import CREATION_GONE, CloneScope, CreationStatus, JobStatus, SiteChoice, SiteStatus
from clones.models import Batch, CloneJob, SiteClone, StoreCreation, TargetStore, TemplateStore
from clones.operations.errors import InvalidRequestError
from clones.operations.launch import Order, start_batch
from clones.operations.wanted import Wanted
from clones.secrets import Secret
from tests.commands.running import snapshot
from tests.factories import CloneJobFactory, TargetStoreFactory, TemplateStoreFactory, fresh

pytestmark = pytest.mark.django_db

ANNA = Wanted(email="anna@example.com", name="Anna's bakery")


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1003")


def ended(creation: StoreCreation, status: CreationStatus) -> StoreCreation:
    StoreCreation.objects.filter(pk=creation.pk).update(status=status, finished_at=timezone.now())
    creation.refresh_from_db()
    return creation


def end_jobs() -> None:
    CloneJob.objects.update(status=JobStatus.CANCELED, finished_at=timezone.now(), next_action_at=None)


# Choices of their own -------------------------------------------------------------------------------------------------


def test_each_job_has_what_its_row_says_and_the_batch_what_most_were_asked_for(template: TemplateStore) -> None:
    own = Wanted("9002", scope=CloneScope.CATALOG, clone_demo_catalog=True)

    launch = start_batch(Order(template, ["9001"], targets=[own]))

    assert launch.batch is not None
    assert (launch.batch.scope, launch.batch.clone_demo_catalog) == (CloneScope.ALL, False)
    assert [(job.target.store_id, job.scope, job.clone_demo_catalog) for job in launch.batch.jobs.order_by("pk")] == [
        ("9001", CloneScope.ALL, False),
        ("9002", CloneScope.CATALOG, True),
    ]


def test_a_store_that_is_named_twice_is_what_was_said_first(template: TemplateStore) -> None:
    targets = [Wanted("9001", scope=CloneScope.CATALOG), Wanted("9001", scope=CloneScope.STORE_SETTINGS)]

    (job,) = start_batch(Order(template, targets=targets)).jobs

    assert job.scope == CloneScope.CATALOG


@pytest.mark.parametrize("known", [True, False])
def test_token_and_label_are_kept_at_the_target(template: TemplateStore, *, known: bool) -> None:
    if known:
        TargetStoreFactory.create(connection=template.connection, store_id="9001", label="Old")

    start_batch(Order(template, targets=[Wanted("9001", label="New", token=Secret.seal("secret_1"))]))

    target = TargetStore.objects.get(store_id="9001")
    assert (target.label, target.token.reveal()) == ("New", "secret_1")


def test_a_target_keeps_what_it_has_where_nothing_is_said(template: TemplateStore) -> None:
    old = {"label": "Old", "token": Secret.seal("secret_1")}
    TargetStoreFactory.create(connection=template.connection, store_id="9001", **old)

    start_batch(Order(template, targets=[Wanted("9001")]))

    target = TargetStore.objects.get(store_id="9001")
    assert (target.label, target.token.reveal()) == ("Old", "secret_1")


def test_a_busy_target_keeps_its_token(template: TemplateStore) -> None:
    job = CloneJobFactory.create(batch__template=template, target__store_id="9001")

    launch = start_batch(Order(template, targets=[Wanted("9001", token=Secret.seal("secret_1")), Wanted("9002")]))

    assert (launch.busy, len(launch.jobs)) == ([job], 1)
    assert not TargetStore.objects.get(store_id="9001").token


# Stores to be created -------------------------------------------------------------------------------------------------


def test_a_store_to_be_created_has_a_target_a_creation_that_is_due_and_a_job_that_is_not(
    template: TemplateStore,
) -> None:
    (job,) = start_batch(Order(template, targets=[replace(ANNA, label="Anna")])).jobs

    creation = StoreCreation.objects.get()
    target = TargetStore.objects.get()
    assert (target.store_id, target.email, target.label) == ("", "anna@example.com", "Anna")
    assert (creation.target, creation.email, creation.name) == (target, "anna@example.com", "Anna's bakery")
    assert (creation.status, creation.next_action_at) == (CreationStatus.WAITING, job.created_at)
    assert (fresh(job).status, fresh(job).next_action_at) == (JobStatus.WAITING, None)


def test_its_name_is_its_label_where_it_has_none(template: TemplateStore) -> None:
    start_batch(Order(template, targets=[ANNA]))

    assert TargetStore.objects.get().label == "Anna's bakery"


@pytest.mark.parametrize("status", CREATION_GONE)
def test_a_creation_that_failed_is_tried_again_for_the_same_target(
    template: TemplateStore, status: CreationStatus
) -> None:
    (first,) = start_batch(Order(template, targets=[ANNA])).jobs
    ended(StoreCreation.objects.get(), status)
    end_jobs()

    (second,) = start_batch(Order(template, targets=[ANNA])).jobs

    assert second.target_id == first.target_id
    assert StoreCreation.objects.filter(target=first.target).count() == 2


def test_an_e_mail_that_is_under_way_is_left_out_and_named(template: TemplateStore) -> None:
    (holder,) = start_batch(Order(template, targets=[ANNA])).jobs

    launch = start_batch(Order(template, ["9001"], targets=[ANNA]))

    assert [job.target.store_id for job in launch.jobs] == ["9001"]
    assert launch.busy == [holder]


def created(template: TemplateStore) -> StoreCreation:
    """Make what there is when a store was created for Anna."""
    start_batch(Order(template, targets=[ANNA]))
    creation = ended(StoreCreation.objects.get(), CreationStatus.CREATED)
    TargetStore.objects.update(store_id="9777")
    return creation


def test_an_e_mail_whose_store_is_being_cloned_into_is_left_out_and_named_and_leaves_no_target_behind(
    template: TemplateStore,
) -> None:
    creation = created(template)

    launch = start_batch(Order(template, ["9001"], targets=[ANNA]))

    assert [job.target_id for job in launch.busy] == [creation.target_id]
    assert set(TargetStore.objects.values_list("store_id", flat=True)) == {"9777", "9001"}


def test_an_e_mail_that_has_a_store_is_refused_with_its_id(template: TemplateStore) -> None:
    created(template)
    end_jobs()
    before = snapshot()

    with pytest.raises(InvalidRequestError, match="write its ID, 9777"):
        start_batch(Order(template, ["9001"], targets=[ANNA]))

    assert snapshot() == before


def test_an_e_mail_whose_creation_goes_on_without_a_clone_is_refused(template: TemplateStore) -> None:
    start_batch(Order(template, targets=[ANNA]))
    end_jobs()

    with pytest.raises(InvalidRequestError, match=r"is being created for anna@example\.com already in batch"):
        start_batch(Order(template, targets=[ANNA]))


# Over another connection at the same address --------------------------------------------------------------------------


@pytest.fixture
def neighbour(template: TemplateStore) -> TemplateStore:
    """Return a template of another application's at the same address."""
    other: TemplateStore = TemplateStoreFactory.create(store_id="1004", connection__api_url=template.connection.api_url)
    return other


def test_a_store_that_another_connection_clones_into_is_left_out_and_named(
    template: TemplateStore, neighbour: TemplateStore
) -> None:
    (holder,) = start_batch(Order(neighbour, ["9001"])).jobs

    launch = start_batch(Order(template, ["9001", "9002"]))

    assert ([job.target.store_id for job in launch.jobs], launch.busy) == (["9002"], [holder])


def test_an_e_mail_that_another_connection_asks_for_is_left_out_and_named(
    template: TemplateStore, neighbour: TemplateStore
) -> None:
    (holder,) = start_batch(Order(neighbour, targets=[ANNA])).jobs

    launch = start_batch(Order(template, ["9001"], targets=[ANNA]))

    assert ([job.target.store_id for job in launch.jobs], launch.busy) == (["9001"], [holder])
    assert StoreCreation.objects.count() == 1


def test_an_e_mail_that_got_its_store_over_another_connection_is_refused_with_its_id(
    template: TemplateStore, neighbour: TemplateStore
) -> None:
    created(neighbour)
    end_jobs()

    with pytest.raises(InvalidRequestError, match=f"already over connection “{neighbour.connection}”.*its ID, 9777"):
        start_batch(Order(template, targets=[ANNA]))


@pytest.mark.parametrize(
    "wrong",
    [
        Wanted(),
        Wanted("09001"),
        Wanted("1003"),
        Wanted(email="anna@example.com"),
        Wanted(email="Anna@example.com", name="Anna"),
        Wanted(email="anna", name="Anna"),
        Wanted("9001", label="l" * 201),
        replace(ANNA, name="two\nlines"),
    ],
)
def test_a_wrong_row_makes_nothing(template: TemplateStore, wrong: Wanted) -> None:
    before = snapshot()

    with pytest.raises(InvalidRequestError):
        start_batch(Order(template, ["9002"], targets=[wrong]))

    assert snapshot() == before


# Instant Sites and the canary -----------------------------------------------------------------------------------------


def test_an_instant_site_waits_for_its_job(template: TemplateStore) -> None:
    choices = [SiteChoice.NO, SiteChoice.DRAFT, SiteChoice.PUBLISH]

    targets = [Wanted(str(9001 + n), instant_site=choice) for n, choice in enumerate(choices)]
    launch = start_batch(Order(template, targets=targets))

    assert list(SiteClone.objects.values_list("job", "draft", "status", "next_action_at")) == [
        (launch.jobs[1].pk, True, SiteStatus.WAITING, None),
        (launch.jobs[2].pk, False, SiteStatus.WAITING, None),
    ]


def due(model: type[CloneJob | StoreCreation]) -> list[bool]:
    return [bool(at) for at in model.objects.order_by("pk").values_list("next_action_at", flat=True)]


@pytest.mark.parametrize(
    ("first", "jobs", "creations"),
    [
        (Wanted("9001"), [True, False, False], [False]),
        (replace(ANNA, email="b@example.com"), [False, False, False], [True, False]),
    ],
)
def test_the_canary_goes_alone(template: TemplateStore, first: Wanted, jobs: list[bool], creations: list[bool]) -> None:
    start_batch(Order(template, targets=[first, ANNA, Wanted("9002")], canary=True))

    assert (due(CloneJob), due(StoreCreation)) == (jobs, creations)
    assert Batch.objects.get().canary


def test_one_store_needs_no_canary(template: TemplateStore) -> None:
    start_batch(Order(template, ["9001"], canary=True))

    assert not Batch.objects.get().canary
    assert due(CloneJob) == [True]


# Many -----------------------------------------------------------------------------------------------------------------


def many(count: int, start: int) -> list[Wanted]:
    token = Secret.seal("secret_1")
    site = SiteChoice.DRAFT
    known = [Wanted(str(start + n), label="A", token=token, instant_site=site) for n in range(count)]
    return known + [Wanted(email=f"{start + n}@example.com", name="A") for n in range(count)]


def test_a_launch_asks_the_database_once_for_dozens_of_rows(template: TemplateStore) -> None:
    few, more = _queries(template, many(20, 20_000)), _queries(template, many(120, 30_000))

    assert few <= 25
    assert (more - few) * 10 <= 200  # SQLite takes some dozens of rows at once, PostgreSQL all of them


def _queries(template: TemplateStore, targets: list[Wanted]) -> int:
    """Return how often the database is asked for a launch into targets of which half of the stores are known."""
    known = [TargetStore(connection=template.connection, store_id=one.store_id) for one in targets if one.store_id]
    TargetStore.objects.bulk_create(known[::2])
    with CaptureQueriesContext(connection) as asked:
        start_batch(Order(template, targets=targets))
    return len(asked)
