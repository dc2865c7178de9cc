"""Back and forward: always a whole page, never the fragment that htmx has fetched from somewhere."""

from playwright.sync_api import Page, expect

from clones.choices import JobStatus
from clones.models import CloneJob, EntityMapping
from tests.browser.conftest import SignIn
from tests.factories import CloneJobFactory
from tests.people import staff


def expect_whole_page(page: Page) -> None:
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


def mapped_job() -> CloneJob:
    """Return a completed job with one product and one category."""
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    EntityMapping.objects.create(job=job, entity_type="product", source_id="101", target_id="9101")
    EntityMapping.objects.create(job=job, entity_type="category", source_id="202", target_id="9202")
    return job


def test_back_through_the_tabs_of_a_mapping(page: Page, sign_in: SignIn) -> None:
    job = mapped_job()
    sign_in(page, staff())
    page.goto(f"/clones/{job.pk}/")
    page.get_by_role("link", name="Categories (1)").click()
    expect(page.get_by_role("cell", name="9202")).to_be_visible()
    page.get_by_role("link", name="Batches").click()
    expect(page.get_by_role("heading", level=1, name="Batches")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("cell", name="9202")).to_be_visible()
    expect_whole_page(page)
    page.go_back()
    expect(page.get_by_role("cell", name="9101")).to_be_visible()
    expect_whole_page(page)
    page.go_forward()
    expect(page.get_by_role("cell", name="9202")).to_be_visible()
    expect_whole_page(page)


def test_back_through_the_filters_of_the_list(page: Page, sign_in: SignIn) -> None:
    waiting, completed = CloneJobFactory.create(), CloneJobFactory.create(status=JobStatus.COMPLETED)
    sign_in(page, staff())
    page.goto("/clones/")
    page.get_by_role("navigation", name="Status").get_by_role("link", name="Completed").click()
    expect(page.locator("[data-job]")).to_have_count(1)
    page.locator(f"#job-{completed.pk}-link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(completed.target.store_id)
    page.go_back()
    expect(page.locator("[data-job]")).to_have_count(1)
    expect_whole_page(page)
    page.go_back()
    expect(page.locator(f"#job-{waiting.pk}-status")).to_be_visible()
    expect_whole_page(page)
