"""The outbox's desk: what each fate of a mail means for its row."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail as sent_mails
from django.utils import timezone

from clones import mails
from clones.choices import JobStatus, MailStatus
from clones.engine.calls import Caller
from clones.engine.delivery import Delivery, Fate
from clones.engine.errands.mailing import GIVE_UP_AFTER, NO_WORDS, MailDesk
from clones.models import Batch, BatchMail
from tests.factories import BatchFactory, CloneJobFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def desk() -> Iterator[MailDesk]:
    caller = Caller(1)
    yield MailDesk(caller)
    caller.close()


def mail(**fields: Any) -> BatchMail:
    batch = BatchFactory.create()
    CloneJobFactory.create(batch=batch, status=JobStatus.COMPLETED)
    sam = User.objects.create_user(f"sam{batch.pk}", "sam@shop.example")
    made = {"created_at": NOW, "next_action_at": NOW, **fields}
    return BatchMail.objects.create(batch=batch, user=sam, **made)


def test_it_is_marked_before_it_leaves(desk: MailDesk) -> None:
    row = mail()
    ((_, work),) = desk.prepare(list(desk.due(NOW)), NOW)
    row.refresh_from_db()
    assert row.state == MailStatus.SENDING
    assert not list(desk.due(NOW))
    assert work() == Delivery(Fate.SENT)
    assert [(one.subject, one.to) for one in sent_mails.outbox] == [("1 of 1 store cloned", ["sam@shop.example"])]


def test_one_that_cannot_be_worded_fails_and_holds_up_no_other(desk: MailDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = mail(), mail()
    compose = mails.compose

    def broken(batch: Batch) -> tuple[str, str]:
        if batch == bad.batch:
            Batch.objects.create()  # what the database refuses, too, costs this mail only
        return compose(batch)

    monkeypatch.setattr(mails, "compose", broken)

    assert [row for row, _ in desk.prepare(list(desk.due(NOW)), NOW)] == [good]

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, bad.error, good.state) == (MailStatus.FAILED, NO_WORDS, MailStatus.SENDING)


@pytest.mark.parametrize(
    ("fate", "state", "is_due_again"),
    [
        (Fate.SENT, MailStatus.SENT, False),
        (Fate.UNSURE, MailStatus.UNSURE, False),
        (Fate.NEVER, MailStatus.FAILED, False),
        (Fate.NOT_YET, MailStatus.WAITING, True),
    ],
)
def test_each_fate(desk: MailDesk, fate: Fate, state: MailStatus, is_due_again: bool) -> None:
    row = mail(state=MailStatus.SENDING)
    desk.settle(row, Delivery(fate, "" if fate is Fate.SENT else "Trouble."), NOW)
    row.refresh_from_db()
    assert row.state == state
    assert (row.sent_at is not None) == (fate is Fate.SENT)
    assert bool(row.error) == (fate is not Fate.SENT)
    assert desk.due(NOW + timedelta(hours=1)).exists() == is_due_again
    assert not desk.due(NOW + timedelta(seconds=20)).exists()


def test_the_pauses_grow(desk: MailDesk) -> None:
    row, pauses = mail(), []
    for _ in range(3):
        desk.settle(row, Delivery(Fate.NOT_YET, "Trouble."), NOW)
        row.refresh_from_db()
        assert row.next_action_at is not None
        pauses.append((row.next_action_at - NOW).total_seconds())
    assert pauses == [30, 60, 120]


def test_after_a_day_it_is_given_up(desk: MailDesk) -> None:
    row = mail()
    desk.settle(row, Delivery(Fate.NOT_YET, "Trouble."), NOW + GIVE_UP_AFTER + timedelta(seconds=1))
    row.refresh_from_db()
    assert row.state == MailStatus.FAILED


def test_what_a_dead_worker_was_sending_is_never_sent_again(desk: MailDesk) -> None:
    row = mail(state=MailStatus.SENDING)
    desk.take_back([row], NOW)
    row.refresh_from_db()
    assert (row.state, row.next_action_at) == (MailStatus.UNSURE, None)
    desk.settle_late(row, Delivery(Fate.SENT), NOW)
    row.refresh_from_db()
    assert row.state == MailStatus.SENT


def test_without_an_address_nothing_is_called_sent(desk: MailDesk) -> None:
    row = mail()
    User.objects.filter(pk=row.user_id).update(email="")
    ((leased, work),) = desk.prepare(list(desk.due(NOW)), NOW)

    desk.settle(leased, work(), NOW)

    row.refresh_from_db()
    assert (row.state, row.sent_at, sent_mails.outbox) == (MailStatus.FAILED, None, [])
