import csv
import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from clones.choices import HoldReason, JobStatus, SiteStatus
from clones.models import Batch, EntityMapping
from clones.progress import Progress, with_progress
from tests.batch_shapes import batch_with
from tests.factories import MISSING, CloneJobFactory, SiteCloneFactory, TargetStoreFactory

pytestmark = pytest.mark.django_db
W, R, C, F, X = (
    JobStatus.WAITING,
    JobStatus.IN_PROGRESS,
    JobStatus.COMPLETED,
    JobStatus.FAILED,
    JobStatus.CANCELED,
)

BESIDE = ["batch-totals", "batch-failures", "batch-tabs"]


def progress_of(batch: Batch) -> Progress:
    ((_, progress),) = with_progress([batch])
    return progress


def url(name: str, batch: Batch) -> str:
    return reverse(f"clones:batch_{name}", args=[batch.pk])


def rows(answer: Any) -> list[dict[str, str]]:
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_the_list_shows_each_batch_with_its_state(client: Client, sam: User) -> None:
    batch = batch_with(C, F, name="Autumn <b>")
    batch_with(C)

    shown = client.get(reverse("clones:batch_list"), {"q": "autumn"}).content.decode()

    assert "Autumn &lt;b&gt;" in shown
    assert "1 of 2 completed, 1 failed" in shown
    assert url("detail", batch) in shown
    assert "1\N{EN DASH}1" in shown


def bars(shown: str) -> list[tuple[str, list[str]]]:
    """Return what each bar of parts on a page says, and the colours of its parts."""
    found = re.findall(r'<svg class="parts"[^>]* role="img" aria-label="([^"]*)">(.*?)</svg>', shown, re.DOTALL)
    return [(said, re.findall(r'<rect class="bar-(\w+)"', inside)) for said, inside in found]


def test_a_bar_tells_ends_apart_and_its_words_stand_beside_it(client: Client, sam: User) -> None:
    batch = batch_with(C, F, F, X, R, W)
    told = ("1 of 6 completed, 2 failed, 1 canceled, 1 running, 1 waiting", ["green", "red", "secondary", "blue"])
    pages = [url("detail", batch), url("live", batch), reverse("clones:batch_list"), reverse("clones:dashboard")]

    for shown in (client.get(page).content.decode() for page in pages):
        assert bars(shown) == [told]
        assert told[0] in " ".join(strip_tags(shown).split())


def test_what_has_ended_has_no_bar(client: Client, sam: User) -> None:
    batch = batch_with(C, F)

    assert bars(client.get(url("detail", batch)).content.decode()) == []


def listed(client: Client, **query: Any) -> list[int]:
    table = client.get(reverse("clones:batch_list"), query).context["table"]
    return [row.record.pk for row in table.paginated_rows]


def test_the_list_is_narrowed_by_template_person_name_and_number(client: Client, sam: User) -> None:
    mine = batch_with(C, name="Autumn", created_by=sam)
    other = batch_with(C, name="Spring")

    assert listed(client) == [other.pk, mine.pk]
    assert listed(client, template=mine.template_id) == [mine.pk]
    assert listed(client, user=sam.pk) == [mine.pk]
    assert listed(client, q="TUM") == [mine.pk]
    assert listed(client, q=str(other.pk)) == [other.pk]
    assert listed(client, q=f"Batch {other.pk}") == [other.pk]
    assert listed(client, q="Spring", user=sam.pk) == []


def test_the_list_is_narrowed_by_state(client: Client, sam: User) -> None:
    partly, running, done = batch_with(C, F), batch_with(C, W), batch_with(C)
    held = batch_with(F, W, held_since=timezone.now(), hold_reason=HoldReason.SAME_FAILURES)
    batch_with(X, held_since=timezone.now(), hold_reason=HoldReason.CANARY)
    SiteCloneFactory.create(job=done.jobs.get(), status=SiteStatus.NEEDS_PERSON)

    assert listed(client, state="open") == [held.pk, running.pk]
    assert listed(client, state="held") == [held.pk]
    assert listed(client, state="failed") == [held.pk, partly.pk]
    assert listed(client, state="completed") == [done.pk]
    assert listed(client, state="person") == [done.pk]
    assert len(listed(client, state="nonsense")) == 5


def test_a_filter_that_leaves_nothing_says_so_and_can_be_cleared(client: Client, sam: User) -> None:
    batch_with(C)

    shown = client.get(reverse("clones:batch_list"), {"template": MISSING, "user": MISSING + 1}).content.decode()

    assert "No batch matches" in shown
    assert f"Template {MISSING} (gone)" in shown
    assert f"Person {MISSING + 1} (gone)" in shown
    assert "Clear filters" in shown


def test_a_filter_that_makes_no_sense_is_passed_over_and_said_so(client: Client, sam: User) -> None:
    batch = batch_with(C)

    assert listed(client, template="x") == [batch.pk]
    assert (
        "The template in the address makes no sense"
        in client.get(reverse("clones:batch_list"), {"template": "x"}).content.decode()
    )


def test_the_list_names_what_a_batch_is_a_retry_of(client: Client, sam: User) -> None:
    first = batch_with(F, name="Autumn")
    again = batch_with(C, name="Autumn", retry_of=first)

    shown = client.get(reverse("clones:batch_list")).content.decode()

    assert f"Batch {again.pk}, retry of <a" in shown
    assert f">batch {first.pk}</a>" in shown


def test_without_a_batch_the_list_leads_to_the_first_one(client: Client, sam: User) -> None:
    shown = client.get(reverse("clones:batch_list")).content.decode()

    assert "No batches yet" in shown
    assert reverse("clones:job_new") in shown


@pytest.mark.parametrize("query", ["template=x", "user=-1", "q=%00", "page=99", "sort=nothing", "per_page=7"])
def test_an_address_that_makes_no_sense_breaks_nothing(client: Client, sam: User, query: str) -> None:
    batch_with(C)

    assert client.get(f"{reverse('clones:batch_list')}?{query}").status_code == 200


def test_the_page_shows_totals_clones_and_what_can_be_done(client: Client, sam: User) -> None:
    batch = batch_with(W, C, F, X)

    shown = client.get(url("detail", batch)).content.decode()

    assert "1 of 4 completed" in shown
    assert "Retry 1 failed and 1 canceled stores…" in shown
    assert "Cancel 1 waiting…" in shown
    assert shown.count("data-job=") == 4


def test_what_was_retried_already_is_not_offered_again(client: Client, sam: User) -> None:
    batch = batch_with(F, F, X)
    client.post(url("retry", batch))
    settled = client.get(url("detail", batch)).content.decode()
    target = TargetStoreFactory.create(connection=batch.connection)
    CloneJobFactory.create(batch=batch, target=target, status=F)

    assert 'id="batch-retry"' not in settled
    assert "Retry 1 failed store…" in client.get(url("detail", batch)).content.decode()


def test_clones_are_in_the_order_in_which_they_were_asked_for(client: Client, sam: User) -> None:
    batch = batch_with(C, F, W)

    shown = client.get(url("detail", batch)).content.decode()

    assert re.findall(r'data-job="(\d+)"', shown) == [str(job.pk) for job in batch.jobs.order_by("pk")]


def test_a_large_batch_is_shown_by_the_page(client: Client, sam: User) -> None:
    batch = batch_with(*[C] * 30)

    shown = client.get(url("detail", batch), {"per_page": 25, "page": 2}).content.decode()

    assert shown.count("data-job=") == 5
    assert "30 of 30 completed" in shown


def test_the_totals_are_of_the_whole_batch_whatever_tab_is_open(client: Client, sam: User) -> None:
    batch = batch_with(C, F)

    shown = client.get(url("detail", batch), {"status": F.value, "q": "no such store"}).content.decode()

    assert "1 of 2 completed, 1 failed" in shown
    assert shown.count("data-job=") == 1


def test_a_tab_without_clones_says_so(client: Client, sam: User) -> None:
    assert "No clone matches" in client.get(url("detail", batch_with(C)), {"status": "FAILED"}).content.decode()


def test_a_tab_shows_the_clones_of_one_status(client: Client, sam: User) -> None:
    batch = batch_with(C, F)

    shown = client.get(url("detail", batch), {"status": F.value}).content.decode()

    assert shown.count("data-job=") == 1


def test_results_are_one_row_for_each_clone(client: Client, sam: User) -> None:
    batch = batch_with(C, F)

    found = rows(client.get(url("results_csv", batch)))

    assert [row["status"] for row in found] == [C.value, F.value]
    assert {row["batch_id"] for row in found} == {str(batch.pk)}


def test_mappings_are_those_of_all_completed_clones(client: Client, sam: User) -> None:
    batch = batch_with(C, C, F)
    for job in batch.jobs.all():
        EntityMapping.objects.create(job=job, entity_type="product", source_id="0123", target_id="4")

    found = rows(client.get(url("mappings_csv", batch)))

    completed = batch.jobs.filter(status=C).order_by("pk")
    assert [row["job_id"] for row in found] == [str(job.pk) for job in completed]
    assert found[0]["source_id"] == '="0123"'
    assert list(found[0])[:3] == ["entity_type", "source_id", "target_id"]
    assert list(found[0])[-2:] == ["target_store_id", "job_id"]


def test_the_refresh_is_empty_until_a_clone_changes_also_one_on_another_page(client: Client, sam: User) -> None:
    batch = batch_with(R, R)
    first, other = batch.jobs.order_by("pk")
    asked: dict[str, Any] = {"ids": first.pk, "since": first.version, "token": progress_of(batch).token}

    assert client.get(url("live", batch), asked).status_code == 204
    other.delete()
    changed = client.get(url("live", batch), asked)

    assert changed.status_code == 200
    assert oob_ids(changed) == BESIDE


def test_the_refresh_brings_the_changed_cells_the_totals_and_the_tabs(client: Client, sam: User) -> None:
    batch = batch_with(R, R)
    first, other = batch.jobs.order_by("pk")
    asked = {"ids": f"{first.pk},{other.pk}", "since": f"{first.version},0", "token": progress_of(batch).token}

    changed = client.get(url("live", batch), asked)

    assert oob_ids(changed) == [f"job-{other.pk}-status", f"job-{other.pk}-took", *BESIDE]
    assert f'data-live-token="{progress_of(batch).token}"' in changed.content.decode()


def test_the_refresh_keeps_the_tab_that_is_open(client: Client, sam: User) -> None:
    batch = batch_with(R, F)

    changed = client.get(url("live", batch), {"status": "FAILED", "token": "old"}).content.decode()

    assert re.findall(r'href="[^"]*" aria-current="page">(\w+) ', changed) == ["Failed"]


def test_the_refresh_knows_no_clones_of_other_batches(client: Client, sam: User) -> None:
    batch, stranger = batch_with(R), batch_with(R).jobs.get()

    changed = client.get(url("live", batch), {"ids": str(stranger.pk), "since": "0", "token": "old"})

    assert oob_ids(changed) == BESIDE


def oob_ids(answer: Any) -> list[str]:
    """Return the ids of what is swapped out of band; a page has none."""
    return re.findall(r'<\w+ id="([\w-]+)"[^>]* hx-swap-oob="true"', answer.content.decode())


def test_the_refresh_ends_when_all_have_ended(client: Client, sam: User) -> None:
    batch = batch_with(C)
    job = batch.jobs.get()

    asked: dict[str, Any] = {"ids": job.pk, "since": job.version, "token": progress_of(batch).token}

    assert client.get(url("live", batch), asked).status_code == 286


def test_an_unchanged_refresh_takes_three_queries(
    client: Client, sam: User, django_assert_max_num_queries: Any, settings: Any
) -> None:
    batch = batch_with(R, R)
    job = batch.jobs.first()
    assert job is not None
    asked: dict[str, Any] = {"ids": job.pk, "since": job.version, "token": progress_of(batch).token}
    sessions = 0 if settings.SESSION_ENGINE.endswith(("file", "cached_db")) else 1

    with django_assert_max_num_queries(3 + sessions):
        assert client.get(url("live", batch), asked).status_code == 204


@pytest.mark.parametrize("name", ["detail", "live", "results_csv", "mappings_csv"])
def test_a_batch_that_does_not_exist_is_not_found(client: Client, sam: User, name: str) -> None:
    assert client.get(reverse(f"clones:batch_{name}", args=[MISSING])).status_code == 404


@pytest.mark.parametrize("count", [1, 30])
def test_pages_take_as_many_queries_for_many_rows(
    client: Client, sam: User, count: int, django_assert_max_num_queries: Any
) -> None:
    batch = batch_with(*[F] * count)
    for _ in range(count):
        batch_with(C)

    with django_assert_max_num_queries(10):
        client.get(reverse("clones:batch_list"))
    with django_assert_max_num_queries(14):
        client.get(url("detail", batch))


@pytest.mark.parametrize("before", [True, False])
def test_a_batch_whose_hold_begins_or_ends_while_its_page_is_read_is_shown(
    client: Client, sam: User, before: bool
) -> None:
    held = {"held_since": timezone.now(), "hold_reason": HoldReason.SAME_FAILURES}
    batch = batch_with(F, W, **(held if before else {}))
    after = {"held_since": None, "hold_reason": ""} if before else held
    is_read: list[str] = []

    def changed(execute: Any, sql: str, *rest: Any) -> Any:
        answer = execute(sql, *rest)
        if not is_read and sql.startswith("SELECT") and 'FROM "clones_batch"' in sql:
            is_read.append(sql)
            Batch.objects.filter(pk=batch.pk).update(**after)
        return answer

    with connection.execute_wrapper(changed):
        page = client.get(url("detail", batch))

    assert (page.status_code, len(is_read)) == (200, 1)
    assert ("batch-held" in page.text) is (not before)
