"""What makes work for the workers rings for them, with its commit and not before. A launch: `test_launch`."""

from collections.abc import Callable

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from clones.choices import CreationStatus, HoldReason, JobStatus, SiteStatus
from clones.models import CloneJob
from clones.operations.creations import enter_store, look_again
from clones.operations.holding import continue_batch
from clones.operations.retry import retry_jobs
from clones.operations.sites import try_site_again
from tests.batch_shapes import BEFORE, batch_of, storeless
from tests.factories import CloneJobFactory, SiteCloneFactory
from tests.operations.conftest import bells

pytestmark = pytest.mark.django_db


def stuck() -> CloneJob:
    batch, _ = batch_of()
    return storeless(batch, CreationStatus.NEEDS_PERSON)


def enter() -> None:
    enter_store(stuck(), "7001")


def look() -> None:
    look_again(stuck())


def retry() -> None:
    retry_jobs([CloneJobFactory.create(status=JobStatus.FAILED)])


def go_on() -> None:
    batch, _ = batch_of(JobStatus.FAILED, JobStatus.WAITING, held_since=BEFORE, hold_reason=HoldReason.CANARY)
    continue_batch(batch)


def clone_site() -> None:
    site = SiteCloneFactory.create(status=SiteStatus.FAILED, job__status=JobStatus.COMPLETED)
    try_site_again(site.job)


@pytest.mark.parametrize("act", [enter, look, retry, go_on, clone_site])
def test_the_bell_rings_with_the_commit(
    act: Callable[[], None], queue: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        act()
        assert bells(queue) == 0

    assert bells(queue) == 1


def test_no_bell_rings_where_nothing_is_retried(
    queue: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        retry_jobs([CloneJobFactory.create(status=JobStatus.COMPLETED)])

    assert bells(queue) == 0
