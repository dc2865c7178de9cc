"""The list of clones, its filters, its order and its CSV. What is done with a selection: `test_selection`."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from django.db import connection
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clones import exports
from clones.choices import CloneScope, FailureKind, JobStatus
from clones.models import CloneJob
from tests.factories import MISSING, BatchFactory, CloneJobFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import nobody, person, staff

pytestmark = pytest.mark.django_db

LIST = "/clones/"


@pytest.fixture
def sam(client: Client) -> Client:
    client.force_login(staff())
    return client


def text_of(response: HttpResponseBase) -> str:
    return re.sub(r"\s+", " ", cast("HttpResponse", response).content.decode())


def listed(client: Client, **query: Any) -> list[int]:
    """Return the ids of the jobs on the page, in its order."""
    response = client.get(LIST, query)
    assert response.status_code == 200
    return [int(pk) for pk in re.findall(r'data-job="(\d+)"', response.content.decode())]


def tabs(client: Client, **query: Any) -> dict[str, int]:
    """Return the tabs with their counts."""
    found = re.findall(r'>(\w+) <span class="job-tab-count num">([\d,]+)<', client.get(LIST, query).content.decode())
    return {label: int(count.replace(",", "")) for label, count in found}


def rows_of(client: Client, **query: Any) -> list[dict[str, str]]:
    """Return the CSV as rows."""
    response = client.get("/clones.csv", query)
    body = b"".join(cast("Any", response).streaming_content).decode()
    return list(csv.DictReader(io.StringIO(body.removeprefix(exports.BOM))))


def one_of_each() -> dict[JobStatus, CloneJob]:
    return {status: CloneJobFactory.create(status=status) for status in JobStatus}


def test_clones_are_listed_newest_first(sam: Client) -> None:
    jobs = [CloneJobFactory.create().pk for _ in range(3)]

    assert listed(sam) == jobs[::-1]


def test_a_row_names_the_target_the_template_and_who_asked(sam: Client) -> None:
    job = CloneJobFactory.create(
        target__store_id="9001",
        target__label="Corner Bakery",
        batch__template__name="Shoes",
        batch__name="Spring",
        scope=CloneScope.CATALOG,
        created_by=person("rita"),
    )

    page = text_of(sam.get(LIST))

    assert f'href="/clones/{job.pk}/" class="mono">9001</a>' in page
    for words in ("Corner Bakery", "Shoes", "Catalog only", "Spring", "rita"):
        assert f">{words}<" in page


def test_overdue_and_the_kind_of_failure_stand_beside_the_status(sam: Client) -> None:
    CloneJobFactory.create(status=JobStatus.IN_PROGRESS, overdue_since=timezone.now())
    CloneJobFactory.create(status=JobStatus.FAILED, failure_kind=FailureKind.RESULT_LOST)

    page = text_of(sam.get(LIST))

    assert "Overdue</span>" in page
    assert ">Result lost</span>" in page


def test_a_customers_words_cannot_become_markup(sam: Client) -> None:
    hostile = "<script>alert(1)</script>"
    CloneJobFactory.create(target__label=hostile, batch__name=hostile, batch__template__name=hostile)

    page = text_of(sam.get(LIST, {"q": hostile}))

    assert "<script>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4


# Tabs and filters -----------------------------------------------------------------------------------------------------


def test_each_tab_counts_its_statuses(sam: Client) -> None:
    one_of_each()
    CloneJobFactory.create(status=JobStatus.FAILED)

    expected = {"All": 8, "Waiting": 1, "Running": 3, "Completed": 1, "Failed": 2, "Canceled": 1}
    assert tabs(sam) == expected


def test_the_counts_respect_the_other_filters_and_not_the_status(sam: Client) -> None:
    batch = BatchFactory.create()
    CloneJobFactory.create(batch=batch, status=JobStatus.FAILED)
    CloneJobFactory.create(batch=batch)
    CloneJobFactory.create(status=JobStatus.FAILED)

    counts = tabs(sam, batch=batch.pk, status="FAILED")

    assert counts == {"All": 2, "Waiting": 1, "Running": 0, "Completed": 0, "Failed": 1, "Canceled": 0}


def test_a_tab_keeps_the_other_filters_and_starts_at_the_first_page(sam: Client) -> None:
    CloneJobFactory.create()

    page = text_of(sam.get(LIST, {"q": "9", "status": "WAITING", "page": "3"}))

    assert 'href="/clones/?status=FAILED&amp;q=9"' in page
    assert 'href="/clones/?status=WAITING&amp;q=9" aria-current="page"' in page


@pytest.mark.parametrize("status", JobStatus)
def test_each_status_can_be_asked_for_by_its_name(sam: Client, status: JobStatus) -> None:
    jobs = one_of_each()

    assert listed(sam, status=status.value) == [jobs[status].pk]
    assert listed(sam, status=status.value.lower()) == [jobs[status].pk]


@pytest.mark.parametrize(
    ("word", "members"),
    [
        ("RUNNING", {JobStatus.SUBMITTING, JobStatus.QUEUED, JobStatus.IN_PROGRESS}),
        ("active", {JobStatus.WAITING, JobStatus.SUBMITTING, JobStatus.QUEUED, JobStatus.IN_PROGRESS}),
        ("ended", {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED}),
    ],
)
def test_a_group_of_statuses_has_a_word(sam: Client, word: str, members: set[JobStatus]) -> None:
    jobs = one_of_each()

    assert set(listed(sam, status=word)) == {jobs[status].pk for status in members}


def test_a_group_without_a_tab_gets_one_while_it_is_listed(sam: Client) -> None:
    one_of_each()

    assert tabs(sam, status="ended") == {**tabs(sam), "Ended": 3}
    assert tabs(sam, status="running") == tabs(sam)


def test_the_list_can_be_narrowed_to_a_template_a_batch_or_a_person(sam: Client) -> None:
    rita = person("rita")
    wanted = CloneJobFactory.create(created_by=rita)
    CloneJobFactory.create()

    assert listed(sam, template=wanted.template_id) == [wanted.pk]
    assert listed(sam, batch=wanted.batch_id) == [wanted.pk]
    assert listed(sam, user=rita.pk) == [wanted.pk]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9001", True),
        ("900", True),
        ("001", False),
        ("corner", True),
        ("BAKERY", True),
        ("Spring", True),
        ("4a09-77", True),
        ("4a", True),
        ("77", False),
        (" 9001 ", True),
        ("%", False),
        ("_", False),
        ("nothing", False),
    ],
)
def test_the_search_finds_a_store_a_name_or_a_ticket(sam: Client, text: str, found: bool) -> None:
    job = CloneJobFactory.create(
        target__store_id="9001",
        target__label="Corner Bakery",
        batch__name="Spring",
        status=JobStatus.QUEUED,
        ticket="4a09-77",
    )

    assert listed(sam, q=text) == ([job.pk] if found else [])


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"status": "DONE"}, "status"),
        ({"template": "x"}, "template"),
        ({"batch": "-1"}, "batch"),
        ({"user": "9" * 30}, "person"),
        ({"needs": "sleep"}, "need"),
    ],
)
def test_a_filter_that_makes_no_sense_is_passed_over_and_said(sam: Client, query: dict[str, str], word: str) -> None:
    job = CloneJobFactory.create()

    assert listed(sam, **query) == [job.pk]
    assert f"The {word} in the address makes no sense and was passed over." in text_of(sam.get(LIST, query))


@pytest.mark.parametrize(
    "query", [{"page": "x"}, {"page": "-1"}, {"page": "99"}, {"sort": "x"}, {"sort": "-"}, {"per_page": "7"}]
)
def test_any_other_odd_value_shows_a_page_all_the_same(sam: Client, query: dict[str, str]) -> None:
    job = CloneJobFactory.create()

    assert listed(sam, **query) == [job.pk]


def test_a_template_that_is_not_there_matches_nothing_and_shows_in_its_filter(sam: Client) -> None:
    CloneJobFactory.create()

    page = text_of(sam.get(LIST, {"template": MISSING}))

    assert f"Template {MISSING} (gone)" in page
    assert "No clone matches" in page
    assert "Clear filters" in page


def test_filters_can_be_cleared_only_where_there_are_some(sam: Client) -> None:
    CloneJobFactory.create()

    assert "Clear filters" not in text_of(sam.get(LIST))
    assert "Clear filters" not in text_of(sam.get(LIST, {"status": "FAILED"}))
    assert "Clear filters" in text_of(sam.get(LIST, {"q": "9"}))


def test_clearing_the_filters_keeps_the_tab_and_the_order(sam: Client) -> None:
    CloneJobFactory.create(status=JobStatus.FAILED)

    page = text_of(sam.get(LIST, {"status": "FAILED", "q": "9", "needs": "retry", "sort": "took", "page": "1"}))

    assert '<a class="btn" href="/clones/?status=FAILED&amp;sort=took">Clear filters</a>' in page


def test_an_empty_list_says_what_to_do(sam: Client) -> None:
    page = text_of(sam.get(LIST))

    assert "No clones yet" in page
    assert 'href="/clones/new/"' in page


# Order and pages ------------------------------------------------------------------------------------------------------


def test_stores_are_sorted_as_numbers(sam: Client) -> None:
    jobs = {store_id: CloneJobFactory.create(target__store_id=store_id).pk for store_id in ("1000", "9", "20")}

    ascending = [jobs["9"], jobs["20"], jobs["1000"]]
    assert listed(sam, sort="target") == ascending
    assert listed(sam, sort="-target") == ascending[::-1]


def test_the_longest_come_first_and_what_never_started_last(sam: Client) -> None:
    now = timezone.now()
    lengths = (10, 30, None, 20)
    jobs = {
        seconds: CloneJobFactory.create(
            status=JobStatus.CANCELED, finished_at=now, trying_since=seconds and now - timedelta(seconds=seconds)
        ).pk
        for seconds in lengths
    }

    assert listed(sam, sort="-took") == [jobs[30], jobs[20], jobs[10], jobs[None]]
    assert listed(sam, sort="took") == [jobs[10], jobs[20], jobs[30], jobs[None]]


@pytest.mark.parametrize(
    "sort", ["status", "-status", "template", "-template", "batch", "created_by", "took", "target"]
)
def test_pages_of_equal_rows_hold_each_row_once(sam: Client, sort: str) -> None:
    batch = BatchFactory.create()
    now = timezone.now()
    jobs = [
        CloneJobFactory.create(
            batch=batch, status=JobStatus.CANCELED, finished_at=now, target__store_id="", target__label=str(number)
        ).pk
        for number in range(60)
    ]

    pages = [listed(sam, sort=sort, per_page=25, page=page) for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [25, 25, 10]
    assert sorted(pk for page in pages for pk in page) == jobs
    assert [pk for page in pages for pk in page] == listed(sam, sort=sort, per_page=100, page=1)


def test_a_page_says_which_rows_of_how_many_it_shows(sam: Client) -> None:
    for _ in range(30):
        CloneJobFactory.create()

    page = text_of(sam.get(LIST, {"per_page": "25", "q": "9"}))

    assert '<span class="num">1\N{EN DASH}25</span> of <span class="num">30</span>' in page
    assert 'href="?per_page=25&amp;q=9&amp;page=2"' in page


def test_sorting_keeps_the_filters_and_goes_to_the_first_page(sam: Client) -> None:
    for _ in range(30):
        CloneJobFactory.create()

    page = text_of(sam.get(LIST, {"per_page": "25", "q": "9", "page": "2"}))

    assert 'href="?per_page=25&amp;q=9&amp;sort=status"' in page


def test_the_page_asks_for_news_only_while_something_is_active(sam: Client) -> None:
    CloneJobFactory.create(status=JobStatus.FAILED)
    assert 'data-live="off"' in text_of(sam.get(LIST))

    CloneJobFactory.create(status=JobStatus.QUEUED)
    assert 'data-live="on"' in text_of(sam.get(LIST))
    assert 'data-live="off"' in text_of(sam.get(LIST, {"status": "FAILED"}))


def test_a_page_counts_as_new_what_is_newer_than_all_there_is_shown_or_not(sam: Client) -> None:
    CloneJobFactory.create(status=JobStatus.FAILED)
    newest = CloneJobFactory.create()

    assert f'data-newest="{newest.pk}" data-newer="0"' in text_of(sam.get(LIST, {"status": "FAILED"}))


@pytest.mark.parametrize("query", [{}, {"status": "RUNNING"}, {"batch": "1", "q": "9", "sort": "took"}])
def test_a_page_costs_as_many_queries_for_thirty_rows_as_for_one(sam: Client, query: dict[str, str]) -> None:
    costs = []
    for count in (1, 29):
        for _ in range(count):
            CloneJobFactory.create(status=JobStatus.QUEUED, created_by=person(f"p{CloneJob.objects.count()}"))
        with CaptureQueriesContext(connection) as queries:
            assert sam.get(LIST, query).status_code == 200
        costs.append(len(queries))

    assert costs[0] == costs[1] <= 12  # seven or eight of its own, the others for the banners


def test_who_has_no_role_sees_no_clones(client: Client) -> None:
    client.force_login(nobody())

    assert client.get(LIST).status_code == 403
    assert client.get("/clones.csv").status_code == 403


def test_the_list_is_only_read(sam: Client) -> None:
    assert sam.post(LIST).status_code == 405
    assert sam.post("/clones.csv").status_code == 405


# CSV ------------------------------------------------------------------------------------------------------------------


def test_the_csv_has_a_row_for_each_clone(sam: Client) -> None:
    at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    template = TemplateStoreFactory.create(store_id="1003", name="Shoes")
    job = CloneJobFactory.create(
        batch=BatchFactory.create(template=template, name="Spring"),
        target=TargetStoreFactory.create(connection=template.connection, store_id="9001", label="=cmd()"),
        status=JobStatus.FAILED,
        failure_kind=FailureKind.TARGET,
        error_code="TARGET_PRODUCTS_NOT_EMPTY",
        error_message="Target store products should be empty",
        ticket="4a09",
        created_by=person("rita"),
        created_at=at,
        trying_since=at + timedelta(seconds=1),
        finished_at=at + timedelta(seconds=90),
    )

    (row,) = rows_of(sam)

    assert row == {
        "job_id": str(job.pk),
        "status": "FAILED",
        "store_id": "9001",
        "label": "'=cmd()",
        "template_store_id": "1003",
        "template": "Shoes",
        "scope": "ALL",
        "ticket": "4a09",
        "batch_id": str(job.batch_id),
        "batch": "Spring",
        "asked_by": "rita",
        "asked_at": "2026-03-01T12:00:00Z",
        "finished_at": "2026-03-01T12:01:30Z",
        "seconds": "89",
        "error_code": "TARGET_PRODUCTS_NOT_EMPTY",
        "failure": "TARGET",
        "message": "Target store products should be empty",
        "email": "",
        "store_step": "",
        "instant_site": "no",
        "site_step": "",
        "site_message": "",
        "name": "",
        "clone_demo_catalog": "no",
    }


def test_the_csv_holds_what_the_list_shows_on_all_its_pages_and_in_its_order(sam: Client) -> None:
    jobs = [CloneJobFactory.create(status=JobStatus.FAILED).pk for _ in range(30)]
    CloneJobFactory.create()

    rows = rows_of(sam, status="FAILED", per_page="25", page="2", sort="created_at")

    assert [int(row["job_id"]) for row in rows] == jobs


def test_a_failure_without_ecwids_words_has_ours(sam: Client) -> None:
    CloneJobFactory.create(status=JobStatus.FAILED, failure_kind=FailureKind.RESULT_LOST)

    assert rows_of(sam)[0]["message"] == FailureKind.RESULT_LOST.cause


def test_a_refusal_that_was_got_over_is_no_failure(sam: Client) -> None:
    CloneJobFactory.create(status=JobStatus.COMPLETED, error_code="X", error_message="Try later")

    assert (rows_of(sam)[0]["failure"], rows_of(sam)[0]["message"]) == ("", "")


@pytest.mark.parametrize(
    ("ticket", "cell"), [("00123", '="00123"'), ("1e5", '="1e5"'), ("123", "123"), ("4a-9", "4a-9")]
)
def test_a_ticket_that_looks_like_a_number_survives_a_spreadsheet(sam: Client, ticket: str, cell: str) -> None:
    CloneJobFactory.create(status=JobStatus.QUEUED, ticket=ticket)

    assert rows_of(sam)[0]["ticket"] == cell


def test_the_csv_is_streamed_by_the_thousand(sam: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first = CloneJobFactory.create(status=JobStatus.CANCELED)
    shared = {"batch": first.batch, "connection": first.connection, "template": first.template, "target": first.target}
    more = [
        CloneJob(
            **shared, scope=first.scope, status=first.status, created_at=first.created_at, finished_at=first.finished_at
        )
        for _ in range(2100)
    ]
    CloneJob.objects.bulk_create(more)

    with django_assert_num_queries(2):
        response = cast("StreamingHttpResponse", sam.get("/clones.csv"))
        chunks = list(cast("Any", response.streaming_content))

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="clones-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"])
    assert [chunk.count(b"\r\n") for chunk in chunks] == [1, 1000, 1000, 101]
    assert chunks[0].startswith(exports.BOM.encode())
