"""Many stores from one file: in a browser through the wizard to the batch's end, before worker and sandbox."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from playwright.sync_api import FilePayload, Page, expect

from clones.choices import CheckStatus, CreationStatus, JobStatus, SiteStatus
from clones.models import Batch, CloneJob, Connection, DraftTarget, SiteClone, StoreCreation, TemplateStore
from clones.sandbox.teststores import TEST_STORES
from tests.browser.conftest import SignIn
from tests.people import staff
from tests.sandbox_process import LoggedClone, SandboxProcess, store_token
from tests.worker_process import PATIENT, WorkerProcess

PATIENCE = 600_000  # milliseconds; only a broken test waits so long
# Five hundred in `make test-scale`; a fifth of them in `make test`, which has no time for more.
SHARE = 5 if connection.vendor == "sqlite" else 1
WITHOUT_TOKEN = range(20_001, 20_001 + 300 // SHARE)
WITH_TOKEN = range(20_301, 20_301 + 150 // SHARE)
WITH_SITE = range(20_451, 20_451 + 10 // SHARE)
NEW = [f"owner-{number}@shops.example.com" for number in range(34 // SHARE)]
ON_PURPOSE = {each.spec.id: each for each in TEST_STORES if each.spec.id in {9103, 9104, 9106, 9107, 9109, 9121}}
SEEN_BY_CHECK = {9106, 9107, 9109}  # which hold something already, or whose plan has no room
FINE = [*WITHOUT_TOKEN, *WITH_TOKEN, *WITH_SITE]
TOTAL = len(FINE) + len(ON_PURPOSE) + len(NEW)
GOOD = len(FINE) + len(NEW)
RATE_LIMIT = 4_000  # requests a minute: so that the sandbox keeps up with them, also on a busy machine


def file() -> FilePayload:
    """Return the file as a spreadsheet saves it, with two rows that stand there twice."""
    lines = ["store_id;email;name;label;access_token;instant_site;Phone"]
    lines += [f"{store};;;Shop {store};;;" for store in (*WITHOUT_TOKEN, *WITHOUT_TOKEN[:2])]
    lines += [f"{store};;;Shop {store};{store_token(store)};;0" for store in (*WITH_TOKEN, *ON_PURPOSE)]
    lines += [f"{store};;;Shop {store};{store_token(store)};draft;0" for store in WITH_SITE]
    lines += [f";{email};Shop of {email.partition('@')[0]};;;publish;" for email in NEW]
    return FilePayload(name="customers.csv", mimeType="text/csv", buffer="\r\n".join(lines).encode("utf-8-sig"))


@pytest.fixture
def many(shop: TemplateStore, sandbox: SandboxProcess) -> TemplateStore:
    """The stores at the sandbox, and a small template whose size is known: so many copies of it come to be."""
    sandbox.add_store(1001, products=2, categories=1)
    for store in FINE:
        sandbox.add_store(store)
    for each in ON_PURPOSE.values():
        sandbox.add_spec(each.spec)
    Connection.objects.update(rate_limit=RATE_LIMIT, site_url=sandbox.site_url)
    TemplateStore.objects.update(product_count=2, category_count=1)
    return shop


@pytest.fixture
def sam(page: Page, sign_in: SignIn, many: TemplateStore) -> User:
    """Somebody who is signed in."""
    sam = staff("sam")
    sign_in(page, sam)
    return sam


@pytest.mark.worker
def test_many_stores_from_one_file_to_the_end_of_their_batch(
    page: Page, sam: User, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]
) -> None:
    start_worker(silent_seconds=PATIENCE // 1000, **PATIENT)
    _upload(page)
    _check(page)
    _launch(page)
    _follow_to_the_end(page)

    batch = Batch.objects.get()
    jobs = list(batch.jobs.select_related("target", "site"))
    clones = sandbox.log()
    assert batch.created_by == sam
    _fine_stores_have_one_clone_each(jobs, clones)
    _stores_that_fail_on_purpose_say_why(jobs)
    _new_stores_exist_once_with_their_site(jobs, sandbox)


def _upload(page: Page) -> None:
    page.goto("/batches/new/")
    page.get_by_role("button", name="Begin a new batch").click()
    page.get_by_role("button", name="Save, and on to the targets").click()
    page.get_by_label("Choose a CSV file").set_input_files(file())
    page.get_by_role("button", name="Make a list of these stores").click()
    counts = page.locator(".draft-count")
    expect(counts).to_contain_text(f"{TOTAL} stores, 2 duplicates removed. All can be launched.")
    expect(page.get_by_text("cells apart by semicolon")).to_contain_text("Ignored: Phone")


def _check(page: Page) -> None:
    """Check all: what has no token is told to be unchecked, never to be good."""
    page.get_by_role("link", name=f"Check {TOTAL} stores").click()
    page.get_by_role("button", name=f"Check {TOTAL} stores").click()
    expect(page.get_by_role("status").filter(has_text=f"Checking {TOTAL} stores.")).to_be_visible()
    words = page.locator("#draft-check-state strong").first
    expect(words).to_have_text(f"{TOTAL} stores looked at", timeout=PATIENCE)
    found = Counter(DraftTarget.objects.values_list("check_status", flat=True))
    passed = len(WITH_TOKEN) + len(WITH_SITE) + len(NEW) + len(ON_PURPOSE) - len(SEEN_BY_CHECK)
    assert found == {
        CheckStatus.PASSED: passed,
        CheckStatus.UNCHECKED: len(WITHOUT_TOKEN),
        CheckStatus.BLOCKED: len(SEEN_BY_CHECK),
    }


def _launch(page: Page) -> None:
    """Press the last button twice, as impatient people do."""
    page.get_by_role("link", name="Review").last.click()
    page.get_by_role("link", name="Take them along all the same").click()
    page.locator("[name=name]").fill("Many")
    page.get_by_role("button", name=f"Clone into {TOTAL} stores").dblclick()
    expect(page.get_by_role("heading", level=1, name="Many")).to_be_visible()
    assert Batch.objects.count() == 1
    assert CloneJob.objects.count() == TOTAL


def _follow_to_the_end(page: Page) -> None:
    """Look on, without a reload."""
    page.evaluate("window.sameDocument = true")
    totals = page.locator("#batch-totals")
    expect(totals).to_contain_text(f"Partly failed ({GOOD} of {TOTAL})", timeout=PATIENCE)
    expect(totals).to_contain_text(f"{GOOD} of {TOTAL} completed, {len(ON_PURPOSE)} failed")
    expect(page.get_by_role("link", name=f"Retry {len(ON_PURPOSE)} failed stores")).to_be_visible()
    expect(page.locator("#batch-failures")).to_contain_text("TARGET_PRODUCTS_NOT_EMPTY")
    assert page.evaluate("window.sameDocument")


def _fine_stores_have_one_clone_each(jobs: list[CloneJob], clones: list[LoggedClone]) -> None:
    """Compare with what really happened: no store has none, none has two, and each row knows its own."""
    completed = [job for job in jobs if job.status == JobStatus.COMPLETED]
    fine = [(job.target.store_id, job.ticket) for job in completed]
    really = [(clone.target, clone.ticket) for clone in clones if clone.status == "COMPLETED"]
    assert sorted(fine) == sorted(really)
    assert set(Counter(clone.target for clone in clones).values()) == {1}
    assert {str(store) for store in FINE} < {store for store, _ in fine}


def _stores_that_fail_on_purpose_say_why(jobs: list[CloneJob]) -> None:
    failed = {int(job.target.store_id): job for job in jobs if job.status == JobStatus.FAILED}
    codes = {store: job.error_code for store, job in failed.items()}
    assert codes == {store: each.code for store, each in ON_PURPOSE.items()}
    assert failed[9121].error_message == ON_PURPOSE[9121].spec.fails_with


def _new_stores_exist_once_with_their_site(jobs: list[CloneJob], sandbox: SandboxProcess) -> None:
    new = {job.target.email: job.target.store_id for job in jobs if job.target.email}
    there = {email: [str(store["id"]) for store in sandbox.stores(email)] for email in NEW}
    assert there == {email: [store_id] for email, store_id in new.items()}
    assert set(StoreCreation.objects.values_list("status", flat=True)) == {CreationStatus.CREATED}
    assert set(SiteClone.objects.values_list("status", flat=True)) == {SiteStatus.DONE}
    assert {sandbox.store(int(store_id))["site"]["draft"] for store_id in new.values()} == {False}
    assert {sandbox.store(store_id)["site"]["draft"] for store_id in WITH_SITE} == {True}
