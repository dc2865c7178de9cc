"""Faults: what the client sees, whether the work was done, and what the log says."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from email.utils import formatdate
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.api import Api
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, LoggedRequest, SandboxProcess
from tests.waiting import until

DROPPED = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)


def only_request(sandbox: SandboxProcess, call: str = "clone_start") -> LoggedRequest:
    (request,) = sandbox.requests(call=call)
    return request


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    ("fault", "http_status", "beginning"), [("http_500", 500, "{"), ("html", 502, "<"), ("empty", 200, "")]
)
def test_a_useless_answer_hides_whether_the_work_was_done(
    sandbox: SandboxProcess, api: Api, fault: str, http_status: int, beginning: str, *, done: bool
) -> None:
    sandbox.fault(fault, call="clone_start", done=done)

    answer = api.start()

    assert answer.status_code == http_status
    assert answer.text[:1] == beginning
    assert "success" not in answer.text
    assert len(sandbox.log()) == done
    assert only_request(sandbox).fault == fault
    assert only_request(sandbox).ticket == (sandbox.log()[0].ticket if done else "")


def test_a_fault_can_have_another_http_status(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.fault("html", http_status=200)

    assert api.start().status_code == 200


@pytest.mark.parametrize(("fault", "is_done"), [("drop_before", False), ("drop_after", True), ("truncated", True)])
def test_a_dropped_answer_breaks_the_connection(
    sandbox: SandboxProcess, api: Api, fault: str, *, is_done: bool
) -> None:
    sandbox.fault(fault)

    with pytest.raises(DROPPED):
        api.start()

    assert len(sandbox.log()) == is_done
    assert only_request(sandbox).delivered is False


def test_a_lost_ticket_stands_in_the_next_refusal(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.pause_clones()
    sandbox.fault("drop_after")
    with pytest.raises(DROPPED):
        api.start()

    message = api.start().json()["errorMessage"]

    assert message.endswith(sandbox.log()[0].ticket)


def test_a_fault_strikes_as_often_as_told_after_those_let_pass(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.fault("http_500", call="clone_status", skip=1, times=2)

    statuses = [api.status("unknown").status_code for _ in range(5)]

    assert statuses == [404, 500, 500, 404, 404]


def test_a_fault_without_an_end_lasts_until_it_is_cleared(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.fault("http_500", times=None)
    before = [api.status("unknown").status_code for _ in range(3)]

    sandbox.clear_faults()

    assert before == [500, 500, 500]
    assert api.status("unknown").status_code == 404


def test_a_rate_is_repeatable_by_its_seed(sandbox: SandboxProcess, api: Api) -> None:
    def struck() -> list[bool]:
        sandbox.clear_faults()
        sandbox.fault("http_500", times=None, rate=0.5, seed=7)
        return [api.status("unknown").status_code == 500 for _ in range(20)]

    first, second = struck(), struck()

    assert first == second
    assert {*first} == {True, False}


def test_a_fault_can_be_for_one_target_and_its_tickets(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(3)
    sandbox.pause_clones()
    tickets = api.accepted(1, 2), api.accepted(1, 3)
    sandbox.fault("http_500", target="3", times=None)

    statuses = [api.status(ticket).status_code for ticket in tickets]

    assert statuses == [200, 500]


def test_a_fault_for_the_start_spares_the_status(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.fault("http_500", call="clone_start")

    assert api.status("unknown").status_code == 404
    assert api.start().status_code == 500


def test_a_rate_limit_blocks_every_call_until_it_ends(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.fault("rate_limit", retry_after="300")

    first, second = api.status("unknown"), api.start()

    assert [answer.status_code for answer in (first, second)] == [429, 429]
    assert first.headers["Retry-After"] == "300"
    assert 0 < int(second.headers["Retry-After"]) <= 300
    begun, inside = sandbox.requests()
    assert (begun.fault, begun.blocked_seconds) == ("rate_limit", None)
    assert inside.blocked_seconds is not None
    assert inside.blocked_seconds >= 0
    assert sandbox.log() == []


def test_a_block_ends_by_itself(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.fault("rate_limit", retry_after="1", block_seconds=0.05)
    assert api.start().status_code == 429

    until(lambda: api.start().status_code == 200, "the end of the block")

    assert len(sandbox.log()) == 1


def test_retry_after_may_be_a_date(sandbox: SandboxProcess, api: Api) -> None:
    date = formatdate(time.time() + 100, usegmt=True)
    sandbox.fault("rate_limit", retry_after=date)

    assert [api.start().headers["Retry-After"] for _ in range(2)] == [date, date]


def test_retry_after_may_be_a_digit_that_is_no_number(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.fault("rate_limit", retry_after="\N{SUPERSCRIPT TWO}")

    assert [api.start().status_code for _ in range(2)] == [429, 429]


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def begin(background: ThreadPoolExecutor, sandbox: SandboxProcess, fault: str) -> Future[requests.Response]:
    """Send a start-clone request into a hold; it has arrived there when this returns."""
    sandbox.pause_clones()
    sandbox.fault(fault, call="clone_start")
    request = background.submit(lambda: Api(sandbox).start())
    assert sandbox.held()
    return request


@pytest.mark.parametrize(
    ("fault", "stage", "is_done"),
    [("hold_before", "before", False), ("hold_after", "after", True), ("hold_midway", "midway", True)],
)
@pytest.mark.usefixtures("api")
def test_a_held_answer_waits_until_it_is_released(
    sandbox: SandboxProcess, background: ThreadPoolExecutor, fault: str, stage: str, *, is_done: bool
) -> None:
    request = begin(background, sandbox, fault)
    (held,) = sandbox.held()
    done_while_held = len(sandbox.log())

    released = sandbox.release()

    assert (held.call, held.stage, held.target) == ("clone_start", stage, "2")
    assert held.ticket == (sandbox.log()[0].ticket if is_done else "")
    assert done_while_held == is_done
    assert released == 1
    assert request.result().json()["success"] is True
    assert sandbox.held(wait=0) == []
    assert only_request(sandbox).delivered is True


@pytest.mark.usefixtures("api")
def test_one_of_several_held_answers_can_be_released(sandbox: SandboxProcess, background: ThreadPoolExecutor) -> None:
    sandbox.add_store(3)
    sandbox.fault("hold_before", target="2")
    sandbox.fault("hold_before", target="3")
    requests_by_target = {target: background.submit(Api(sandbox).start, 1, target) for target in (2, 3)}
    until(lambda: len(sandbox.held()) == 2, "both held answers")
    third = next(one for one in sandbox.held() if one.target == "3")

    sandbox.release(third.id)

    assert requests_by_target[3].result().json()["success"] is True
    assert [one.target for one in sandbox.held()] == ["2"]
    sandbox.release()
    assert requests_by_target[2].result().json()["success"] is True


@pytest.mark.parametrize(("fault", "is_done"), [("hold_before", True), ("hold_after", True), ("hold_midway", True)])
def test_a_held_answer_ends_when_its_client_leaves(
    sandbox: SandboxProcess, api: Api, fault: str, *, is_done: bool
) -> None:
    sandbox.pause_clones()
    sandbox.fault(fault)

    api.timeout = 0.3

    with pytest.raises((*DROPPED, requests.exceptions.Timeout)):
        api.start()

    until(lambda: sandbox.requests() and not sandbox.held(wait=0), "the end of the call")
    assert len(sandbox.log()) == is_done
    assert only_request(sandbox).delivered is False


def test_a_held_request_whose_body_came_late_ends_when_its_client_leaves(sandbox: SandboxProcess) -> None:
    sandbox.fault("hold_before", call="store_create")
    body = json.dumps({"merchant": {"email": "late@example.com", "name": "Late"}}).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-Ecwid-App-Client-Id": CLIENT_ID,
        "X-Ecwid-App-Secret-Key": CLIENT_SECRET,
    }
    address = urlsplit(sandbox.api_url)
    with closing(HTTPConnection(address.netloc)) as client:
        client.putrequest("POST", f"{address.path}/stores")
        for name, value in headers.items():
            client.putheader(name, value)
        client.endheaders()
        time.sleep(0.3)  # two packets: the sandbox has the first, or has both at once and is right anyway
        client.send(body)
        assert sandbox.held()

    until(lambda: sandbox.requests(call="store_create"), "the end of the call")
    assert only_request(sandbox, "store_create").delivered is False
    assert sandbox.stores("late@example.com")


def test_a_store_can_be_slow(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(2, sleep=30)
    api.timeout = 0.2

    with pytest.raises(requests.exceptions.Timeout):
        api.start()


def test_a_block_begins_when_it_is_told_however_late_that_is(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(2, sleep=0.3)
    sandbox.fault("rate_limit", target="2", retry_after="300")

    api.start()
    api.status("whatever")

    told_late, later = sandbox.requests()
    assert later.blocked_seconds is not None
    assert later.at - later.blocked_seconds >= told_late.at + 0.3


@pytest.mark.parametrize("fault", ["hold_before", "hold_after"])
@pytest.mark.usefixtures("api")
def test_a_reset_ends_what_is_on_its_way_before_it_empties_the_world(
    sandbox: SandboxProcess, background: ThreadPoolExecutor, fault: str
) -> None:
    waiting = begin(background, sandbox, fault)

    sandbox.reset()

    assert (sandbox.log(), sandbox.requests()) == ([], [])
    assert waiting.result().status_code == 200
    assert (sandbox.log(), sandbox.requests()) == ([], [])


def test_a_mistake_in_a_control_call_is_said(sandbox: SandboxProcess) -> None:
    with pytest.raises(AssertionError, match="none of error, http_500"):
        sandbox.fault("explosion")
    with pytest.raises(AssertionError, match="tims: unknown"):
        sandbox.fault("http_500", tims=2)
    with pytest.raises(AssertionError, match="is not an errorCode"):
        sandbox.add_store(5, refusal="NO_SUCH_CODE")
