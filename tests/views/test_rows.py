"""What an answer to live.js holds: see `clones.views.rows`."""

import re
import runpy
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clones import lifecycle
from clones.choices import ACTIVE, TERMINAL, JobStatus
from clones.lifecycle import Change
from clones.models import CloneJob
from clones.views.rows import MOST_ROWS
from tests.factories import BatchFactory, CloneJobFactory, fresh
from tests.people import nobody, staff

pytestmark = pytest.mark.django_db

ROWS = "/clones/rows/"


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(staff())
    return client


def ask(client: Client, *jobs: CloneJob, **query: Any) -> HttpResponse:
    """Ask as a page does that shows `jobs` as they were read."""
    shown = {"ids": ",".join(str(job.pk) for job in jobs), "since": ",".join(str(job.version) for job in jobs)}
    return cast("HttpResponse", client.get(ROWS, {**shown, **query}, headers={"HX-Request": "true"}))


def move(job: CloneJob, to: JobStatus, **fields: Any) -> None:
    lifecycle.advance(Change(fresh(job), to, fields), at=timezone.now())


def told(response: HttpResponse) -> dict[int, int]:
    """Return the versions that the page has now of the rows that the answer brings."""
    found = re.findall(r'data-job="(\d+)" data-version="(\d+)" hx-swap-oob="true"', response.content.decode())
    return {int(job): int(version) for job, version in found}


def test_nothing_is_sent_where_nothing_changed(reader: Client) -> None:
    response = ask(reader, CloneJobFactory.create(status=JobStatus.IN_PROGRESS), CloneJobFactory.create())

    assert (response.status_code, response.content) == (204, b"")


def test_only_a_row_that_changed_is_sent_and_once(reader: Client) -> None:
    still, moving = CloneJobFactory.create(), CloneJobFactory.create()
    move(moving, JobStatus.CANCELED)

    response = ask(reader, still, moving)

    assert response.status_code == 200
    assert told(response) == {moving.pk: moving.version + 1}
    assert ask(reader, still, fresh(moving)).status_code == 204


def test_an_answer_changes_parts_of_rows_and_never_a_row(reader: Client) -> None:
    job = CloneJobFactory.create()
    move(job, JobStatus.CANCELED)

    page = ask(reader, job).content.decode()

    assert set(re.findall(r'id="([^"]+)"', page)) == {f"job-{job.pk}-status", f"job-{job.pk}-took"}
    assert page.count("hx-swap-oob") == 2
    assert "<tr" not in page
    assert "<td" not in page


def test_asking_ends_when_all_rows_are_at_their_end_and_known(reader: Client) -> None:
    response = ask(reader, *(CloneJobFactory.create(status=status) for status in TERMINAL))

    assert (response.status_code, response.content) == (286, b"")


def test_an_end_that_the_page_does_not_know_is_told_before_asking_ends(reader: Client) -> None:
    job = CloneJobFactory.create()
    move(job, JobStatus.CANCELED)

    assert ask(reader, job).status_code == 200
    assert ask(reader, fresh(job)).status_code == 286


@pytest.mark.parametrize("status", ACTIVE)
def test_asking_goes_on_while_one_row_is_active(reader: Client, status: JobStatus) -> None:
    active, ended = CloneJobFactory.create(status=status), CloneJobFactory.create(status=JobStatus.COMPLETED)

    assert ask(reader, active, ended).status_code == 204


@pytest.mark.parametrize("since", ["0", ""])
def test_a_page_that_knows_nothing_is_told_everything(reader: Client, since: str) -> None:
    jobs = [CloneJobFactory.create(), CloneJobFactory.create(status=JobStatus.COMPLETED)]

    assert told(ask(reader, *jobs, since=since)) == {job.pk: job.version for job in jobs}


def test_a_page_from_before_a_backup_was_restored_is_put_right(reader: Client) -> None:
    job = CloneJobFactory.create()

    assert told(ask(reader, job, since=str(job.version + 5))) == {job.pk: job.version}


def test_ids_that_do_not_exist_are_left_out(reader: Client) -> None:
    job = CloneJobFactory.create()

    assert told(ask(reader, since="0,0", ids=f"{job.pk},{job.pk + 1}")) == {job.pk: job.version}


def test_200_rows_can_be_asked_for_and_not_one_more(reader: Client) -> None:
    ids = [str(number) for number in range(1, 202)]

    assert ask(reader, ids=",".join(ids[:200]), since="0").status_code == 286
    response = ask(reader, ids=",".join(ids), since="0")
    assert (response.status_code, response.content) == (400, b"Ask for at most 200 ids at once.")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"ids": ""}, id="no ids"),
        pytest.param({"ids": "4,x"}, id="a letter"),
        pytest.param({"ids": "4,,5"}, id="a gap"),
        pytest.param({"ids": "-4"}, id="negative"),
        pytest.param({"ids": "4.5"}, id="a fraction"),
        pytest.param({"ids": "٤"}, id="digits that are not ASCII"),
        pytest.param({"ids": "9" * 19}, id="a number that no column holds"),
        pytest.param({"ids": "4\x00"}, id="a null"),
        pytest.param({"ids": "4", "since": "new"}, id="a version that is none"),
        pytest.param({"ids": "4,5", "since": "1"}, id="a version too few"),
        pytest.param({"ids": "4", "since": "1,2"}, id="a version too many"),
        pytest.param({"ids": "4", "newest": "x"}, id="a newest that is none"),
        pytest.param({"ids": "4", "newer": "-1", "newest": "4"}, id="a negative count"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_a_sentence(reader: Client, query: dict[str, str]) -> None:
    response = reader.get(ROWS, query)

    assert response.status_code == 400
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode().endswith(".")


def test_no_change_costs_two_queries_however_many_rows_there_are(
    reader: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    jobs = [CloneJobFactory.create() for _ in range(30)]

    with django_assert_num_queries(2):  # who is asking, and the rows
        assert ask(reader, *jobs).status_code == 204
    with django_assert_num_queries(2):
        assert ask(reader, *jobs, newest=jobs[-1].pk, newer=0, status="WAITING", q="9").status_code == 204


def test_a_change_costs_as_many_queries_for_thirty_rows_as_for_one(
    reader: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    jobs = [CloneJobFactory.create() for _ in range(30)]

    for count in (1, 30):
        with django_assert_num_queries(3):
            assert len(told(ask(reader, *jobs[:count], since="0"))) == count


def test_new_jobs_are_counted_and_not_sent(reader: Client) -> None:
    shown = CloneJobFactory.create()
    new = [CloneJobFactory.create(), CloneJobFactory.create()]

    response = ask(reader, shown, newest=shown.pk, newer=0)

    page = response.content.decode()
    assert "2 new: show" in page
    assert 'data-newer="2"' in page
    assert not any(f'data-job="{job.pk}"' in page for job in new)
    assert ask(reader, shown, newest=shown.pk, newer=2).status_code == 204


def test_only_new_jobs_that_the_list_would_show_are_counted(reader: Client) -> None:
    batch = BatchFactory.create(name="Spring")
    shown = CloneJobFactory.create(batch=batch)
    CloneJobFactory.create()
    CloneJobFactory.create(batch=batch)

    page = ask(reader, shown, newest=shown.pk, newer=0, batch=batch.pk).content.decode()

    assert "1 new: show" in page
    assert f'href="/clones/?batch={batch.pk}"' in page


def test_the_tabs_of_the_list_are_counted_anew_with_a_change(reader: Client) -> None:
    job = CloneJobFactory.create()
    move(job, JobStatus.CANCELED)

    page = re.sub(r"\s+", " ", ask(reader, job, newest=job.pk, newer=0).content.decode())

    assert 'Waiting <span class="job-tab-count num">0</span>' in page
    assert 'Canceled <span class="job-tab-count num">1</span>' in page


def test_a_customers_words_cannot_become_markup(reader: Client) -> None:
    job = CloneJobFactory.create(
        status=JobStatus.FAILED, target__label="<script>alert(1)</script>", error_message="<img src=x>"
    )

    page = ask(reader, job, since="0").content.decode()

    assert "<script" not in page
    assert "<img" not in page


def test_an_expired_session_sends_the_whole_page_to_the_login_and_back(client: Client) -> None:
    page = "http://testserver/clones/?status=FAILED"

    response = client.get(ROWS, {"ids": "1"}, headers={"HX-Request": "true", "HX-Current-URL": page})

    assert (response.status_code, response.content) == (200, b"")
    assert response["HX-Redirect"] == "/accounts/login/?next=%2Fclones%2F%3Fstatus%3DFAILED"


def test_who_may_not_watch_is_told_nothing(client: Client) -> None:
    client.force_login(nobody())

    assert ask(client, CloneJobFactory.create(), since="0").status_code == 403


def test_a_refresh_changes_nothing(reader: Client) -> None:
    assert reader.post(ROWS, {"ids": "1"}).status_code == 405


def test_the_web_server_takes_the_longest_question_of_a_page() -> None:
    served = runpy.run_path(str(settings.BASE_DIR / "reseller_portal" / "gunicorn.py"))
    numbers = {"ids": ",".join(["123456789"] * MOST_ROWS), "since": ",".join(["12"] * MOST_ROWS)}
    filters = {
        "status": "IN_PROGRESS",
        "template": "123456",
        "user": "123456",
        "sort": "-created_at",
        "per_page": "200",
    }
    beside = {"q": "\u0434" * 200, "newest": "123456789", "newer": "1234", "token": "1" * 60, "standstill": "1-1"}

    line = f"GET /clones/rows/?{urlencode({**filters, **numbers, **beside})} HTTP/1.1\r\n"

    assert len(line) <= served.get("limit_request_line", 4094)  # gunicorn's own
