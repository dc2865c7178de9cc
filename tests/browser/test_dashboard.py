"""The dashboard on a small screen."""

from datetime import timedelta
from itertools import pairwise

from django.utils import timezone
from playwright.sync_api import Page, expect

from clones.choices import JobStatus
from tests.browser.conftest import SignIn
from tests.browser.look import PHONE
from tests.factories import CloneJobFactory
from tests.people import staff


def test_every_second_day_of_the_chart_is_named_on_a_phone(page: Page, sign_in: SignIn) -> None:
    for days in (1, 2, 5):
        CloneJobFactory.create(status=JobStatus.COMPLETED, finished_at=timezone.now() - timedelta(days=days))
    sign_in(page, staff())
    page.set_viewport_size(PHONE)
    page.goto("/")

    named = page.locator(".chart-day:visible")
    expect(named).to_have_count(7)
    places = [float(x or 0) for x in named.evaluate_all("days => days.map((day) => day.getAttribute('x'))")]
    assert {round(after - before) for before, after in pairwise(places)} == {80}
