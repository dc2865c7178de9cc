import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from clones.choices import BatchState, JobStatus
from clones.models import Batch, CloneJob, EntityMapping
from clones.progress import Progress, progress_of
from tests.factories import BatchFactory, CloneJobFactory, TargetStoreFactory
from tests.people import staff

pytestmark = pytest.mark.django_db
W, R, C, F, X = (
    JobStatus.WAITING,
    JobStatus.IN_PROGRESS,
    JobStatus.COMPLETED,
    JobStatus.FAILED,
    JobStatus.CANCELED,
)


@pytest.fixture
def sam(client: Client) -> User:
    user = staff()
    client.force_login(user)
    return user


def batch_of(*statuses: JobStatus, **fields: Any) -> Batch:
    batch = BatchFactory.create(**fields)
    for status in statuses:
        target = TargetStoreFactory.create(connection=batch.connection)
        CloneJobFactory.create(batch=batch, target=target, status=status)
    return batch


def url(name: str, batch: Batch) -> str:
    return reverse(f"clones:batch_{name}", args=[batch.pk])


def rows(answer: Any) -> list[dict[str, str]]:
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


@pytest.mark.parametrize(
    ("counts", "state", "words"),
    [
        ({W: 2}, BatchState.WAITING, "0 of 2 completed, 2 waiting"),
        ({W: 1, C: 1}, BatchState.RUNNING, "1 of 2 completed, 1 waiting"),
        ({R: 1, F: 1}, BatchState.RUNNING, "0 of 2 completed, 1 failed, 1 running"),
        ({C: 40}, BatchState.COMPLETED, "40 of 40 completed"),
        ({C: 37, F: 3}, BatchState.PARTLY, "37 of 40 completed, 3 failed"),
        ({C: 1, X: 1}, BatchState.PARTLY, "1 of 2 completed, 1 canceled"),
        ({F: 2}, BatchState.FAILED, "0 of 2 completed, 2 failed"),
        ({F: 1, X: 1}, BatchState.FAILED, "0 of 2 completed, 1 failed, 1 canceled"),
        ({X: 2}, BatchState.CANCELED, "0 of 2 completed, 2 canceled"),
    ],
)
def test_the_state_and_the_totals_in_words(counts: dict[JobStatus, int], state: BatchState, words: str) -> None:
    progress = Progress(counts)

    assert (progress.state, progress.words) == (state, words)


def test_the_list_shows_each_batch_with_its_state(client: Client, sam: User) -> None:
    batch = batch_of(C, F, name="Autumn <b>")
    batch_of(C)

    shown = client.get(reverse("clones:batch_list"), {"q": "autumn"}).content.decode()

    assert "Autumn &lt;b&gt;" in shown
    assert "1 of 2 completed, 1 failed" in shown
    assert url("detail", batch) in shown
    assert "1\N{EN DASH}1" in shown


@pytest.mark.parametrize("query", ["template=x", "user=-1", "q=%00", "page=99", "sort=nothing", "per_page=7"])
def test_an_address_that_makes_no_sense_breaks_nothing(client: Client, sam: User, query: str) -> None:
    batch_of(C)

    assert client.get(f"{reverse('clones:batch_list')}?{query}").status_code == 200


def test_the_page_shows_totals_clones_and_what_can_be_done(client: Client, sam: User) -> None:
    batch = batch_of(W, C, F, X)

    shown = client.get(url("detail", batch)).content.decode()

    assert "1 of 4 completed" in shown
    assert "Retry 2…" in shown
    assert "Cancel 1 waiting…" in shown
    assert shown.count("data-job=") == 4


def test_a_tab_shows_the_clones_of_one_status(client: Client, sam: User) -> None:
    batch = batch_of(C, F)

    shown = client.get(url("detail", batch), {"status": F.value}).content.decode()

    assert shown.count("data-job=") == 1


def test_retry_asks_again_for_what_failed_or_was_canceled_in_a_linked_batch(client: Client, sam: User) -> None:
    batch = batch_of(C, F, X, name="Autumn")

    answer = client.post(url("retry", batch))

    new = Batch.objects.get(retry_of=batch)
    assert answer.headers["Location"] == url("detail", new)
    assert (new.jobs.count(), new.name, new.created_by) == (2, "Autumn", sam)
    assert url("detail", new) in client.get(url("detail", batch)).content.decode()
    assert url("detail", batch) in client.get(url("detail", new)).content.decode()


def test_a_second_retry_starts_nothing_and_says_why(client: Client, sam: User) -> None:
    batch = batch_of(F)
    client.post(url("retry", batch))

    shown = client.post(url("retry", batch), follow=True).content.decode()

    assert "It was retried already" in shown
    assert CloneJob.objects.count() == 2


def test_cancel_touches_what_waits_and_nothing_else(client: Client, sam: User) -> None:
    batch = batch_of(W, W, R)

    shown = client.post(url("cancel", batch), follow=True).content.decode()

    assert dict(progress_of(batch.pk).counts) == {X: 2, R: 1}
    assert "Canceled 2 clones." in shown


def test_results_are_one_row_for_each_clone(client: Client, sam: User) -> None:
    batch = batch_of(C, F)

    found = rows(client.get(url("results_csv", batch)))

    assert [row["status"] for row in found] == [C.value, F.value]
    assert {row["batch_id"] for row in found} == {str(batch.pk)}


def test_mappings_are_those_of_all_completed_clones(client: Client, sam: User) -> None:
    batch = batch_of(C, C, F)
    for job in batch.jobs.all():
        EntityMapping.objects.create(job=job, entity_type="product", source_id="0123", target_id="4")

    found = rows(client.get(url("mappings_csv", batch)))

    completed = batch.jobs.filter(status=C).order_by("pk")
    assert [row["job_id"] for row in found] == [str(job.pk) for job in completed]
    assert found[0]["source_id"] == '="0123"'
    assert list(found[0])[:3] == ["entity_type", "source_id", "target_id"]
    assert list(found[0])[-2:] == ["target_store_id", "job_id"]


def test_the_refresh_is_empty_until_a_clone_changes_also_one_on_another_page(client: Client, sam: User) -> None:
    batch = batch_of(R, R)
    first, other = batch.jobs.order_by("pk")
    asked = {"ids": first.pk, "since": first.version, "token": progress_of(batch.pk).token}

    assert client.get(url("live", batch), asked).status_code == 204
    other.delete()
    changed = client.get(url("live", batch), asked)

    assert changed.status_code == 200
    assert 'id="batch-totals"' in changed.content.decode()
    assert "<html" not in changed.content.decode()


def test_the_refresh_ends_when_all_have_ended(client: Client, sam: User) -> None:
    batch = batch_of(C)
    job = batch.jobs.get()

    asked = {"ids": job.pk, "since": job.version, "token": progress_of(batch.pk).token}

    assert client.get(url("live", batch), asked).status_code == 286


def test_an_unchanged_refresh_takes_three_queries(
    client: Client, sam: User, django_assert_max_num_queries: Any, settings: Any
) -> None:
    batch = batch_of(R, R)
    job = batch.jobs.first()
    assert job is not None
    asked = {"ids": job.pk, "since": job.version, "token": progress_of(batch.pk).token}
    sessions = 0 if settings.SESSION_ENGINE.endswith(("file", "cached_db")) else 1

    with django_assert_max_num_queries(3 + sessions):
        assert client.get(url("live", batch), asked).status_code == 204


@pytest.mark.parametrize("name", ["detail", "live", "results_csv", "mappings_csv"])
def test_a_batch_that_does_not_exist_is_not_found(client: Client, sam: User, name: str) -> None:
    assert client.get(reverse(f"clones:batch_{name}", args=[404])).status_code == 404


@pytest.mark.parametrize("count", [1, 30])
def test_pages_take_as_many_queries_for_many_rows(
    client: Client, sam: User, count: int, django_assert_max_num_queries: Any
) -> None:
    batch = batch_of(*[F] * count)
    for _ in range(count):
        batch_of(C)

    with django_assert_max_num_queries(9):
        client.get(reverse("clones:batch_list"))
    with django_assert_max_num_queries(12):
        client.get(url("detail", batch))
