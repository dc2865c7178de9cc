"""The real worker and a real mail server: a mail about a batch is sent once, or not again."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from clones.choices import JobStatus, MailStatus
from clones.engine import outbox
from clones.models import BatchMail
from tests.factories import BatchFactory, CloneJobFactory
from tests.mail_server import Behaviour, serving
from tests.waiting import until
from tests.worker_process import WorkerProcess

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

StartWorker = Callable[..., WorkerProcess]


def enqueue() -> BatchMail:
    batch = BatchFactory.create(created_by=User.objects.create_user("sam", "sam@shop.example"))
    CloneJobFactory.create(batch=batch, status=JobStatus.COMPLETED)
    outbox.enqueue(batch, timezone.now())
    return BatchMail.objects.get()


def state_of(mail: BatchMail) -> str:
    return BatchMail.objects.get(pk=mail.pk).state


def test_the_worker_sends_what_is_in_the_outbox(start_worker: StartWorker) -> None:
    behaviour = Behaviour()
    mail = enqueue()
    with serving(behaviour) as port:
        start_worker(EMAIL_URL=f"smtp://127.0.0.1:{port}")
        until(lambda: state_of(mail) == MailStatus.SENT, "the mail to be sent")
    (received,) = behaviour.received
    assert (received["Subject"], received["To"]) == ("1 of 1 store cloned", "sam@shop.example")


def test_a_mail_that_may_have_left_when_the_worker_died_is_not_sent_again(start_worker: StartWorker) -> None:
    behaviour = Behaviour(to_data="hold")
    mail = enqueue()
    with serving(behaviour) as port:
        worker = start_worker(EMAIL_URL=f"smtp://127.0.0.1:{port}")
        until(lambda: bool(behaviour.received), "the mail at the server")
        worker.kill()
        worker.was_killed_long_ago()
        behaviour.to_data = ""
        start_worker(EMAIL_URL=f"smtp://127.0.0.1:{port}")
        until(lambda: state_of(mail) == MailStatus.UNSURE, "the doubt to be written down")
    assert len(behaviour.received) == 1
