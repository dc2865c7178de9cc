"""The worker is gone while pages are open: each says so in words, and goes on by itself when there is one again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from clones.models import CloneJob, TemplateStore
from clones.operations.launch import Order, start_batch
from tests.browser.conftest import NewContext, SignIn
from tests.factories import fresh
from tests.people import staff
from tests.sandbox_process import SandboxProcess
from tests.worker_process import WorkerProcess

pytestmark = pytest.mark.worker

NO_WORKER = "No worker is running"


@pytest.fixture
def job(shop: TemplateStore, sandbox: SandboxProcess) -> CloneJob:
    """A clone that stays in Ecwid's queue until the sandbox is told to go on."""
    sandbox.pause_clones()
    return start_batch(Order(shop, ["9001"])).jobs[0]


def banner(page: Page) -> Locator:
    return page.locator("#portal-banners")


def test_open_pages_tell_that_no_worker_is_left_and_recover(
    new_context: NewContext,
    sign_in: SignIn,
    job: CloneJob,
    sandbox: SandboxProcess,
    start_worker: Callable[..., WorkerProcess],
) -> None:
    worker = start_worker()
    context = new_context()
    pages = [context.new_page() for _ in range(4)]
    sign_in(pages[0], staff())
    for page, address in zip(pages, ("/", "/clones/", f"/clones/{job.pk}/", f"/batches/{job.batch_id}/"), strict=True):
        page.goto(address)
        page.evaluate("window.sameDocument = true")
        expect(page.get_by_text("Working" if address == "/" else "Queued at Ecwid").first).to_be_visible()
        expect(banner(page)).not_to_contain_text(NO_WORKER)

    worker.kill()
    worker.was_killed_long_ago()
    for page in pages:
        expect(banner(page)).to_contain_text(NO_WORKER)
    expect(pages[2].locator("#job-summary")).to_contain_text("nothing moves here until one does")

    sandbox.finish(fresh(job).ticket)
    worker.start()
    for page in pages:
        expect(banner(page)).not_to_contain_text(NO_WORKER)
        expect(page.get_by_text("Completed").first).to_be_visible()
        assert page.evaluate("window.sameDocument")
