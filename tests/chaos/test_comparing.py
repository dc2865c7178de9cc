"""What is compared at the end of a run: each difference between portal and sandbox must be noticed."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.comparing import about_clones, about_job, about_requests, most_in_a_minute
from tests.chaos.facts import JobFacts, Misfortunes, read_log
from tests.chaos.plan import BUSY
from tests.chaos.storm import Blow
from tests.sandbox_process import LoggedClone, LoggedRequest

PAIRS = {("product", "1"): "2"}
CLONE = LoggedClone(
    ticket="t-1", source="1001", target="9001", scope="", demo=False, accepted_at=10, finished_at=20, status="COMPLETED"
)
ACCEPTED = LoggedRequest(
    id=1,
    at=10.0,
    call="clone_start",
    method="POST",
    client_id="sandbox-app",
    target="9001",
    ticket="t-1",
    http_status=200,
    error_code="",
    fault="",
    blocked_seconds=None,
    delivered=True,
)
EARLIER = replace(CLONE, ticket="t-0", accepted_at=2, finished_at=8)
HAD_FAILED = replace(EARLIER, status="FAILED")
OF_EARLIER = replace(ACCEPTED, id=4, at=2.0, ticket="t-0")
REFUSED = replace(ACCEPTED, id=2, at=30.0, ticket="", http_status=409, error_code="TARGET_PRODUCTS_NOT_EMPTY")
COMPLETED = JobFacts(
    id=7,
    template="1001",
    target="9001",
    scope="",
    demo=False,
    status="COMPLETED",
    ticket="t-1",
    failure_kind="",
    error_code="",
    error_message="",
    is_leased=False,
    finished_at=40.0,
    mapping=PAIRS,
    events=[("", "WAITING"), ("WAITING", "SUBMITTING"), ("SUBMITTING", "QUEUED"), ("QUEUED", "COMPLETED")],
    clones=[CLONE],
    clone_mapping=PAIRS,
    starts=[ACCEPTED],
)
FAILED = replace(
    COMPLETED,
    status="FAILED",
    ticket="",
    mapping={},
    events=[("", "WAITING"), ("WAITING", "SUBMITTING"), ("SUBMITTING", "FAILED")],
)
TURNED_DOWN = replace(
    FAILED, failure_kind="TARGET", error_code=REFUSED.error_code, clones=[], clone_mapping={}, starts=[REFUSED]
)
RESULT_LOST = replace(
    FAILED,
    failure_kind="RESULT_LOST",
    error_code=REFUSED.error_code,
    starts=[replace(ACCEPTED, delivered=False, fault="drop_after"), REFUSED],
)
FAILED_THERE = replace(
    FAILED,
    ticket="t-1",
    failure_kind="ECWID",
    error_message="Import failed",
    clones=[replace(CLONE, status="FAILED")],
    clone_mapping={},
)
CALM = Misfortunes([], [])
STRANGER = replace(CLONE, ticket="s-1", accepted_at=1, finished_at=25)
BUSY_ROW = replace(ACCEPTED, id=5, at=5.0, ticket="s-1", http_status=409, error_code=BUSY)
BESIDE = replace(TURNED_DOWN, strangers=[STRANGER], starts=[BUSY_ROW, REFUSED])
TAKEN_OVER = replace(COMPLETED, ticket="s-1", clones=[], strangers=[STRANGER], starts=[BUSY_ROW])


@pytest.mark.parametrize("job", [COMPLETED, TURNED_DOWN, RESULT_LOST, FAILED_THERE, BESIDE])
def test_nothing_is_said_where_both_sides_agree(job: JobFacts) -> None:
    assert list(about_job(job, CALM)) == []


@pytest.mark.parametrize(
    ("job", "complaint"),
    [
        (replace(COMPLETED, clones=[EARLIER, CLONE], starts=[ACCEPTED]), "cloned again while t-0 COMPLETED stood"),
        (replace(COMPLETED, clones=[HAD_FAILED, CLONE], starts=[OF_EARLIER, ACCEPTED]), "was told ticket t-0"),
        (replace(COMPLETED, finished_at=19.0), "ended as COMPLETED while t-1 was still running"),
        (replace(FAILED_THERE, finished_at=19.0), "ended as FAILED while t-1 was still running"),
        (TAKEN_OVER, "ended as COMPLETED  beside somebody else's clone s-1"),
        (replace(BESIDE, failure_kind="RESULT_LOST"), "ended as FAILED RESULT_LOST beside somebody else's clone"),
        (replace(BESIDE, starts=[BUSY_ROW]), "ended as FAILED TARGET beside somebody else's clone"),
        (replace(BESIDE, clones=[CLONE]), "cloned into a store with somebody else's clone: t-1"),
        (
            replace(COMPLETED, starts=[ACCEPTED, replace(BUSY_ROW, at=13.0)]),
            "asked again 3.0 s after request 1 was told",
        ),
        (replace(COMPLETED, demo=True), "not as ordered"),
        (replace(COMPLETED, scope="CATALOG"), "not as ordered"),
        (replace(COMPLETED, status="QUEUED", events=COMPLETED.events[:3], mapping={}), "has not ended: QUEUED"),
        (replace(COMPLETED, ticket="t-2"), "completed with ticket t-2"),
        (replace(COMPLETED, clones=[replace(CLONE, status="FAILED")]), "but the sandbox says t-1 FAILED"),
        (replace(COMPLETED, clones=[]), "that nothing was cloned"),
        (replace(COMPLETED, mapping={("product", "1"): "02"}), "pairs of the mapping differ"),
        (replace(COMPLETED, mapping={}), "1 pairs of the mapping differ"),
        (replace(COMPLETED, is_leased=True), "still leased"),
        (replace(COMPLETED, events=COMPLETED.events[:2]), "its history ends at SUBMITTING"),
        (replace(COMPLETED, events=[*COMPLETED.events, ("COMPLETED", "FAILED")]), "its history jumps from COMPLETED"),
        (
            replace(COMPLETED, events=[*COMPLETED.events[:2], ("QUEUED", "COMPLETED")]),
            "its history jumps from SUBMITTING",
        ),
        (replace(FAILED, failure_kind="TICKET_LOST"), "which nothing in this run can cause"),
        (replace(FAILED, status="CANCELED"), "was canceled"),
        (replace(TURNED_DOWN, starts=[]), "which the sandbox never answered"),
        (replace(TURNED_DOWN, clones=[CLONE]), "refused with TARGET_PRODUCTS_NOT_EMPTY, but the sandbox says t-1"),
        (replace(TURNED_DOWN, mapping=PAIRS), "has a mapping without being completed"),
        (replace(TURNED_DOWN, failure_kind="TRANSIENT"), "given up after fewer than 6 refusals"),
        (replace(FAILED_THERE, clones=[CLONE]), "failed at Ecwid, but the sandbox says t-1 COMPLETED"),
        (replace(RESULT_LOST, clones=[]), "result lost, but the sandbox says that nothing was cloned"),
        (replace(RESULT_LOST, starts=[ACCEPTED, REFUSED]), "was told ticket t-1, nothing struck who asked"),
        (replace(RESULT_LOST, starts=RESULT_LOST.starts[:1]), "it called the target full 0 times"),
        (replace(RESULT_LOST, error_code=""), "without asking again, though a second clone would have been refused"),
        (replace(RESULT_LOST, error_code="", scope="STORE_SETTINGS"), "less than a minute after the first request"),
        (replace(RESULT_LOST, error_code="", starts=[REFUSED]), "was answered TARGET_PRODUCTS_NOT_EMPTY"),
    ],
)
def test_a_difference_is_noticed(job: JobFacts, complaint: str) -> None:
    assert complaint in "\n".join(about_job(job, CALM))


def test_a_clone_that_failed_unseen_may_be_followed_by_another() -> None:
    lost = replace(OF_EARLIER, delivered=False)

    assert list(about_job(replace(COMPLETED, clones=[HAD_FAILED, CLONE], starts=[lost, ACCEPTED]), CALM)) == []


def test_whoever_lost_an_answer_may_take_a_strangers_clone_for_its_own() -> None:
    lost = replace(BUSY_ROW, id=3, at=3.0, fault="http_500")

    assert list(about_job(replace(TAKEN_OVER, starts=[lost, BUSY_ROW]), CALM)) == []


def sender(tmp_path: Path, *blows: Blow) -> Misfortunes:
    """Return what is known of one cluster that sent the POST of job 7 at 9.9 seconds."""
    log = tmp_path / "worker-0.log"
    log.write_text("1970-01-01 00:00:09,900 INFO    clones.lifecycle: Job 7: WAITING → SUBMITTING Asking Ecwid.\n")
    return Misfortunes(list(blows), [read_log(log)])


TOLD = replace(RESULT_LOST, starts=[ACCEPTED, REFUSED])


def test_an_answer_may_be_lost_with_the_cluster_that_asked(tmp_path: Path) -> None:
    assert list(about_job(TOLD, sender(tmp_path, Blow("kill -9 of a main", 0, 10.1, 10.1)))) == []


@pytest.mark.parametrize(
    "blow",
    [
        Blow("kill -9 of a main", 1, 10.1, 10.1),
        Blow("PostgreSQL stopped (fast) and started", None, 10.1, 12.0),
        Blow("kill -9 of a main", 0, 9.0, 9.0),
        Blow("kill -9 of a main", 0, 31.0, 31.0),
    ],
    ids=["of another cluster", "of the database, which kept answers wait for", "before it was asked", "afterwards"],
)
def test_no_other_blow_is_an_excuse_for_a_lost_answer(tmp_path: Path, blow: Blow) -> None:
    assert "nothing struck who asked" in "\n".join(about_job(TOLD, sender(tmp_path, blow)))


def test_settings_may_be_lost_when_a_minute_went_by_before_anybody_could_ask_again(tmp_path: Path) -> None:
    lost = replace(ACCEPTED, delivered=False)
    clone = replace(CLONE, scope="STORE_SETTINGS")
    job = replace(
        FAILED, failure_kind="RESULT_LOST", scope=clone.scope, clones=[clone], starts=[lost], finished_at=70.0
    )

    assert list(about_job(job, sender(tmp_path))) == []


def test_a_request_late_in_a_block_is_noticed() -> None:
    in_time, late = replace(ACCEPTED, blocked_seconds=1.9), replace(ACCEPTED, id=3, blocked_seconds=2.1)

    assert list(about_requests([in_time, late], 600)) == ["request 3 (clone_start) came 2.1 s into a block"]


def test_a_broken_rate_limit_is_noticed() -> None:
    too_many = replace(ACCEPTED, http_status=429)

    assert list(about_requests([too_many], 600)) == ["request 1 (clone_start) broke the rate limit"]
    assert list(about_requests([replace(too_many, fault="rate_limit")], 600)) == []


def test_a_minute_with_too_many_requests_is_noticed() -> None:
    requests = [replace(ACCEPTED, at=at) for at in (0.0, 59.0, 61.0, 120.0)]

    assert list(about_requests(requests, 2)) == []
    assert list(about_requests([*requests, replace(ACCEPTED, at=117.0)], 2)) != []


def test_the_fullest_minute_is_found_wherever_it_begins() -> None:
    assert most_in_a_minute([0, 50, 70, 80, 109, 200]) == 4


def test_clones_that_nobody_ordered_and_orders_that_got_lost_are_noticed() -> None:
    assert list(about_clones([CLONE], [COMPLETED], ordered=1)) == []
    assert "which no job names" in next(about_clones([replace(CLONE, target="1")], [COMPLETED], ordered=1))
    assert "2 clones were ordered" in next(about_clones([CLONE], [COMPLETED], ordered=2))
