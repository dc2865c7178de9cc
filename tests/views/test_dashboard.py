import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from clones.choices import CreationStatus, HoldReason, JobStatus, SiteStatus
from clones.models import Batch, CloneJob
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    SiteCloneFactory,
    StoreCreationFactory,
    TargetStoreFactory,
    WorkerBeatFactory,
)
from tests.people import admin, staff

pytestmark = pytest.mark.django_db
URL, LIVE = reverse("clones:dashboard"), reverse("clones:dashboard_live")


def page(client: Client, url: str = URL, **query: str) -> str:
    return client.get(url, query).content.decode()


def token(text: str) -> str:
    return text.split('data-live-token="')[1].split('"', maxsplit=1)[0]


def test_an_empty_portal_invites_to_the_first_steps_and_draws_no_chart(client: Client) -> None:
    client.force_login(admin())

    text = page(client)

    assert "First steps" in text
    assert reverse("clones:connection_new") in text
    assert '<svg class="chart"' not in text


def test_staff_are_told_what_an_admin_has_to_do(client: Client) -> None:
    client.force_login(staff())

    text = page(client)

    assert "(an admin does this)" in text
    assert reverse("clones:connection_new") not in text


def test_it_shows_what_runs_what_failed_and_what_ended(client: Client) -> None:
    client.force_login(staff())
    batch = BatchFactory.create(name="Forty <b>new</b>")
    CloneJobFactory.create(batch=batch)
    failed = CloneJobFactory.create(batch=batch, status=JobStatus.FAILED)
    done = CloneJobFactory.create(batch=batch, status=JobStatus.COMPLETED)

    text = page(client)

    assert "Forty &lt;b&gt;new&lt;/b&gt;" in text
    assert 'aria-label="1 of 3 completed, 1 failed, 1 waiting"' in text
    assert f'id="failed-{failed.pk}"' in text
    assert f'id="finished-{done.pk}"' in text
    assert '<svg class="chart"' in text


def test_the_number_that_failed_is_the_number_that_its_link_lists(client: Client) -> None:
    client.force_login(staff())
    job = CloneJobFactory.create(status=JobStatus.FAILED)
    CloneJobFactory.create(status=JobStatus.COMPLETED, retry_of=CloneJobFactory.create(status=JobStatus.FAILED))
    CloneJobFactory.create(status=JobStatus.FAILED, finished_at=timezone.now() - timedelta(days=15))

    href, words = re.findall(r'id="dashboard-failed" href="([^"]+)">([^<]+)<', page(client))[0]
    listed = page(client, href)

    assert words == "1 failed"
    assert re.findall(r'data-job="(\d+)"', listed) == [str(job.pk)]
    assert "CSV of this one" in listed
    assert "Failed lately, not retried" in listed


def test_every_page_says_that_no_worker_runs_and_what_stands_still(client: Client) -> None:
    client.force_login(staff())
    CloneJobFactory.create()
    CloneJobFactory.create_batch(2, status=JobStatus.IN_PROGRESS)

    for url in (URL, reverse("clones:job_list")):
        words = " ".join(strip_tags(page(client, url)).split())
        assert "No worker is running" in words
        assert "1 clone waits. 2 clones are under way: how they end is seen later." in words


def test_the_clones_of_a_banner_are_those_that_its_links_list(client: Client) -> None:
    client.force_login(staff())
    waiting, running = CloneJobFactory.create(), CloneJobFactory.create(status=JobStatus.QUEUED)

    links = re.findall(r'href="([^"]+)">1 clone</a>', page(client))

    assert [re.findall(r'data-job="(\d+)"', page(client, link)) for link in links] == [
        [str(waiting.pk)],
        [str(running.pk)],
    ]


_CLOCK = re.compile(r"(\d+ [A-Z][a-z]+, \d\d:\d\d|\d\d:\d\d:\d\d)")


def test_a_paused_connection_is_named_with_the_way_to_it_for_admins_only(client: Client) -> None:
    connection = ConnectionFactory.create(paused_at=timezone.now(), name="Main")
    WorkerBeatFactory.create()
    link = reverse("clones:connection_detail", args=[connection.pk])

    client.force_login(staff())
    assert "Ask an admin to see to it." in page(client)
    assert link not in page(client)
    client.force_login(admin())
    assert link in page(client)


@pytest.mark.parametrize(
    ("stop", "told"),
    [
        ({"paused_at": -5}, "Connection Main is paused since CLOCK: nothing is sent over it."),
        (
            {"blocked_since": -5, "blocked_until": 55, "block_reason": "CREDENTIALS", "block_message": "No."},
            "Connection Main is stopped since CLOCK: No.",
        ),
    ],
    ids=["paused", "stopped"],
)
def test_since_when_something_stands_is_said_in_a_sentence(
    client: Client, stop: dict[str, int | str], told: str
) -> None:
    """Its numbers are minutes from now on."""
    now = timezone.now()
    moments = {name: now + timedelta(minutes=value) for name, value in stop.items() if isinstance(value, int)}
    ConnectionFactory.create(name="Main", **(stop | moments))
    WorkerBeatFactory.create(started_at=now - timedelta(minutes=5), beat_at=now)
    client.force_login(staff())

    words = _CLOCK.sub("CLOCK", " ".join(strip_tags(page(client)).split()))

    assert told in words
    assert "Since CLOCK. It sends what waits" in words


def test_the_refresh_is_empty_until_something_changes(client: Client) -> None:
    client.force_login(staff())
    job = CloneJobFactory.create()
    seen = token(page(client))

    assert client.get(LIVE, {"token": seen}).status_code == 204
    CloneJob.objects.filter(pk=job.pk).update(version=7)
    changed = client.get(LIVE, {"token": seen})

    assert changed.status_code == 200
    text = changed.content.decode()
    assert 'id="dashboard-panels"' in text
    assert 'hx-swap-oob="true"' in text
    assert "<html" not in text
    assert token(text) != seen


def test_a_refresh_brings_the_banners_only_where_they_are_not_as_the_page_has_them(client: Client) -> None:
    client.force_login(staff())
    connection = ConnectionFactory.create(paused_at=timezone.now())
    banners = page(client).split('data-live-standstill="')[1].split('"', maxsplit=1)[0]

    same = page(client, LIVE, standstill=banners)
    type(connection).objects.update(paused_at=None)
    other = page(client, LIVE, standstill=banners)

    assert 'id="dashboard-panels"' in same
    assert 'id="portal-banners"' not in same
    assert 'id="portal-banners"' in other


def test_it_names_held_batches_and_whoever_needs_a_person(client: Client) -> None:
    client.force_login(staff())
    held = BatchFactory.create(name="Stuck", held_since=timezone.now(), hold_reason=HoldReason.SAME_FAILURES)
    CloneJobFactory.create(batch=held)
    decided = BatchFactory.create(held_since=timezone.now(), hold_reason=HoldReason.CANARY)
    CloneJobFactory.create(batch=decided, status=JobStatus.CANCELED)
    store = StoreCreationFactory.create(status=CreationStatus.NEEDS_PERSON)
    waiting = CloneJobFactory.create(target=store.target)
    site = SiteCloneFactory.create(job__status=JobStatus.COMPLETED, status=SiteStatus.NEEDS_PERSON)

    text = page(client)

    assert f'id="held-batch-{held.pk}"' in text
    assert "<strong>1 needs a person</strong>" in text
    assert "1 waits for your decision" in text
    assert f'id="held-batch-{decided.pk}"' not in text
    assert f'id="wanting-{waiting.pk}"' in text
    assert store.email in text
    assert f'id="wanting-{site.job_id}"' in text
    assert "2 need a person" in text


def test_a_hold_and_a_site_that_needs_a_person_come_with_the_refresh(client: Client) -> None:
    client.force_login(staff())
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    CloneJobFactory.create(batch=job.batch)
    seen = token(page(client))
    SiteCloneFactory.create(job=job, status=SiteStatus.NEEDS_PERSON)

    changed = page(client, LIVE, token=seen)
    Batch.objects.update(held_since=timezone.now(), hold_reason=HoldReason.SAME_FAILURES)
    changed_again = page(client, LIVE, token=token(changed))

    assert f'id="wanting-{job.pk}"' in changed
    assert f'id="held-batch-{job.batch_id}"' in changed_again


@pytest.mark.parametrize("rows", [1, 30])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: Client, rows: int, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    client.force_login(staff())
    WorkerBeatFactory.create(beat_at=timezone.now() + timedelta(seconds=1))
    batch = BatchFactory.create()
    for status in (JobStatus.WAITING, JobStatus.FAILED, JobStatus.COMPLETED):
        for _ in range(rows):
            target = TargetStoreFactory.create(connection=batch.connection)
            CloneJobFactory.create(batch=batch, target=target, status=status)

    with django_assert_max_num_queries(20):  # type: ignore[operator]
        page(client)
    seen = token(page(client))
    with django_assert_max_num_queries(7):  # type: ignore[operator]
        assert client.get(LIVE, {"token": seen}).status_code == 204
