"""The list of clones on screens between a phone and a desk: its last column is in view, and usual words stay whole."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from clones.choices import CreationStatus, JobStatus
from tests.browser.conftest import SignIn
from tests.factories import BatchFactory, CloneJobFactory, SiteCloneFactory, StoreCreationFactory, TargetStoreFactory
from tests.people import staff

LINES = "cell => { const r = document.createRange(); r.selectNodeContents(cell); return r.getClientRects().length }"


def lines(text: Locator) -> int:
    """Return on how many lines the text stands."""
    found: int = text.evaluate(LINES)
    return found


@pytest.mark.parametrize("width", [768, 1024, 1280, 1440])
def test_nothing_is_out_of_view_and_no_word_is_broken(page: Page, sign_in: SignIn, width: int) -> None:
    user = staff()
    user.first_name, user.last_name = "Morgan", "Miller"
    user.save()
    batch = BatchFactory.create(template__name="Household", created_by=user)
    asked = {"batch": batch, "created_by": user, "created_at": timezone.now() - timedelta(hours=23, minutes=59)}
    for status in JobStatus:
        since = None if status == JobStatus.WAITING else asked["created_at"]
        CloneJobFactory.create(**asked, status=status, trying_since=since, target__label="Thistledown Daughters")
    job = CloneJobFactory.create(**asked, target=TargetStoreFactory.create(store_id="", email="a@b.example"))
    StoreCreationFactory.create(target=job.target, status=CreationStatus.NEEDS_PERSON, created_at=asked["created_at"])
    SiteCloneFactory.create(job=job)
    sign_in(page, user)
    page.set_viewport_size({"width": width, "height": 800})

    page.goto("/clones/")

    frame = page.locator(".table-responsive")
    assert frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth")
    expect(page.get_by_role("columnheader", name="Took")).to_be_in_viewport(ratio=1)
    assert lines(page.locator("td.job-template bdi").first) == 1
    if width >= 1280:
        assert lines(page.locator("td.job-by bdi").first) <= (1 if width >= 1440 else 2)
        assert lines(page.locator("td.job-template .job-scope").first) == 1
