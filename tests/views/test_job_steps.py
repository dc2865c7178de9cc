"""The steps around a clone on its page, and what a person does about them there."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clones.choices import CreationStatus, HoldReason, JobStatus, SiteStatus
from clones.models import Batch, CloneJob, SiteClone, StoreCreation
from clones.views.rows import STOP_POLLING
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    SiteCloneFactory,
    StoreCreationFactory,
    TemplateStoreFactory,
)

NOW = timezone.now()
LATER = NOW + timedelta(days=1)  # not within the run

pytestmark = pytest.mark.django_db


def to_create(status: CreationStatus = CreationStatus.WAITING, **fields: object) -> CloneJob:
    row = StoreCreationFactory.create(status=status, email="a@b.de", **fields)
    batch = BatchFactory.create(template=TemplateStoreFactory.create(connection=row.connection))
    return CloneJobFactory.create(batch=batch, target=row.target, next_action_at=None)


def with_site(status: SiteStatus = SiteStatus.WAITING, **fields: object) -> CloneJob:
    return SiteCloneFactory.create(job__status=JobStatus.COMPLETED, status=status, **fields).job


def url(name: str, job: CloneJob) -> str:
    return reverse(f"clones:job_{name}", args=[job.pk])


def shown(client: Client, job: CloneJob) -> str:
    return client.get(url("detail", job)).content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("status", "fields", "sentence"),
    [
        (CreationStatus.WAITING, {"next_action_at": NOW}, "Ecwid is asked for it in a moment."),
        (
            CreationStatus.WAITING,
            {"next_action_at": LATER, "trying_since": NOW, "error_message": "Ecwid could not be reached."},
            "Ecwid could not be reached. Tried since",
        ),
        (CreationStatus.WAITING, {"next_action_at": None}, "It waits until the batch goes on."),
        (CreationStatus.CREATING, {}, "Ecwid is being asked for it right now."),
        (CreationStatus.LOOKING, {"next_action_at": LATER}, "never asks for a second one. Next look at"),
        (CreationStatus.NEEDS_PERSON, {"error_message": "Enter it from Ecwid."}, "Enter it from Ecwid."),
        (CreationStatus.FAILED, {}, "It was not created."),
        (CreationStatus.CANCELED, {}, "called off before"),
    ],
)
def test_the_store_says_how_it_stands(
    client: Client, sam: User, status: CreationStatus, fields: dict[str, object], sentence: str
) -> None:
    page = shown(client, to_create(status, **fields))

    assert sentence in page
    assert status.label in page
    assert "a@b.de" in page


@pytest.mark.parametrize(
    ("status", "fields", "sentence"),
    [
        (SiteStatus.WAITING, {"draft": True}, "in a moment. It is left as a draft."),
        (SiteStatus.WAITING, {"tries": 2, "next_action_at": LATER}, "could not clone it just now. Next try at"),
        (SiteStatus.CLONING, {}, "being asked for it right now"),
        (SiteStatus.NEEDS_PERSON, {"error_message": "The portal has no token."}, "The portal has no token."),
        (SiteStatus.DONE, {"draft": False}, "It is in the store, published."),
        (SiteStatus.FAILED, {"error_message": "No.", "error_code": "STORE_IS_SUSPENDED"}, "STORE_IS_SUSPENDED"),
        (SiteStatus.CANCELED, {}, "It was left out."),
    ],
)
def test_the_site_says_how_it_stands(
    client: Client, sam: User, status: SiteStatus, fields: dict[str, object], sentence: str
) -> None:
    page = shown(client, with_site(status, **fields))

    assert sentence in page
    assert status.label in page


@pytest.mark.parametrize("status", SiteStatus)
def test_a_site_that_needs_a_person_is_told_of_at_the_top(client: Client, sam: User, status: SiteStatus) -> None:
    top = shown(client, with_site(status)).split('id="job-steps"')[0]

    wants = status in {SiteStatus.NEEDS_PERSON, SiteStatus.FAILED}
    assert ("Its Instant Site needs a person: the steps below say why" in top) == wants


def test_before_the_clone_is_completed_the_site_waits_for_it(client: Client, sam: User) -> None:
    job = SiteCloneFactory.create(job__status=JobStatus.IN_PROGRESS, draft=False).job

    assert "cloned when the clone has completed. It is published at once." in shown(client, job)


def test_a_clone_without_such_steps_has_none(client: Client, sam: User) -> None:
    assert "job-steps" not in shown(client, CloneJobFactory.create())


def test_a_clone_that_waits_for_its_store_or_its_batch_says_so(client: Client, sam: User) -> None:
    assert "It waits for its store, which is still to be created:" in shown(client, to_create())
    assert "It is held back, as its batch is" in shown(client, CloneJobFactory.create(next_action_at=None))


def test_a_store_is_entered_and_the_clone_goes_on(client: Client, sam: User) -> None:
    job = to_create(CreationStatus.NEEDS_PERSON, unanswered_since=NOW)
    assert "Look again" in shown(client, job)

    answer = client.post(url("store", job), {"action": "enter", "store_id": "7001", "access_token": "secret_7001"})

    assert answer.headers["Location"] == url("detail", job)
    job.refresh_from_db()
    assert (job.target.store_id, job.target.token.reveal()) == ("7001", "secret_7001")
    page = shown(client, job)
    assert "The store is entered" in page
    assert "It is store 7001." in page
    assert "secret_7001" not in page


def test_in_a_held_batch_nobody_is_told_that_the_clone_goes_on(client: Client, sam: User) -> None:
    job = to_create(CreationStatus.NEEDS_PERSON, unanswered_since=NOW)
    Batch.objects.update(held_since=NOW, hold_reason=HoldReason.SAME_FAILURES)

    client.post(url("store", job), {"action": "enter", "store_id": "7001"})

    page = shown(client, job)
    assert "The store is entered." in page
    assert "the clone goes on" not in page


def test_a_mistake_stands_beside_its_field_and_keeps_what_was_typed_but_no_token(client: Client, sam: User) -> None:
    job = to_create(CreationStatus.NEEDS_PERSON)

    answer = client.post(url("store", job), {"action": "enter", "store_id": "70x1", "access_token": "secret_7001"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="70x1"' in page
    assert "is not a store ID" in page
    assert "secret_7001" not in page
    assert StoreCreation.objects.get().status == CreationStatus.NEEDS_PERSON


@pytest.mark.parametrize("in_doubt", [True, False])
def test_it_is_looked_up_or_asked_for_again(client: Client, sam: User, *, in_doubt: bool) -> None:
    job = to_create(CreationStatus.NEEDS_PERSON, unanswered_since=NOW if in_doubt else None)
    assert ("Look again" if in_doubt else "Try again") in shown(client, job)

    client.post(url("store", job), {"action": "look"})

    assert StoreCreation.objects.get().status == (CreationStatus.LOOKING if in_doubt else CreationStatus.WAITING)
    said = "looks again whether the store is there" if in_doubt else "Ecwid is asked again for 1 store"
    assert said in shown(client, job)


def test_a_store_is_given_up(client: Client, sam: User) -> None:
    job = to_create(CreationStatus.NEEDS_PERSON)

    client.post(url("store", job), {"action": "give-up"})

    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert "The store is given up" in shown(client, job)


def test_who_comes_too_late_is_told(client: Client, sam: User) -> None:
    job = to_create(CreationStatus.LOOKING)

    answer = client.post(url("store", job), {"action": "give-up"}, follow=True)

    assert "does not wait for a person any more" in answer.content.decode()


def test_a_site_is_asked_for_again_with_a_new_token(client: Client, sam: User) -> None:
    job = with_site(SiteStatus.NEEDS_PERSON)

    client.post(url("site", job), {"action": "again", "access_token": "secret_new"})

    job.refresh_from_db()
    assert (SiteClone.objects.get().status, job.target.token.reveal()) == (SiteStatus.WAITING, "secret_new")
    assert "secret_new" not in shown(client, job)


def test_a_token_that_is_none_is_told_beside_its_field(client: Client, sam: User) -> None:
    answer = client.post(url("site", with_site(SiteStatus.FAILED)), {"action": "again", "access_token": "sécret"})

    assert answer.status_code == 422
    assert "copy it from Ecwid once more" in answer.content.decode()
    assert "sécret" not in answer.content.decode()


def test_a_site_is_left_out(client: Client, sam: User) -> None:
    job = with_site(SiteStatus.NEEDS_PERSON)
    assert "Leave the site out" in shown(client, job)

    client.post(url("site", job), {"action": "give-up"})

    assert SiteClone.objects.get().status == SiteStatus.CANCELED
    assert "Leave the site out" not in shown(client, job)


# Live -----------------------------------------------------------------------------------------------------------------


def live(client: Client, job: CloneJob, **known: str | int) -> tuple[int, str]:
    answer = client.get(url("live", job), known)
    return answer.status_code, answer.content.decode()


def token_of(page: str) -> str:
    return page.partition('data-live-token="')[2].partition('"')[0]


def test_a_completed_clone_is_asked_about_while_its_site_moves(client: Client, sam: User) -> None:
    job = with_site()
    token = token_of(shown(client, job))

    assert live(client, job, since=job.version, token=token)[0] == 204
    SiteClone.objects.update(status=SiteStatus.DONE, finished_at=NOW, version=2)

    status, page = live(client, job, since=job.version, token=token)
    assert (status, 'id="job-steps"' in page) == (200, True)
    assert live(client, job, since=job.version, token=token_of(page))[0] == STOP_POLLING


def test_a_change_of_the_store_is_shown_though_the_clone_did_not_change(client: Client, sam: User) -> None:
    job = to_create()
    token = token_of(shown(client, job))

    StoreCreation.objects.update(status=CreationStatus.CREATING, version=2)

    status, page = live(client, job, since=job.version, token=token)
    assert (status, CreationStatus.CREATING.label in page) == (200, True)


def test_what_is_being_typed_stays_while_something_else_changes(client: Client, sam: User) -> None:
    job = to_create(CreationStatus.NEEDS_PERSON)
    token = token_of(shown(client, job))

    status, page = live(client, job, since=job.version - 1, token=token)

    assert (status, 'id="job-steps"' in page, 'id="job-summary"' in page) == (200, False, True)
