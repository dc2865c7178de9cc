"""What is done with ticked clones, with all that match, and with one by its page's buttons."""

import csv
import html
import io
import re
from collections.abc import Iterable
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clones import exports
from clones.choices import TERMINAL, FailureKind, JobStatus
from clones.models import Batch, CloneJob
from clones.operations.retriable import Obstacle
from clones.views import selection
from tests.factories import MISSING, BatchFactory, CloneJobFactory, fresh
from tests.people import nobody, staff

pytestmark = pytest.mark.django_db

SELECTED = "/clones/selected/"


@pytest.fixture
def user() -> User:
    return staff()


@pytest.fixture
def sam(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def send(client: Client, action: str, *jobs: CloneJob, **form: Any) -> HttpResponse:
    """Send the list's form with these boxes ticked; what it redirects to is not followed."""
    return cast("HttpResponse", client.post(SELECTED, {"action": action, "job": [job.pk for job in jobs], **form}))


def confirm(client: Client, page: HttpResponse) -> HttpResponse:
    """Send the form of the page that asks, as it stands there."""
    form = page.content.decode().split('action="/clones/selected/"')[1]
    fields = dict(re.findall(r'<input type="hidden" name="(action|jobs|back)" value="([^"]*)"', form))
    fields = {name: html.unescape(value) for name, value in fields.items()}
    return cast("HttpResponse", client.post(SELECTED, {**fields, "confirmed": "1"}))


def text_of(response: HttpResponseBase) -> str:
    return re.sub(r"\s+", " ", cast("HttpResponse", response).content.decode())


def said(client: Client) -> str:
    """Return the page that comes next: it shows the messages."""
    return text_of(client.get("/clones/"))


def failed(count: int = 1, **columns: Any) -> list[CloneJob]:
    batch = BatchFactory.create()
    return [CloneJobFactory.create(batch=batch, status=JobStatus.FAILED, **columns) for _ in range(count)]


def retried(jobs: Iterable[CloneJob]) -> set[int]:
    """Return the ids of those that a newer job is the retry of."""
    return {job.retry_of_id for job in CloneJob.objects.filter(retry_of__in=jobs) if job.retry_of_id}


# One ----------------------------------------------------------------------------------------------------------------


def test_one_failed_clone_is_retried_at_once(sam: Client, user: User) -> None:
    (job,) = failed()

    response = send(sam, "retry", job)

    new = CloneJob.objects.get(retry_of=job)
    assert (response.status_code, response["Location"]) == (302, f"/batches/{new.batch_id}/")
    assert new.created_by == user
    assert "Asked for 1 clone again." in said(sam)


def test_one_waiting_clone_is_canceled_at_once(sam: Client, user: User) -> None:
    job = CloneJobFactory.create()

    response = send(sam, "cancel", job, back="status=WAITING&page=2")

    assert (response.status_code, response["Location"]) == (302, "/clones/?status=WAITING&page=2")
    assert fresh(job).status == JobStatus.CANCELED
    assert job.events.get().actor == user
    assert "Canceled 1 clone." in said(sam)


def test_one_that_cannot_be_canceled_is_named_with_its_reason(sam: Client) -> None:
    job = CloneJobFactory.create(status=JobStatus.IN_PROGRESS, target__store_id="9001")

    send(sam, "cancel", job)

    assert fresh(job).status == JobStatus.IN_PROGRESS
    page = said(sam)
    assert f"Clone {job.pk} into 9001:" in page
    assert "no cancel call" in page


def test_the_button_of_a_clones_page_leads_to_the_new_clone(sam: Client) -> None:
    (job,) = failed()

    response = sam.post(f"/clones/{job.pk}/retry/")

    assert response["Location"] == f"/clones/{CloneJob.objects.get(retry_of=job).pk}/"


def test_a_second_press_of_retry_makes_no_second_clone_and_says_so(sam: Client) -> None:
    (job,) = failed()
    sam.post(f"/clones/{job.pk}/retry/")

    response = sam.post(f"/clones/{job.pk}/retry/")

    assert response["Location"] == f"/clones/{job.pk}/"
    assert CloneJob.objects.filter(retry_of=job).count() == 1
    assert f"Clone {job.pk} into" in said(sam)


def test_the_button_of_a_clones_page_cancels_it_and_leads_back(sam: Client) -> None:
    job = CloneJobFactory.create()

    response = sam.post(f"/clones/{job.pk}/cancel/")

    assert response["Location"] == f"/clones/{job.pk}/"
    assert fresh(job).status == JobStatus.CANCELED


@pytest.mark.parametrize("action", ["retry", "cancel"])
def test_a_clone_that_does_not_exist_is_not_found(sam: Client, action: str) -> None:
    assert sam.post(f"/clones/{MISSING}/{action}/").status_code == 404


@pytest.mark.parametrize("action", ["retry", "cancel"])
def test_looking_at_an_actions_address_does_nothing(sam: Client, action: str) -> None:
    job = CloneJobFactory.create()

    assert sam.get(f"/clones/{job.pk}/{action}/").status_code == 405
    assert sam.get(SELECTED).status_code == 405
    assert fresh(job).status == JobStatus.WAITING


# Several ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["retry", "cancel"])
def test_several_are_asked_about_before_anything_is_done(sam: Client, action: str) -> None:
    jobs = [*failed(2), CloneJobFactory.create(), CloneJobFactory.create()]

    page = text_of(send(sam, action, *jobs))

    assert f"{action.title()} 2 clones?" in page
    assert CloneJob.objects.count() == 4
    assert {fresh(job).status for job in jobs} == {JobStatus.FAILED, JobStatus.WAITING}


def test_confirmed_clones_are_retried_in_one_batch(sam: Client) -> None:
    jobs = failed(3)

    response = confirm(sam, send(sam, "retry", *jobs))

    assert retried(jobs) == {job.pk for job in jobs}
    assert response["Location"] == f"/batches/{Batch.objects.latest('pk').pk}/"
    assert "Asked for 3 clones again." in said(sam)


def test_retries_that_make_several_batches_lead_back_to_the_list(sam: Client) -> None:
    jobs = [*failed(1), *failed(1)]

    response = confirm(sam, send(sam, "retry", *jobs, back="q=9&sort=-took"))

    assert retried(jobs) == {job.pk for job in jobs}
    assert response["Location"] == "/clones/?q=9&sort=-took"


def test_confirmed_clones_are_canceled(sam: Client) -> None:
    jobs = [CloneJobFactory.create() for _ in range(3)]

    confirm(sam, send(sam, "cancel", *jobs))

    assert {fresh(job).status for job in jobs} == {JobStatus.CANCELED}
    assert "Canceled 3 clones." in said(sam)


def test_the_question_says_what_is_left_out_and_what_to_see_to(sam: Client) -> None:
    jobs = [*failed(2, failure_kind=FailureKind.ECWID), CloneJobFactory.create(status=JobStatus.COMPLETED)]

    page = text_of(send(sam, "retry", *jobs))

    assert "Left out: 1 “Completed”." in page
    assert FailureKind.ECWID.next_step in page
    assert "(2 clones)" in page


def test_the_question_counts_failures_by_what_is_wrong_with_the_store(sam: Client) -> None:
    full = failed(2, failure_kind=FailureKind.TARGET, error_code="TARGET_PRODUCTS_NOT_EMPTY")
    gone = failed(1, failure_kind=FailureKind.TARGET, error_code="TARGET_NOT_FOUND")

    page = text_of(send(sam, "retry", *full, *gone))

    assert "<strong>Has products</strong> (2 clones): Delete the store" in page
    assert "<strong>Store not found</strong> (1 clone): Check the ID" in page


def test_the_question_names_what_a_retry_would_leave_out_and_why(sam: Client) -> None:
    free, taken_twice, archived, held = failed(4)
    newer = CloneJobFactory.create(batch=free.batch, target=taken_twice.target, status=JobStatus.CANCELED)
    again = [CloneJobFactory.create(batch=free.batch, retry_of=job, status=JobStatus.FAILED) for job in failed(5)]
    type(archived.target).objects.filter(pk=archived.target.pk).update(archived_at=timezone.now())
    busy = CloneJobFactory.create(batch=free.batch, target=held.target)
    old = [job.retry_of for job in again if job.retry_of]

    page = send(sam, "retry", free, taken_twice, newer, archived, held, *old)

    text = text_of(page)
    assert "Retry 2 clones?" in text
    assert f"Clone {newer.pk} into the same store is retried instead." in text
    assert f"Clone {busy.pk} into the same store is under way." in text
    assert f"Store {archived.target} is archived" in text
    assert f"<strong>{Obstacle.ALREADY}</strong> (5 clones)" in text
    assert "and 2 more" in text
    confirm(sam, page)
    assert retried([free, taken_twice, newer, archived, held]) == {free.pk, newer.pk}
    assert "Left out" not in said(sam)


def test_what_nobody_can_retry_now_is_not_asked_about_and_told_why(sam: Client) -> None:
    jobs = failed(2)
    for job in jobs:
        sam.post(f"/clones/{job.pk}/retry/")
    said(sam)

    response = send(sam, "retry", *jobs, back="q=9")

    assert response["Location"] == "/clones/?q=9"
    assert "None of the selected clones can be retried now: 2 clones (retried already)." in said(sam)


def test_asking_about_many_clones_takes_as_many_queries_as_about_few(sam: Client) -> None:
    counts = []
    for count in (2, 40):
        jobs = [*failed(count), *(job.retry_of for job in [CloneJobFactory.create(retry_of=failed()[0])])]
        with CaptureQueriesContext(connection) as captured:
            send(sam, "retry", *(job for job in jobs if job))
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_only_the_clones_that_were_asked_about_are_touched(sam: Client) -> None:
    jobs = failed(2)
    page = send(sam, "retry", all_matching="?status=FAILED")
    (later,) = failed()

    confirm(sam, page)

    assert retried([*jobs, later]) == {job.pk for job in jobs}


def test_what_changed_before_the_confirmation_is_left_out_and_named(sam: Client) -> None:
    first, second = failed(2)
    page = send(sam, "retry", first, second)
    sam.post(f"/clones/{first.pk}/retry/")

    confirm(sam, page)

    assert CloneJob.objects.filter(retry_of__in=[first, second]).count() == 2
    said_now = said(sam)
    assert "Left out 1 clone." in said_now
    assert f"Clone {first.pk} into" in said_now


@pytest.mark.parametrize(
    ("action", "status"), [("retry", JobStatus.COMPLETED), ("retry", JobStatus.WAITING), ("cancel", JobStatus.QUEUED)]
)
def test_nothing_is_asked_where_nothing_can_be_done(sam: Client, action: str, status: JobStatus) -> None:
    jobs = [CloneJobFactory.create(status=status) for _ in range(2)]

    response = send(sam, action, *jobs, back="q=9")

    assert response["Location"] == "/clones/?q=9"
    assert f"Selected: 2 “{status.label}”." in said(sam)


def test_a_clone_whose_start_is_in_doubt_is_not_offered_for_canceling(sam: Client) -> None:
    sure = CloneJobFactory.create()
    doubtful = CloneJobFactory.create(unanswered_since=timezone.now())

    page = send(sam, "cancel", sure, doubtful)
    assert "Cancel 1 clone?" in text_of(page)
    confirm(sam, page)

    assert (fresh(sure).status, fresh(doubtful).status) == (JobStatus.CANCELED, JobStatus.WAITING)


# All that match -----------------------------------------------------------------------------------------------------


def test_all_that_match_are_taken_whatever_is_ticked(sam: Client) -> None:
    jobs = failed(60)
    batch = jobs[0].batch_id
    (other,) = failed()

    page = send(sam, "retry", other, all_matching=f"?status=FAILED&batch={batch}")
    assert "Retry 60 clones?" in text_of(page)
    confirm(sam, page)

    assert retried([*jobs, other]) == {job.pk for job in jobs}


def test_the_list_offers_its_filters_as_all_that_match(sam: Client) -> None:
    failed(30)

    page = text_of(sam.get("/clones/", {"status": "FAILED", "q": "9", "page": "1", "per_page": "25"}))

    assert 'name="all_matching" value="?status=FAILED&amp;q=9"' in page
    assert "All 30 matching" in page


def test_all_of_an_unfiltered_list_can_be_taken(sam: Client) -> None:
    failed(2)
    CloneJobFactory.create()

    assert "Retry 2 clones?" in text_of(send(sam, "retry", all_matching="?"))


def test_a_filter_that_makes_no_sense_never_makes_it_more(sam: Client) -> None:
    jobs = failed(2)

    response = send(sam, "retry", all_matching="?status=FIALED", confirmed="1")

    assert response["Location"] == "/clones/"
    assert retried(jobs) == set()
    assert "The status in the address makes no sense" in said(sam)


def test_all_that_match_are_asked_about_even_where_somebody_claims_to_have_been(sam: Client) -> None:
    jobs = failed(2)

    response = send(sam, "retry", all_matching="?status=FAILED", confirmed="1")

    assert response.status_code == 200
    assert retried(jobs) == set()


def test_too_many_at_once_are_refused_with_advice(sam: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MOST_JOBS", 2)
    jobs = failed(3)

    for form in ({"all_matching": "?"}, {"jobs": ",".join(str(job.pk) for job in jobs), "confirmed": "1"}):
        send(sam, "retry", **form)
        assert "narrow the list" in said(sam)
    assert retried(jobs) == set()


# Export and nonsense ------------------------------------------------------------------------------------------------


def test_ticked_clones_are_exported(sam: Client) -> None:
    jobs = [CloneJobFactory.create(status=status) for status in TERMINAL]

    response = send(sam, "export", jobs[0], jobs[2])

    body = b"".join(cast("Any", response).streaming_content).decode().removeprefix(exports.BOM)
    assert [int(row["job_id"]) for row in csv.DictReader(io.StringIO(body))] == [jobs[2].pk, jobs[0].pk]


def test_all_that_match_are_exported_by_the_lists_csv(sam: Client) -> None:
    response = send(sam, "export", all_matching="?status=FAILED&q=a b")

    assert response["Location"] == "/clones.csv?status=FAILED&q=a+b"


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        pytest.param({"action": "retry"}, "Select at least one clone first.", id="nothing ticked"),
        pytest.param({"action": "retry", "all_matching": ""}, "Select at least one clone first.", id="empty all"),
        pytest.param({"job": "1"}, "Choose what to do with the clones", id="no action"),
        pytest.param({"action": "delete", "job": "1"}, "Choose what to do with the clones", id="unknown action"),
        pytest.param({"action": "retry", "job": "x"}, "has no number", id="a letter"),
        pytest.param({"action": "retry", "jobs": f"1,{2**63}"}, "has no number", id="a number that no column holds"),
        pytest.param({"action": "retry", "job": "٤"}, "has no number", id="digits that are not ASCII"),
        pytest.param({"action": "retry", "jobs": "1,2"}, "Selected: none that still exist.", id="gone"),
    ],
)
def test_a_form_that_makes_no_sense_is_answered_with_a_sentence(
    sam: Client, form: dict[str, str], sentence: str
) -> None:
    response = sam.post(SELECTED, {**form, "back": "q=9"})

    assert response["Location"] == "/clones/?q=9"
    assert sentence in said(sam)


@pytest.mark.parametrize("back", ["//evil.example.com/?a=1#x", "q=9\r\nSet-Cookie: a=b"])
def test_the_way_back_is_a_query_of_the_list_and_nothing_else(sam: Client, back: str) -> None:
    response = send(sam, "cancel", CloneJobFactory.create(), back=back)

    assert response["Location"].startswith("/clones/?")
    assert not {"#", "\n", " "} & set(response["Location"])


def test_who_may_not_clone_is_kept_out(client: Client) -> None:
    client.force_login(nobody())
    job = CloneJobFactory.create()

    for address in (SELECTED, f"/clones/{job.pk}/cancel/", f"/clones/{job.pk}/retry/"):
        assert client.post(address, {"action": "cancel", "job": job.pk}).status_code == 403
    assert fresh(job).status == JobStatus.WAITING
