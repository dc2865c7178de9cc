"""The table of old ID → new ID: for somebody who is quicker than the portal answers, and on paper."""

import re

from playwright.sync_api import Page, Route, expect

from clones.choices import JobStatus
from clones.models import EntityMapping
from tests.browser.complaints import Complaints
from tests.browser.conftest import SignIn
from tests.factories import CloneJobFactory
from tests.people import staff

PART = re.compile(r"/mapping/\?")


def test_the_last_of_two_quick_questions_is_the_one_that_is_shown(
    page: Page, sign_in: SignIn, complaints: Complaints
) -> None:
    complaints.forgive("htmx:(afterRequest|sendAbort)")  # htmx logs that it gave the first one up
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    pairs = (("product", "101", "9101"), ("category", "202", "9202"), ("category", "303", "9303"))
    EntityMapping.objects.bulk_create(
        EntityMapping(job=job, entity_type=kind, source_id=old, target_id=new) for kind, old, new in pairs
    )
    sign_in(page, staff())
    page.goto(f"/clones/{job.pk}/?type=category")
    held: list[Route] = []
    page.route(PART, lambda route: held.append(route))  # noqa: PLW0108  Playwright marks the function that it is given

    with page.expect_request(PART):
        page.get_by_role("link", name="Products (1)").click()
    page.get_by_label("Old or new ID").fill("303")
    with page.expect_request(PART):
        page.get_by_role("button", name="Search").click()
    for route in held:
        route.continue_()

    expect(page.locator("#mapping tbody tr")).to_have_count(1)
    expect(page.get_by_role("cell", name="9303")).to_be_visible()


def test_who_pages_by_keyboard_keeps_a_place_where_a_link_is_gone(page: Page, sign_in: SignIn) -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    EntityMapping.objects.bulk_create(
        EntityMapping(job=job, entity_type="product", source_id=str(number), target_id=f"9{number}")
        for number in range(1000, 1101)
    )
    sign_in(page, staff())
    page.goto(f"/clones/{job.pk}/?q=1000")

    page.locator("#mapping-clear").press("Enter")
    expect(page.locator("#mapping-q")).to_be_focused()
    page.locator("#mapping-next").press("Enter")
    expect(page.locator("#mapping-previous")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#mapping-next")).to_be_focused()


def test_a_long_mapping_stands_in_two_columns_where_there_is_room(page: Page, sign_in: SignIn) -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    EntityMapping.objects.bulk_create(
        EntityMapping(job=job, entity_type="product", source_id=str(number), target_id=f"9{number}")
        for number in range(100, 130)
    )
    sign_in(page, staff())
    page.goto(f"/clones/{job.pk}/")
    first, last = (page.get_by_role("cell", name=name, exact=True) for name in ("100", "129"))

    for width, apart in ((1440, True), (390, False)):
        page.set_viewport_size({"width": width, "height": 900})
        left, right = (cell.evaluate("cell => cell.getBoundingClientRect().x") for cell in (first, last))
        assert (right > left) == apart


def test_a_printed_mapping_has_its_store_and_its_ids_and_nothing_to_press(page: Page, sign_in: SignIn) -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED, target__label="Corner Cakes")
    EntityMapping.objects.create(job=job, entity_type="product", source_id="101", target_id="9101")
    sign_in(page, staff())
    page.goto(f"/clones/{job.pk}/")

    page.emulate_media(media="print")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Corner Cakes")
    expect(page.get_by_role("cell", name="9101")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    for link in ("ID mapping (CSV)", "CSV of all 1", "Help: reading a mapping"):
        expect(page.get_by_role("link", name=link)).to_be_hidden()
