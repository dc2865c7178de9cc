"""Rows that keep themselves up to date: nothing that a person did on the page is lost, and nobody is asked in vain."""

import re
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, Request, expect

from clones.choices import JobStatus
from clones.models import Batch, CloneJob
from tests.browser.complaints import Complaints
from tests.browser.conftest import SignIn, stop_clock
from tests.factories import BatchFactory, CloneJobFactory
from tests.people import staff
from tests.web_process import WebProcess

MINUTE = 60_000


@pytest.fixture
def batch(transactional_db: None) -> Batch:
    """Forty clones that wait; no worker runs."""
    batch = BatchFactory.create()
    CloneJobFactory.create_batch(40, batch=batch)
    return batch


@pytest.fixture
def waiting(batch: Batch, page: Page, sign_in: SignIn) -> list[CloneJob]:
    """The clones, newest first, as the list shows them to somebody signed in."""
    sign_in(page, staff())
    return list(batch.jobs.order_by("-pk"))


def end(*jobs: CloneJob) -> None:
    """Let clones end behind the page's back."""
    CloneJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
        status=JobStatus.CANCELED, finished_at=timezone.now(), next_action_at=None, version=F("version") + 1
    )


def questions(page: Page) -> list[Request]:
    """Return a list that grows with each question of the page for its rows."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "/clones/rows/" in request.url else None)
    return asked


def status_of(job: CloneJob) -> str:
    return f"#job-{job.pk}-status"


def test_ticks_focus_and_scroll_survive_what_comes_in(page: Page, waiting: list[CloneJob]) -> None:
    changing, focused = waiting[30], waiting[31]
    page.goto("/clones/?per_page=50")
    page.locator(f"#job-{changing.pk}-pick").check()
    page.locator(f"#job-{focused.pk}-pick").focus()
    scrolled = page.evaluate("scrollY")
    assert scrolled > 0
    end(changing, focused)
    expect(page.locator(status_of(changing))).to_contain_text("Canceled")
    expect(page.locator(f"#job-{changing.pk}-pick")).to_be_checked()
    expect(page.locator(f"#job-{focused.pk}-pick")).to_be_focused()
    assert page.evaluate("scrollY") == scrolled


def test_what_is_unfolded_stays_so_when_what_is_around_it_is_swapped(page: Page, batch: Batch, sign_in: SignIn) -> None:
    refused = CloneJobFactory.create(batch=batch, error_message="Source store failed to respond", version=1)
    sign_in(page, staff())
    page.goto(f"/clones/{refused.pk}/")
    summary, words = page.get_by_text("What Ecwid said"), page.get_by_text("Source store failed to respond")
    expect(words).to_be_hidden()
    summary.click()
    expect(words).to_be_visible()
    end(refused)
    expect(page.locator("#job-summary")).to_contain_text("Canceled")
    expect(words).to_be_visible()
    expect(summary).to_be_focused()


def test_a_paused_page_asks_only_when_told_to(page: Page, waiting: list[CloneJob]) -> None:
    stop_clock(page)  # so that no question is on its way when the page is paused
    page.goto("/clones/")
    page.get_by_role("button", name="Pause").click()
    asked = questions(page)
    end(waiting[0])
    page.clock.run_for(MINUTE)
    assert asked == []
    expect(page.locator(status_of(waiting[0]))).to_contain_text("Waiting")
    page.get_by_role("button", name="Refresh now").click()
    expect(page.locator(status_of(waiting[0]))).to_contain_text("Canceled")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_new_clones_are_announced_and_move_no_row(page: Page, batch: Batch, waiting: list[CloneJob]) -> None:
    page.goto("/clones/")
    first = page.locator("[data-job]").first.get_attribute("data-job")
    new = CloneJobFactory.create_batch(2, batch=batch)
    link = page.get_by_role("link", name="2 new: show")
    expect(link).to_be_visible()
    assert page.locator("[data-job]").first.get_attribute("data-job") == first
    link.click()
    expect(page.locator("[data-job]").first).to_have_attribute("data-job", str(new[-1].pk))


def test_nothing_is_asked_once_all_have_ended(page: Page, waiting: list[CloneJob]) -> None:
    page.clock.install()
    page.goto("/clones/")
    with page.expect_response(lambda answer: answer.status == 286):
        end(*waiting)
        page.clock.run_for(timedelta(seconds=10) // timedelta(milliseconds=1))
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    expect(page.locator("[data-job]").filter(has_text="Canceled")).to_have_count(len(waiting))
    asked = questions(page)
    page.clock.run_for(10 * MINUTE)
    assert asked == []


def test_a_lost_connection_is_said_and_mends_itself(
    page: Page, waiting: list[CloneJob], web: WebProcess, complaints: Complaints
) -> None:
    complaints.forgive("net::ERR_|htmx:")
    page.goto("/clones/")
    notice = page.locator("[data-live-notice]")
    web.kill()
    expect(notice).to_contain_text("Connection lost")
    expect(page.locator("[data-job]")).to_have_count(len(waiting))
    end(waiting[0])
    web.start()
    expect(page.locator(status_of(waiting[0]))).to_contain_text("Canceled")
    expect(notice).to_be_empty()


def start(*jobs: CloneJob) -> None:
    """Let clones begin behind the page's back."""
    CloneJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
        status=JobStatus.SUBMITTING, version=F("version") + 1
    )


def test_who_is_about_to_cancel_a_clone_that_has_begun_keeps_a_place_and_is_told(
    page: Page, waiting: list[CloneJob]
) -> None:
    page.goto(f"/clones/{waiting[0].pk}/")
    page.get_by_role("button", name="Cancel").focus()

    start(waiting[0])

    summary = page.locator("#job-summary")
    expect(summary).to_be_focused()
    expect(summary).to_have_accessible_description(re.compile("^Submitting"))
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_who_is_about_to_cancel_what_waits_in_a_batch_keeps_a_place(
    page: Page, batch: Batch, waiting: list[CloneJob]
) -> None:
    page.goto(f"/batches/{batch.pk}/")
    page.locator("#batch-cancel-open").press("Enter")
    page.locator("#batch-cancel-do").focus()

    start(*waiting)

    totals = page.locator("#batch-totals")
    expect(totals).to_be_focused()
    expect(totals).to_have_accessible_description(re.compile("40 running"))


def test_a_line_that_leaves_the_dashboard_leaves_the_focus_in_its_panel(
    page: Page, batch: Batch, sign_in: SignIn
) -> None:
    old, *newer = batch.jobs.order_by("pk")[:9]
    end(old)
    sign_in(page, staff())
    page.goto("/")
    page.locator(f"#finished-{old.pk}").focus()

    end(*newer)

    expect(page.locator("#dashboard-finished")).to_be_focused()


def test_the_button_that_pauses_hands_its_focus_on_where_nothing_moves_any_more(
    page: Page, waiting: list[CloneJob]
) -> None:
    page.goto("/clones/")
    page.get_by_role("button", name="Pause").focus()

    end(*waiting)

    expect(page.get_by_role("button", name="Refresh now")).to_be_focused()
