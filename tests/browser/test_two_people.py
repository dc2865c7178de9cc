"""Two people, one target: one of them gets it, the other one is told who has it."""

from playwright.sync_api import Page, expect

from clones.models import CloneJob
from tests.browser.complaints import Complaints
from tests.browser.conftest import NewContext, SignIn
from tests.factories import TemplateStoreFactory
from tests.people import staff


def test_both_start_into_one_store_at_once(new_context: NewContext, sign_in: SignIn, complaints: Complaints) -> None:
    complaints.forgive("status of 422")
    TemplateStoreFactory.create()
    pages = [new_context().new_page() for _ in range(2)]
    for page, name in zip(pages, ("sam", "kim"), strict=True):
        sign_in(page, staff(name))
        _fill_in(page)
    for page in pages:
        page.evaluate("setTimeout(() => document.querySelector('form.launch').requestSubmit())")  # neither one waits
    for page in pages:
        expect(page.locator("#batch-totals, .launch-busy")).to_be_visible()

    (job,) = CloneJob.objects.all()
    (winner,) = [page for page in pages if page.url.endswith(f"/batches/{job.batch_id}/")]
    (loser,) = [page for page in pages if page is not winner]
    told = loser.get_by_role("alert")
    expect(told).to_contain_text("555001")
    told.get_by_role("link", name=f"clone {job.pk}").click()
    expect(loser.locator("main")).to_contain_text(f"by {job.created_by}")


def _fill_in(page: Page) -> None:
    page.goto("/clones/new/")
    page.locator("[name=targets]").fill("555001")
