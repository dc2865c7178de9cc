"""What can be done with a whole batch: retry with what it leaves out told first, cancel, continue."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clones.choices import CreationStatus, FailureKind, HoldReason, JobStatus, SiteStatus
from clones.models import Batch, CloneJob, Draft, TargetStore
from clones.progress import progress_of
from tests.batch_shapes import batch_with
from tests.factories import BatchFactory, CloneJobFactory, SiteCloneFactory, StoreCreationFactory

pytestmark = pytest.mark.django_db
W, S, Q, R, C, F, X = JobStatus


def held(*statuses: JobStatus) -> Batch:
    batch = batch_with(*statuses, held_since=timezone.now(), hold_reason=HoldReason.SAME_FAILURES)
    batch.jobs.filter(status=W).update(next_action_at=None)
    return batch


def url(name: str, batch: Batch) -> str:
    return reverse(f"clones:batch_{name}", args=[batch.pk])


def page(client: Client, name: str, batch: Batch) -> str:
    """Return the text of a page, its white space as a browser shows it."""
    return " ".join(client.get(url(name, batch)).content.decode().split())


def counts(batch: Batch) -> dict[JobStatus, int]:
    return dict(progress_of([batch.pk])[batch.pk].counts)


def test_retry_asks_again_for_what_failed_or_was_canceled_in_a_linked_batch(client: Client, sam: User) -> None:
    batch = batch_with(C, F, X, name="Autumn")

    answer = client.post(url("retry", batch))

    new = Batch.objects.get(retry_of=batch)
    assert answer.headers["Location"] == url("detail", new)
    assert (new.jobs.count(), new.name, new.created_by) == (2, "Autumn", sam)
    assert url("detail", new) in client.get(url("detail", batch)).content.decode()
    assert url("detail", batch) in client.get(url("detail", new)).content.decode()


def test_a_second_retry_starts_nothing_and_says_why(client: Client, sam: User) -> None:
    batch = batch_with(F)
    client.post(url("retry", batch))

    shown = client.post(url("retry", batch), follow=True).content.decode()

    assert "It was retried already" in shown
    assert CloneJob.objects.count() == 2


def test_cancel_touches_what_waits_and_nothing_else(client: Client, sam: User) -> None:
    batch = batch_with(W, W, R)

    shown = client.post(url("cancel", batch), follow=True).content.decode()

    assert counts(batch) == {X: 2, R: 1}
    assert "Canceled 2 clones." in shown
    assert "Could not stop 1 clone. 1: Ecwid has it already, and has no cancel call." in shown


def test_cancel_leaves_alone_what_may_be_running_at_ecwid_and_says_so(client: Client, sam: User) -> None:
    batch = batch_with(W, W)
    unsure = batch.jobs.earliest("pk")
    CloneJob.objects.filter(pk=unsure.pk).update(unanswered_since=timezone.now())

    shown = client.post(url("cancel", batch), follow=True).content.decode()

    assert counts(batch) == {X: 1, W: 1}
    assert "Could not stop 1 clone. 1: Ecwid&#x27;s answer to its start was lost" in shown


def test_a_retry_says_first_what_it_takes_along_and_what_is_to_be_done(client: Client, sam: User) -> None:
    batch = batch_with(F, X, X, C)
    unborn = StoreCreationFactory.create(connection=batch.connection, status=CreationStatus.FAILED)
    CloneJobFactory.create(batch=batch, target=unborn.target, status=F, failure_kind=FailureKind.NO_STORE)

    shown = page(client, "retry", batch)

    assert "Retry 4 stores?" in shown
    assert "<li>1 failed</li>" in shown
    assert "1 never started, since its store was not created: that is tried again first" in shown
    assert "2 canceled before they were sent" in shown
    assert FailureKind.NO_STORE.next_step in shown
    assert Batch.objects.count() == 1


def test_a_retry_lists_what_it_leaves_out_with_reasons_before_it_is_done(client: Client, sam: User) -> None:
    batch = batch_with(F, F, F, F, F, C)
    archived, busy, *_ = failed = list(batch.jobs.filter(status=F).order_by("pk"))
    TargetStore.objects.filter(pk__in=[job.target_id for job in failed if job is not busy]).update(
        archived_at=timezone.now()
    )
    CloneJobFactory.create(batch=BatchFactory.create(template=batch.template), target=busy.target)
    SiteCloneFactory.create(job=batch.jobs.get(status=C), status=SiteStatus.FAILED)

    shown = page(client, "retry", batch)

    assert "Nothing to retry now" in shown
    assert "Its template store or target store is archived</strong> (4 clones)" in shown
    assert f">Clone {archived.pk}</a> into" in shown
    assert "and 1 more" in shown
    assert "Another clone into the same store is under way</strong> (1 clone)" in shown
    assert "Completed, only the Instant Site did not</strong> (1 clone)" in shown
    assert "batch-retry-do" not in shown


def test_a_retry_of_a_held_batch_takes_along_what_never_started(client: Client, sam: User) -> None:
    batch = held(F, W, W)
    asked = page(client, "detail", batch)

    shown = page(client, "retry", batch)
    client.post(url("retry", batch))

    assert "Retry 1 failed and 2 waiting stores…" in asked
    assert "Retry 3 stores?" in shown
    assert "2 never started, since the batch is held: they are canceled there and go with the new one" in shown
    assert Batch.objects.get(retry_of=batch).jobs.count() == 3


def test_nothing_to_retry_is_said(client: Client, sam: User) -> None:
    shown = page(client, "retry", batch_with(C))

    assert "No clone of this batch has failed or was canceled." in shown
    assert "batch-retry-do" not in shown


def test_canceling_says_first_what_it_cannot_stop(client: Client, sam: User) -> None:
    batch = batch_with(*[W] * 6, S, S, S, Q, R)
    unsure = batch.jobs.filter(status=W).earliest("pk")
    CloneJob.objects.filter(pk=unsure.pk).update(unanswered_since=timezone.now())

    shown = page(client, "detail", batch)

    assert "Cancel 5 waiting…" in shown
    assert "It cannot stop:" in shown
    assert '<strong class="num">3</strong>: It is being sent to Ecwid' in shown
    assert '<strong class="num">2</strong>: Ecwid has it already' in shown
    assert '<strong class="num">1</strong>: Ecwid&#x27;s answer to its start was lost' in shown


def test_a_batch_that_waits_alone_can_be_canceled_whole(client: Client, sam: User) -> None:
    shown = page(client, "detail", batch_with(W, W))

    assert "Cancel 2 waiting…" in shown
    assert "It cannot stop:" not in shown


def test_a_held_batch_says_why_and_offers_two_ways(client: Client, sam: User) -> None:
    batch = held(*[F] * 5, W, W)
    batch.jobs.filter(status=F).update(failure_kind=FailureKind.TARGET, error_code="TARGET_PRODUCTS_NOT_EMPTY")

    shown = page(client, "detail", batch)

    assert "Five clones in a row failed for the same reason." in shown
    assert "2 clones wait." in shown
    assert shown.count("Ecwid clones into an empty catalog only.") == 1
    assert "Delete the store&#x27;s products in its own control panel" in shown.split('id="batch-held"')[1]
    assert "The 2 clones that wait are sent to Ecwid." in shown
    assert "The 2 clones that wait are never sent to Ecwid." in shown
    assert "Cancel 2 waiting…" not in shown


def test_continue_lets_a_held_batch_go_on_and_only_once(client: Client, sam: User) -> None:
    batch = held(F, W, W)

    shown = client.post(url("continue", batch), follow=True).content.decode()
    again = client.post(url("continue", batch), follow=True).content.decode()

    assert "The batch goes on" in shown
    assert 'id="batch-held"' not in shown
    assert "This batch is not held" in again
    assert batch.jobs.filter(status=W, next_action_at=None).count() == 0


def test_cancel_the_rest_of_a_held_batch_ends_its_hold(client: Client, sam: User) -> None:
    batch = held(F, W, W, R)

    shown = client.post(url("cancel", batch), follow=True).content.decode()

    assert counts(batch) == {F: 1, X: 2, R: 1}
    assert "Canceled 2 clones." in shown
    assert 'id="batch-held"' not in shown


def test_clone_again_with_changes_begins_a_draft_of_this_batch(client: Client, sam: User) -> None:
    batch = batch_with(C, F)
    shown = page(client, "detail", batch)
    form = re.search(r'<form method="post" action="([^"]+)">(?:(?!</form>).)*Clone again with changes', shown)
    assert form is not None

    client.post(form[1], {"batch": batch.pk})

    assert f'name="batch" value="{batch.pk}"' in form[0]
    assert Draft.objects.get().origin == batch


def test_a_retry_says_that_the_first_goes_alone_again(client: Client, sam: User) -> None:
    batch = batch_with(JobStatus.FAILED, JobStatus.FAILED, canary=True)

    assert "The first of them goes alone once more" in page(client, "retry", batch)
