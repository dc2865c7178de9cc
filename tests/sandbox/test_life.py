"""A clone's life by time and by control call, over restarts, and the log of what really happened."""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.api import Api
from tests.sandbox_process import SandboxProcess
from tests.waiting import until


def status(api: Api, ticket: str) -> Any:
    return api.status(ticket).json()["status"]


def test_a_clone_goes_from_queued_over_in_progress_to_completed(sandbox: SandboxProcess, api: Api) -> None:
    way: list[str] = []
    for seconds in (0.2, 2, 20):  # a busy machine may be too slow to see a short status
        sandbox.add_store(1, clone_seconds=seconds)
        sandbox.add_store(2)
        sandbox.pace(queued_seconds=seconds)
        way = way_of(api, api.accepted())
        if len(way) == 3:
            break

    assert way == ["QUEUED", "IN_PROGRESS", "COMPLETED"]


def way_of(api: Api, ticket: str) -> list[str]:
    """Return the statuses that a clone is seen in until its end."""
    way = [status(api, ticket)]
    while way[-1] != "COMPLETED":
        way += {status(api, ticket)} - {way[-1]}
    return way


def test_a_paused_clone_stays_and_goes_on_when_resumed(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.pause_clones()
    ticket = api.accepted()
    while_paused = [status(api, ticket) for _ in range(20)]

    sandbox.resume_clones()

    assert set(while_paused) == {"QUEUED"}
    assert api.ended(ticket)["status"] == "COMPLETED"


@pytest.mark.parametrize("stays_in", ["QUEUED", "IN_PROGRESS"])
def test_a_clone_that_stays_ends_by_control_call_only(sandbox: SandboxProcess, api: Api, stays_in: str) -> None:
    sandbox.add_store(2, stays_in=stays_in)
    ticket = api.accepted()
    until(lambda: status(api, ticket) == stays_in, f"a clone that is {stays_in}")

    sandbox.finish(ticket)

    assert status(api, ticket) == "COMPLETED"
    assert len(sandbox.store(2)["products"]) == 12


def test_a_clone_can_be_ended_as_failed(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.pause_clones()
    ticket = api.accepted()

    sandbox.finish(ticket, "FAILED", "Gone wrong")

    assert api.status(ticket).json() == {"status": "FAILED", "errorMessage": "Gone wrong"}


def test_the_log_tells_what_happened(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(3)
    first = api.accepted(1, 2, scope="CATALOG", cloneDemoCatalog="true")
    api.ended(first)
    sandbox.pause_clones()
    second = api.accepted(1, 3)

    log = sandbox.log()

    assert [(one.ticket, one.source, one.target, one.scope, one.demo, one.status) for one in log] == [
        (first, "1", "2", "CATALOG", True, "COMPLETED"),
        (second, "1", "3", "", False, "QUEUED"),
    ]
    assert log[0].finished_at is not None
    assert log[0].finished_at >= log[0].accepted_at
    assert log[1].finished_at is None


def test_a_killed_sandbox_goes_on_with_its_clones(fresh_database: Path) -> None:
    with SandboxProcess(fresh_database, "--no-seed", "--queued-seconds", "0", "--minimum-seconds", "0") as sandbox:
        sandbox.add_store(1, products=50)
        sandbox.add_store(2)
        sandbox.pause_clones()
        with Api(sandbox) as api:
            ticket = api.accepted()

            sandbox.restart()

            assert status(api, ticket) == "QUEUED"
            sandbox.resume_clones()
            assert len(api.ended(ticket)["clonedEntitiesMapping"]["products"]) == 50


def test_a_copy_that_was_cut_off_is_done_again_from_the_start(fresh_database: Path) -> None:
    with SandboxProcess(fresh_database, "--no-seed", "--queued-seconds", "0", "--minimum-seconds", "0") as sandbox:
        sandbox.add_store(1, products=6_000)
        sandbox.add_store(2)
        with Api(sandbox) as api:
            ticket = api.accepted()
            until(lambda: sandbox.store(2)["products"], "the first copied products")

            sandbox.restart()

            mapping = api.ended(ticket)["clonedEntitiesMapping"]
            assert {str(row["id"]) for row in sandbox.store(2)["products"]} == set(mapping["products"].values())
            assert len(mapping["products"]) == 6_000


def test_the_seed_has_templates_targets_and_test_stores_once(fresh_database: Path) -> None:
    with SandboxProcess(fresh_database) as sandbox:
        before = sandbox.store(1004)
        sandbox.restart()

        after = sandbox.store(1004)
        with Api(sandbox) as api:
            last_page = api.read("products", 1004, offset=24_900).json()
        sizes = [len(sandbox.store(number)["products"]) for number in (1001, 1002, 1003, 1005, 9001, 9040, 9106)]

    assert len(before["products"]) == 25_000
    assert before["products"] == after["products"]
    assert [item["id"] for item in last_page["items"]] == [row["id"] for row in after["products"][24_900:]]
    assert sizes == [44, 408, 2_500, 0, 0, 0, 5]
