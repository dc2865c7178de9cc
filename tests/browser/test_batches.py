"""A batch that needs its owner: held and continued, retried after a look at what that takes along, canceled."""

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from clones.choices import FailureKind, HoldReason, JobStatus
from clones.models import Batch, CloneJob
from tests.browser.conftest import Look, SignIn
from tests.factories import BatchFactory, CloneJobFactory, TargetStoreFactory
from tests.people import staff

WAITING, FAILED, CANCELED = JobStatus.WAITING, JobStatus.FAILED, JobStatus.CANCELED


@pytest.fixture
def batch(transactional_db: None, page: Page, sign_in: SignIn) -> Batch:
    """A batch of five that were refused, two that are with Ecwid and three that wait; no worker runs."""
    batch = BatchFactory.create(name="Forty bakeries")
    for status in (*[FAILED] * 5, JobStatus.SUBMITTING, JobStatus.IN_PROGRESS, *[WAITING] * 3):
        target = TargetStoreFactory.create(connection=batch.connection)
        CloneJobFactory.create(batch=batch, target=target, status=status)
    batch.jobs.filter(status=FAILED).update(failure_kind=FailureKind.TARGET, error_code="TARGET_PRODUCTS_NOT_EMPTY")
    sign_in(page, staff())
    return batch


def hold(batch: Batch) -> None:
    batch.jobs.filter(status=WAITING).update(next_action_at=None)
    Batch.objects.filter(pk=batch.pk).update(held_since=timezone.now(), hold_reason=HoldReason.SAME_FAILURES)


def test_a_hold_appears_by_itself_and_continue_lets_the_rest_go(page: Page, batch: Batch, look: Look) -> None:
    page.goto(f"/batches/{batch.pk}/")
    expect(page.get_by_text("You may close this tab")).to_be_visible()
    hold(batch)

    expect(page.get_by_text("Held back")).to_be_visible()
    expect(page.get_by_text("Five clones in a row failed for the same reason.")).to_be_visible()
    page.get_by_text("Continue…").click()
    expect(page.get_by_text("The 3 clones that wait are sent to Ecwid.")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("status").filter(has_text="The batch goes on")).to_be_visible()
    expect(page.get_by_text("Held back")).to_have_count(0)
    assert not batch.jobs.filter(status=WAITING, next_action_at=None).exists()


def test_the_rest_of_a_held_batch_is_canceled_and_what_cannot_be_stopped_is_counted(
    page: Page, batch: Batch, look: Look
) -> None:
    hold(batch)
    page.goto(f"/batches/{batch.pk}/")

    page.get_by_text("Cancel the rest…").click()
    question = page.locator("#batch-cancel")
    expect(question).to_contain_text("The 3 clones that wait are never sent to Ecwid.")
    expect(question).to_contain_text("1: It is being sent to Ecwid")
    expect(question).to_contain_text("1: Ecwid has it already")
    look(page)
    page.get_by_role("button", name="Cancel the rest").click()

    expect(page.get_by_role("status").filter(has_text="Canceled 3 clones.")).to_be_visible()
    assert batch.jobs.filter(status=CANCELED).count() == 3


def test_a_retry_tells_first_what_it_takes_and_leaves_out(page: Page, batch: Batch, look: Look) -> None:
    archived = batch.jobs.filter(status=FAILED).earliest("pk").target
    archived.archived_at = timezone.now()
    archived.save(update_fields=["archived_at"])
    CloneJob.objects.filter(batch=batch, status=WAITING).update(
        status=CANCELED, finished_at=timezone.now(), next_action_at=None
    )
    page.goto(f"/batches/{batch.pk}/")

    page.get_by_role("link", name="Retry 5 failed and 3 canceled stores…").click()
    expect(page.get_by_role("heading", name="Retry 7 stores?")).to_be_visible()
    expect(page.get_by_text("3 canceled before they were sent")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(f"into {archived.store_id}: Store {archived} is archived")
    look(page)
    assert not Batch.objects.filter(retry_of=batch).exists()
    page.get_by_role("button", name="Retry 7 stores").click()

    expect(page.get_by_text(f"A retry of batch {batch.pk}.")).to_be_visible()
    page.get_by_role("link", name=f"batch {batch.pk}").click()
    expect(page.get_by_role("main")).to_contain_text("Retried as batch")
    assert Batch.objects.get(retry_of=batch).jobs.count() == 7


def test_a_batch_can_be_retried_without_javascript(
    page: Page, batch: Batch, sign_in: SignIn, browser: Browser, base_url: str
) -> None:
    with browser.new_context(java_script_enabled=False, base_url=base_url) as context:
        plain = context.new_page()
        sign_in(plain, staff("kim"))
        plain.goto(f"/batches/{batch.pk}/")
        plain.get_by_role("link", name="Retry 5 failed stores…").click()
        plain.get_by_role("button", name="Retry 5 stores").click()
        expect(plain.get_by_text(f"A retry of batch {batch.pk}.")).to_be_visible()
