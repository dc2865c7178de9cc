"""Old IDs → new IDs of one clone: tabs, search, pages, and the file."""

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clones.choices import JobStatus
from clones.models import CloneJob, EntityMapping
from clones.views.mapping import Mapping
from tests.factories import CloneJobFactory
from tests.views.markup import inline_code
from tests.views.pages import text

pytestmark = pytest.mark.django_db

PAIR = '<td class="mono num">'  # twice in a row of the table


def completed(products: int = 0, categories: int = 0, **fields: Any) -> CloneJob:
    """Make a completed clone: old IDs from 100 on, the same for both types; new ones with a zero before 500 and on."""
    job = CloneJobFactory.create(status=JobStatus.COMPLETED, **fields)
    kinds = (("product", products), ("category", categories))
    EntityMapping.objects.bulk_create(
        EntityMapping(job=job, entity_type=kind, source_id=str(100 + n), target_id=f"0{500 + n}")
        for kind, count in kinds
        for n in range(count)
    )
    return job


def url(name: str, job: CloneJob) -> str:
    return reverse(f"clones:job_{name}", args=[job.pk])


def page(client: Client, job: CloneJob, **query: str) -> str:
    return text(client, url("detail", job), query)


def part(client: Client, job: CloneJob, **query: str) -> str:
    answer = client.get(url("mapping", job), query, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def counts(job: CloneJob, query: str) -> dict[str, int]:
    return {tab.type: tab.count for tab in Mapping.of(job, QueryDict(query)).tabs}


def rows_of(answer: Any) -> list[dict[str, str]]:
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_products_and_categories_with_one_number_are_kept_apart(client: Client, sam: User) -> None:
    job = completed(products=3, categories=2)

    shown = page(client, job)

    assert "Products</bdi> (3)" in shown
    assert "Categories</bdi> (2)" in shown
    assert shown.count(PAIR) == 2 * 3
    assert page(client, job, type="category").count(PAIR) == 2 * 2


def test_a_type_that_the_contract_does_not_name_has_a_tab_of_its_own(client: Client, sam: User) -> None:
    job = completed(products=1)
    EntityMapping.objects.create(job=job, entity_type="<coupons> & more", source_id="1", target_id="2")

    shown = page(client, job, type="<coupons> & more")

    assert "&lt;coupons&gt; &amp; more</bdi> (1)" in shown
    assert "type=%3Ccoupons%3E+%26+more" in shown
    assert shown.count(PAIR) == 2
    assert not inline_code(shown)


def test_products_come_first_then_categories_then_the_others() -> None:
    job = completed(products=1, categories=1)
    for kind in ("a", "z"):
        EntityMapping.objects.create(job=job, entity_type=kind, source_id="1", target_id="2")

    assert list(counts(job, "")) == ["product", "category", "a", "z"]


@pytest.mark.parametrize(
    ("q", "found"),
    [("102", 1), (" 102 ", 1), ("0502", 1), ("10", 10), ("02", 0), ("%", 0), ("1_2", 0), ("10\x00", 10), ("", 100)],
)
def test_a_search_finds_what_an_old_or_a_new_id_begins_with(client: Client, sam: User, q: str, found: int) -> None:
    job = completed(products=150)

    assert part(client, job, q=q).count(PAIR) == 2 * found


def test_a_search_counts_in_every_tab_and_opens_the_first_that_has_something() -> None:
    job = completed(products=3, categories=60)

    found = Mapping.of(job, QueryDict("q=15"))

    assert counts(job, "q=15") == {"product": 0, "category": 10}
    assert (found.type, found.total, found.page.paginator.count) == ("category", 63, 10)


def test_a_search_that_finds_nothing_in_this_tab_names_those_where_it_does(client: Client, sam: User) -> None:
    job = completed(products=3, categories=60)

    shown = part(client, job, type="product", q="15")

    assert PAIR not in shown
    assert "No ID here begins with “<bdi>15</bdi>”, but some do under" in shown
    assert f'href="{url("detail", job)}?type=category&amp;q=15#mapping"' in shown


def test_pages_hold_a_hundred_pairs_in_the_order_of_ecwids_answer(client: Client, sam: User) -> None:
    job = completed(products=150)

    assert "1\N{EN DASH}100 of 150" in page(client, job)
    assert "101\N{EN DASH}150 of 150" in page(client, job, page="2")
    second = Mapping.of(job, QueryDict("page=2")).page.object_list
    assert [pair.source_id for pair in second] == [str(100 + number) for number in range(100, 150)]


@pytest.mark.parametrize(("asked", "number"), [("99", 2), ("0", 2), ("-1", 2), ("x", 1), ("9" * 30, 2), ("", 1)])
def test_a_page_that_is_not_there_is_the_nearest(asked: str, number: int) -> None:
    job = completed(products=150)

    assert Mapping.of(job, QueryDict(f"page={asked}")).page.number == number


def test_paper_says_where_the_other_pairs_are(client: Client, sam: User) -> None:
    assert "the CSV file on this clone's page has all 101 pairs" in page(client, completed(products=101))
    assert "print-only" not in page(client, completed(products=100))


def test_a_type_that_is_not_there_is_the_first(client: Client, sam: User) -> None:
    assert Mapping.of(completed(products=1), QueryDict("type=nothing")).type == "product"


def test_a_fragment_is_a_part_and_its_address_shows_the_page_to_everybody_else(client: Client, sam: User) -> None:
    job = completed(products=150)
    asked = {"type": "product", "q": "0", "page": "2"}

    answer = client.get(url("mapping", job), asked, headers={"HX-Request": "true"})
    whole = client.get(url("mapping", job), asked)
    restored = client.get(
        url("mapping", job), asked, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    )

    assert "<html" not in answer.content.decode()
    assert answer.headers["HX-Push-Url"] == f"{url('detail', job)}?type=product&q=0&page=2"
    for other in (whole, restored):
        assert "<html" in other.content.decode()
        assert "101\N{EN DASH}150 of 150" in other.content.decode()
    assert all("HX-Request" in each.headers["Vary"] for each in (answer, whole, restored))


@pytest.mark.parametrize(
    ("status", "note", "sentence"),
    [
        (JobStatus.COMPLETED, "Only settings were copied.", "Only settings were copied."),
        (JobStatus.COMPLETED, "", "Ecwid named no IDs"),
        (JobStatus.FAILED, "", "this clone failed"),
        (JobStatus.CANCELED, "", "canceled before it was sent"),
        (JobStatus.QUEUED, "", "when the clone is completed"),
    ],
)
def test_an_empty_mapping_says_why(client: Client, sam: User, status: JobStatus, note: str, sentence: str) -> None:
    job = CloneJobFactory.create(status=status, mapping_note=note)

    for shown in (page(client, job), part(client, job)):
        assert sentence in shown
        assert url("mapping_csv", job) not in shown


def test_the_fragment_costs_as_many_queries_for_many_pairs(
    client: Client, sam: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for job in (completed(products=1), completed(products=3000, categories=300)):
        with django_assert_num_queries(4):  # who is asking, the clone, the counts, the page
            part(client, job)
        with django_assert_num_queries(4):  # the counts of what is found come along with the others
            part(client, job, q="1")


def test_the_file_holds_every_pair_and_the_store(client: Client, sam: User) -> None:
    job = completed(products=2500, categories=1, target__label='=cmd,\n"x"', batch__template__name="+Fashion")

    answer: Any = client.get(url("mapping_csv", job))

    chunks = list(answer.streaming_content)
    content = b"".join(chunks)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert content.startswith(b"\xef\xbb\xbfentity_type,source_id,target_id,")
    assert len(chunks) == 4  # the header, then a thousand rows each
    assert len(rows) == 2501
    assert rows[0] == {
        "entity_type": "product",
        "source_id": "100",
        "target_id": '="0500"',
        "target_store_label": '\'=cmd,\n"x"',
        "template_store_id": job.template.store_id,
        "template": "'+Fashion",
        "target_store_id": job.target.store_id,
        "job_id": str(job.pk),
    }
    assert list(rows[0])[-2:] == ["target_store_id", "job_id"]
    assert rows[-1]["entity_type"] == "category"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="mapping-clone-{job.pk}-store-{job.target.store_id}.csv"'
    )


def test_the_file_leaves_out_other_clones(client: Client, sam: User) -> None:
    completed(products=5)
    job = completed(products=1)

    assert [row["job_id"] for row in rows_of(client.get(url("mapping_csv", job)))] == [str(job.pk)]


@pytest.mark.parametrize("status", [status for status in JobStatus if status != JobStatus.COMPLETED])
def test_there_is_no_file_of_a_clone_that_is_not_completed(client: Client, sam: User, status: JobStatus) -> None:
    job = CloneJobFactory.create(status=status)

    answer = client.get(url("mapping_csv", job))

    assert answer.status_code == 409
    assert "There is no CSV file" in answer.content.decode()
    assert "There is no CSV file" not in page(client, job)
