"""What the mail about a batch says, and who gets one."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from clones import mails
from clones.choices import CreationStatus, FailureKind, JobStatus, MailChoice, SiteStatus
from clones.engine import outbox
from clones.models import Batch, BatchMail, Profile, SiteClone, StoreCreation
from tests.factories import BatchFactory, CloneJobFactory, TargetStoreFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> User:
    return User.objects.create_user("sam", "sam@shop.example")


@pytest.fixture
def batch(sam: User) -> Batch:
    return BatchFactory.create(created_by=sam, name="Spring & <b>sun</b>", template__name="Fashion")


def job(batch: Batch, status: JobStatus, **fields: Any) -> Any:
    target = TargetStoreFactory.create(connection=batch.connection, **fields.pop("store", {}))
    return CloneJobFactory.create(batch=batch, target=target, status=status, **fields)


def failed(batch: Batch, code: str, **store: Any) -> Any:
    kind = FailureKind.TARGET if code else FailureKind.ECWID
    return job(batch, JobStatus.FAILED, failure_kind=kind, error_code=code, store=store)


def test_failed_stores_come_first_by_their_cause(batch: Batch, settings: Any) -> None:
    settings.BASE_URL = "https://portal.example"
    job(batch, JobStatus.COMPLETED, store={"label": "The good one"})
    failed(batch, "", label="Odd")
    failed(batch, "TARGET_PRODUCTS_NOT_EMPTY", label="Café <i>", store_id="9101")
    failed(batch, "TARGET_PRODUCTS_NOT_EMPTY", store_id="9102")
    job(batch, JobStatus.CANCELED, store={"label": "Late"})
    subject, text = mails.compose(batch)
    assert subject == "1 of 5 stores cloned"
    assert "Spring & <b>sun</b>, from template Fashion" in text  # a text is no page: nothing is escaped
    assert text.index("3 FAILED") < text.index("Has products (2)") < text.index("Failed at Ecwid (1)")
    assert text.index("Has products (2)") < text.index("Café <i> (9101)") < text.index("  - 9102")
    assert "Delete the store's products" in text
    assert "1 canceled" in text
    assert "The good one" not in text
    assert f"https://portal.example/batches/{batch.pk}/" in text


def test_a_batch_that_went_well_is_told_shortly(batch: Batch) -> None:
    job(batch, JobStatus.COMPLETED)
    subject, text = mails.compose(batch)
    assert subject == "1 of 1 store cloned"
    assert "Everything ended well." in text
    assert "FAILED" not in text
    assert f"number {batch.pk}" in text  # nobody said where the portal is


def test_of_many_stores_some_are_named(batch: Batch) -> None:
    for number in range(mails.MOST_NAMED + 2):
        failed(batch, "TARGET_NOT_FOUND", label=f"Store no. {number}.")
    _, text = mails.compose(batch)
    assert text.count("Store no.") == mails.MOST_NAMED
    assert "and 2 more" in text


def test_what_needs_a_person_is_told(batch: Batch) -> None:
    unknown = job(batch, JobStatus.WAITING, store={"store_id": "", "email": "new@shop.example"})
    now = timezone.now()
    StoreCreation.objects.create(
        connection=batch.connection, target=unknown.target, email="new@shop.example", name="New",
        status=CreationStatus.NEEDS_PERSON, created_at=now,
    )  # fmt: skip
    cloned = job(batch, JobStatus.COMPLETED, store={"label": "No site"})
    SiteClone.objects.create(job=cloned, draft=True, status=SiteStatus.NEEDS_PERSON, created_at=now)
    _, text = mails.compose(batch)
    assert "1 WAIT FOR A PERSON" in text
    assert "  - new@shop.example" in text
    assert "1 CLONED WITHOUT THEIR INSTANT SITE" in text
    assert "No site" in text
    assert "ended well" not in text


@pytest.mark.parametrize(
    ("choice", "is_well", "gets_one"),
    [
        (None, True, True),
        (MailChoice.ALWAYS, True, True),
        (MailChoice.ALWAYS, False, True),
        (MailChoice.FAILURES, True, False),
        (MailChoice.FAILURES, False, True),
        (MailChoice.NEVER, False, False),
    ],
)
def test_each_person_chooses(batch: Batch, sam: User, choice: Any, is_well: bool, gets_one: bool) -> None:
    if choice:
        Profile.objects.create(user=sam, batch_mail=choice)
    job(batch, JobStatus.COMPLETED if is_well else JobStatus.FAILED)
    outbox.enqueue(batch, timezone.now())
    assert BatchMail.objects.filter(batch=batch, user=sam).exists() == gets_one


def test_there_is_one_mail_for_a_batch(batch: Batch) -> None:
    job(batch, JobStatus.COMPLETED)
    outbox.enqueue(batch, timezone.now())
    outbox.enqueue(batch, timezone.now())
    assert BatchMail.objects.count() == 1


@pytest.mark.parametrize("change", [{"email": ""}, {"is_active": False}])
def test_who_cannot_be_reached_gets_none(batch: Batch, sam: User, change: dict[str, Any]) -> None:
    User.objects.filter(pk=sam.pk).update(**change)
    job(batch, JobStatus.COMPLETED)
    outbox.enqueue(Batch.objects.get(pk=batch.pk), timezone.now())
    assert not BatchMail.objects.exists()


def test_a_batch_of_nobodys_is_told_to_nobody() -> None:
    batch = BatchFactory.create(created_by=None)
    job(batch, JobStatus.COMPLETED)
    outbox.enqueue(batch, timezone.now())
    assert not BatchMail.objects.exists()
