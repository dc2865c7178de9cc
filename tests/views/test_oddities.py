"""What takes too long, or is odd at Ecwid, is visible where people look: the clone's page, the list, the dashboard."""

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clones.choices import FailureKind, JobStatus
from clones.models import CloneJob
from tests.factories import CloneJobFactory, WorkerBeatFactory
from tests.people import staff

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Oddity:
    """A state of a clone, and the words for it on its page, in the list and on the dashboard."""

    name: str
    page: str
    row: str
    dashboard: str
    status: JobStatus = JobStatus.IN_PROGRESS

    def make(self) -> CloneJob:
        columns: dict[str, dict[str, object]] = {
            "overdue": {"overdue_since": timezone.now()},
            "unknown ticket": {"ticket_unknown_since": timezone.now()},
            "unknown status": {"remote_status": "COPYING_<IMAGES>"},
            "a day without a result": {"failure_kind": FailureKind.TIMED_OUT},
        }
        return CloneJobFactory.create(status=self.status, **columns[self.name])


ODDITIES = (
    Oddity("overdue", "takes longer than Ecwid&#x27;s clones usually do", "Overdue</span>", "Takes longer than usual"),
    Oddity(
        "unknown ticket",
        "Ecwid does not know its ticket just now",
        "Ticket unknown, asking again</span>",
        "Ecwid does not know its ticket, since",
    ),
    Oddity(
        "unknown status",
        "Ecwid calls it “<bdi>COPYING_&lt;IMAGES&gt;</bdi>”, which the portal does not know",
        "Ecwid: “<bdi>COPYING_&lt;IMAGES&gt;</bdi>”",
        "Ecwid says “<bdi>COPYING_&lt;IMAGES&gt;</bdi>”",
    ),
    Oddity(
        "a day without a result",
        "There was no result within 24 hours.",
        "Took too long</span>",
        "Took too long",
        JobStatus.FAILED,
    ),
)


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: str(oddity.name))
def test_it_is_told_on_the_page_in_the_list_and_on_the_dashboard(client: Client, oddity: Oddity) -> None:
    client.force_login(staff())
    WorkerBeatFactory.create()
    job = oddity.make()

    for url, words in (
        (reverse("clones:job_detail", args=[job.pk]), oddity.page),
        (reverse("clones:job_list"), oddity.row),
        (reverse("clones:dashboard"), oddity.dashboard),
    ):
        assert words in client.get(url).content.decode()


@pytest.mark.parametrize("word", ["", "QUEUED", "IN_PROGRESS", "IN\\_PROGRESS"])
def test_ecwids_own_words_are_not_odd(client: Client, word: str) -> None:
    client.force_login(staff())
    WorkerBeatFactory.create()
    job = CloneJobFactory.create(status=JobStatus.IN_PROGRESS, remote_status=word)

    assert not job.has_unknown_status
    assert "none is late" in client.get(reverse("clones:dashboard")).content.decode()
