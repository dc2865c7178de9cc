"""How many queries each page makes: no more than its baseline, and the same for 1 and for 30 rows on it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clones.choices import CreationStatus, HoldReason, JobStatus, SiteStatus
from clones.models import Batch, CloneEvent, CloneJob, Draft, DraftTarget, EntityMapping, TemplateStore
from clones.operations.drafts.rows import add_rows, row_of
from tests.drafts import draft_with
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    SiteCloneFactory,
    StoreCreationFactory,
    TargetStoreFactory,
    WorkerBeatFactory,
)
from tests.people import admin

FEW, MANY = 1, 30
FRAGMENT = {"HX-Request": "true"}
WITHOUT_COST = {
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
}


def make_jobs(count: int) -> None:
    """Make clones of everything that a row can name, all different; then one of each thing that has as many parts."""
    WorkerBeatFactory.create(beat_at=timezone.now() + timedelta(hours=1))  # alive on a slow machine too
    for number in range(count):
        user = User.objects.create_user(f"person-{number}", f"{number}@example.com")
        batch = BatchFactory.create(created_by=user, name=f"Batch {number}")
        for status in JobStatus:
            CloneJobFactory.create(batch=batch, created_by=user, status=status)
    make_parts(count)


def make_parts(count: int) -> None:
    """Make a clone with so many events, pairs and retries, and what it belongs to with as much hanging on it."""
    user = User.objects.get(username="person-0")
    whole = BatchFactory.create(created_by=user, name="Whole")
    first = CloneJobFactory.create(batch=whole, created_by=user, status=JobStatus.COMPLETED)
    rows = {"batch": whole, "created_by": user, "status": JobStatus.COMPLETED, "retry_of": first}
    CloneJobFactory.create_batch(count, **rows)
    CloneJobFactory.create_batch(count, **(rows | {"target": first.target}))
    for number in range(count):
        CloneEvent.objects.create(job=first, at=timezone.now(), actor=user, to_status=JobStatus.COMPLETED)
        EntityMapping.objects.create(job=first, entity_type="product", source_id=str(number), target_id=str(number))
        BatchFactory.create(template=whole.template, created_by=user, retry_of=whole)
        TemplateStore.objects.create(connection=whole.connection, store_id=f"7{number:03}", name=f"Store {number}")


def make_held(count: int) -> None:
    """Make a held batch with so many causes, stores and sites that need a person, and sites that failed."""
    batch = BatchFactory.create(name="Held", held_since=timezone.now(), hold_reason=HoldReason.SAME_FAILURES)
    CloneJobFactory.create(batch=batch)
    for number in range(count):
        CloneJobFactory.create(batch=batch, status=JobStatus.FAILED, error_code=f"CODE_{number}")
        creation = StoreCreationFactory.create(connection=batch.connection, status=CreationStatus.NEEDS_PERSON)
        CloneJobFactory.create(batch=batch, target=creation.target, created_at=creation.created_at)
        for status in (SiteStatus.NEEDS_PERSON, SiteStatus.FAILED):
            SiteCloneFactory.create(job=CloneJobFactory.create(batch=batch, status=JobStatus.COMPLETED), status=status)


def held_batch() -> Batch:
    return Batch.objects.get(name="Held")


def make_drafts(count: int) -> None:
    """Make drafts, of which the first has as many rows, half of them with mistakes, and stores to choose from."""
    users = list(User.objects.order_by("pk"))
    template = last_batch().template
    for number in range(count):
        TargetStoreFactory.create(connection=template.connection, label=f"Label {number}")
        draft_with(users[number], template, f"{8000 + number}")
    draft = draft_with(users[0], template, " ".join(f"{6000 + number} x{number}" for number in range(count)))
    CloneJobFactory.create_batch(count, batch=last_batch(), target__connection=template.connection)
    busy = CloneJob.objects.active().filter(target__connection=template.connection)
    ids = list(busy.values_list("target__store_id", flat=True))
    add_rows(draft, users[0], [row_of(store_id=store_id) for store_id in ids])


def draft_at(step: str) -> Callable[[], str]:
    """Return what looks for the address of the draft with the many rows."""
    return lambda: f"/batches/new/{Draft.objects.latest('pk').pk}/{step}"


def stepped_job() -> CloneJob:
    """Return a clone whose store is to be created, and which has a site."""
    job = CloneJob.objects.filter(site__isnull=False).first()
    if job is None:
        row = StoreCreationFactory.create(connection=last_batch().connection)
        job = CloneJobFactory.create(batch=last_batch(), target=row.target)
        SiteCloneFactory.create(job=job)
    return job


def last_batch() -> Batch:
    return Batch.objects.get(name="Whole")


def first_job() -> CloneJob:
    """Return the clone that has events, pairs and retries."""
    return CloneJob.objects.filter(batch=last_batch()).order_by("pk")[0]


def all_ids() -> str:
    return ",".join(str(pk) for pk in CloneJob.objects.order_by("-pk").values_list("pk", flat=True)[:200])


def versions() -> str:
    return ",".join(
        str(version) for version in CloneJob.objects.order_by("-pk").values_list("version", flat=True)[:200]
    )


@dataclass(frozen=True)
class Page:
    """A page's address, which may need to look for something, and the most queries that it may make."""

    most: int
    address: Callable[[], str]
    headers: dict[str, str] | None = None
    status: int = 200


PAGES = {
    "dashboard": Page(17, lambda: "/"),
    "dashboard, refreshed": Page(17, lambda: "/dashboard/live/"),
    "clones": Page(9, lambda: "/clones/"),
    "clones, searched": Page(9, lambda: "/clones/?q=9&status=ENDED"),
    "clones.csv": Page(2, lambda: "/clones.csv"),
    "rows, all changed": Page(3, lambda: f"/clones/rows/?ids={all_ids()}&since=0", FRAGMENT),
    "rows, none changed": Page(2, lambda: f"/clones/rows/?ids={all_ids()}&since={versions()}", FRAGMENT, status=204),
    "new clone": Page(5, lambda: "/clones/new/"),
    "clone": Page(10, lambda: f"/clones/{first_job().pk}/"),
    "clone, refreshed": Page(9, lambda: f"/clones/{first_job().pk}/live/?ids={first_job().pk}&since=0", FRAGMENT),
    "clone with steps": Page(11, lambda: f"/clones/{stepped_job().pk}/"),
    "mapping": Page(4, lambda: f"/clones/{first_job().pk}/mapping/", FRAGMENT),
    "mapping.csv": Page(4, lambda: f"/clones/{first_job().pk}/mapping.csv"),
    "batches": Page(8, lambda: "/batches/"),
    "batches, held": Page(8, lambda: "/batches/?state=held"),
    "new batch": Page(5, lambda: "/batches/new/"),
    "draft, template": Page(7, draft_at("template/")),
    "draft, targets": Page(9, draft_at("targets/")),
    "draft, a row": Page(6, lambda: f"{draft_at('rows/')()}{DraftTarget.objects.latest('pk').pk}/"),
    "draft, bad rows": Page(4, draft_at("bad-rows.csv")),
    "draft, all rows": Page(5, draft_at("rows.csv")),
    "draft, check": Page(9, draft_at("check/")),
    "draft, check, refreshed": Page(6, draft_at("check/live/")),
    "draft, review": Page(11, draft_at("review/")),
    "batch": Page(12, lambda: f"/batches/{last_batch().pk}/"),
    "batch, with all there is to tell": Page(17, lambda: f"/batches/{held_batch().pk}/"),
    "retry of a batch": Page(14, lambda: f"/batches/{held_batch().pk}/retry/"),
    "batch, refreshed": Page(8, lambda: f"/batches/{last_batch().pk}/live/?ids={all_ids()}&since=0", FRAGMENT),
    "results.csv": Page(3, lambda: f"/batches/{last_batch().pk}/results.csv"),
    "mappings.csv": Page(5, lambda: f"/batches/{last_batch().pk}/mappings.csv"),
    "templates": Page(6, lambda: "/templates/"),
    "template": Page(9, lambda: f"/templates/{last_batch().template_id}/"),
    "new template": Page(6, lambda: "/templates/new/"),
    "change template": Page(4, lambda: f"/templates/{last_batch().template_id}/edit/"),
    "targets": Page(8, lambda: "/targets/"),
    "target": Page(8, lambda: f"/targets/{first_job().target_id}/"),
    "new targets": Page(6, lambda: "/targets/new/"),
    "connections": Page(5, lambda: "/connections/"),
    "connection": Page(6, lambda: f"/connections/{last_batch().connection_id}/"),
    "people": Page(5, lambda: "/people/"),
    "person": Page(5, lambda: f"/people/{User.objects.get(username='person-0').pk}/"),
    "change person": Page(5, lambda: f"/people/{User.objects.get(username='person-0').pk}/edit/"),
    "profile": Page(3, lambda: "/accounts/profile/"),
    "help": Page(3, lambda: "/help/"),
    "help page": Page(3, lambda: "/help/when-something-fails/"),
    "not found": Page(3, lambda: "/nowhere/", status=404),
}


@dataclass(frozen=True)
class Answer:
    """What came, and what was asked of the database for it."""

    status: int
    queries: list[str]


Counted = dict[str, Answer]


@pytest.fixture(scope="module")
def counted(open_database: None) -> dict[int, Counted]:
    """Return what each page asks of the database, by the number of rows on it. Sessions cost no query here."""
    found: dict[int, Counted] = {}
    for count in (FEW, MANY):
        with transaction.atomic(), override_settings(**WITHOUT_COST):
            make_jobs(count)
            make_held(count)
            make_drafts(count)
            ada = Client(raise_request_exception=False)
            ada.force_login(admin())
            ada.cookies["per_page"] = "200"
            found[count] = {name: ask(ada, page) for name, page in PAGES.items()}
            transaction.set_rollback(True)
    return found


def ask(client: Client, page: Page) -> Answer:
    """Ask for the page, all of it where it is a stream."""
    address = page.address()
    with CaptureQueriesContext(connection) as captured:
        response: HttpResponseBase = client.get(address, headers=page.headers)
        b"".join(getattr(response, "streaming_content", ()))
    return Answer(response.status_code, [query["sql"] for query in captured])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_no_more_with_more_on_it(name: str, counted: dict[int, Counted]) -> None:
    few, many = counted[FEW][name], counted[MANY][name]

    assert few.status == many.status == PAGES[name].status
    assert len(many.queries) == len(few.queries), "\n".join(many.queries)
    assert len(many.queries) <= PAGES[name].most, "\n".join(many.queries)
