"""What a person decides about an Instant Site."""

import pytest
from django.utils import timezone

from clones.choices import HoldReason, JobStatus, SiteStatus
from clones.engine.batches import review
from clones.models import Batch, CloneEvent, SiteClone, TargetStore
from clones.operations.errors import InvalidRequestError
from clones.operations.sites import give_up_site, try_site_again
from tests.factories import CloneJobFactory, SiteCloneFactory
from tests.people import staff

pytestmark = pytest.mark.django_db


def stuck(status: SiteStatus = SiteStatus.NEEDS_PERSON) -> SiteClone:
    return SiteCloneFactory.create(
        job__status=JobStatus.COMPLETED, status=status, tries=9, error_code="X", error_message="Y"
    )


@pytest.mark.parametrize("status", [SiteStatus.NEEDS_PERSON, SiteStatus.FAILED])
def test_it_is_asked_for_again_as_if_for_the_first_time(status: SiteStatus) -> None:
    sam, site = staff(), stuck(status)

    try_site_again(site.job, sam)

    site.refresh_from_db()
    assert (site.status, site.tries, site.error_code, site.error_message) == (SiteStatus.WAITING, 0, "", "")
    assert (site.next_action_at is not None, site.finished_at) == (True, None)
    assert CloneEvent.objects.get().actor == sam


def test_a_token_becomes_the_stores() -> None:
    site = stuck()

    try_site_again(site.job, token=" secret_new ")

    assert TargetStore.objects.get().token.reveal() == "secret_new"
    assert "secret_new" not in CloneEvent.objects.get().note


def test_a_token_that_is_none_is_refused() -> None:
    site = stuck()

    with pytest.raises(InvalidRequestError, match="copy it from Ecwid"):
        try_site_again(site.job, token="sécret")

    assert SiteClone.objects.get().status == SiteStatus.NEEDS_PERSON


def test_it_can_be_left_out() -> None:
    site = stuck()

    give_up_site(site.job, staff())

    assert SiteClone.objects.get().status == SiteStatus.CANCELED


@pytest.mark.parametrize("status", [SiteStatus.WAITING, SiteStatus.CLONING, SiteStatus.DONE, SiteStatus.CANCELED])
def test_what_does_not_wait_for_a_person_is_left_alone(status: SiteStatus) -> None:
    site = stuck(status)

    for act in (try_site_again, give_up_site):
        with pytest.raises(InvalidRequestError, match="does not wait for a person"):
            act(site.job)

    assert SiteClone.objects.get().status == status


def test_a_site_that_failed_is_not_given_up_once_more() -> None:
    with pytest.raises(InvalidRequestError):
        give_up_site(stuck(SiteStatus.FAILED).job)


def test_a_first_clone_whose_site_is_tried_again_ends_the_hold_and_the_rest_waits_for_it() -> None:
    site = stuck()
    batch = site.job.batch
    batch.canary, batch.held_since, batch.hold_reason = True, timezone.now(), HoldReason.CANARY
    batch.save()
    waiting = CloneJobFactory.create(batch=batch, next_action_at=None)

    try_site_again(site.job)
    review([batch.pk], timezone.now())

    waiting.refresh_from_db()
    assert Batch.objects.filter(pk=batch.pk, held_since=None, released_at=None).exists()
    assert waiting.next_action_at is None

    SiteClone.objects.update(status=SiteStatus.DONE, finished_at=timezone.now())
    review([batch.pk], timezone.now())
    waiting.refresh_from_db()
    assert waiting.next_action_at is not None
