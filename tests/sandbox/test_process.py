"""The process: start, taken port, stop, keep-alive, gzip, and a request log without secrets."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from tests.sandbox.api import Api
from tests.sandbox_process import CLIENT_SECRET, ROOT, SandboxProcess


def test_it_says_one_line_and_serves(sandbox: SandboxProcess) -> None:
    answer = requests.get(f"{sandbox.api_url}/stores/clone", timeout=120)

    assert answer.status_code == 403


def start_another(port: int, database: Path) -> "subprocess.CompletedProcess[str]":
    """Start a sandbox that is to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "django", "sandbox", "--port", str(port), "--database", str(database)],
        env={"DJANGO_SETTINGS_MODULE": "clones.sandbox.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_taken_port_is_one_sentence_and_exit_code_1(sandbox: SandboxProcess, tmp_path: Path) -> None:
    database = tmp_path / "second.sqlite3"

    second = start_another(sandbox.port, database)

    assert (second.returncode, second.stdout, second.stderr.count("\n")) == (1, "", 1)
    assert f"cannot listen on 127.0.0.1:{sandbox.port}" in second.stderr
    assert not database.exists()


def test_a_database_that_another_sandbox_uses_is_refused(sandbox: SandboxProcess) -> None:
    second = start_another(0, sandbox.database)

    assert (second.returncode, second.stdout, second.stderr.count("\n")) == (1, "", 1)
    assert "Another sandbox uses" in second.stderr


def test_it_stops_promptly_while_answers_are_held(fresh_database: Path) -> None:
    with SandboxProcess(fresh_database, "--no-seed") as sandbox, ThreadPoolExecutor(1) as pool:
        sandbox.add_store(1)
        sandbox.add_store(2)
        sandbox.fault("hold_before")
        request = pool.submit(lambda: Api(sandbox).start())
        assert sandbox.held()

        exit_code = sandbox.terminate()

        assert exit_code == 0
        with pytest.raises(requests.exceptions.ConnectionError):
            request.result()
        sandbox.start()
        assert sandbox.log() == []


def port_of(answer: requests.Response) -> object:
    """Return the client's end of the connection that the answer comes over."""
    return cast(Any, answer.raw).connection.sock.getsockname()


def test_connections_are_kept_alive(sandbox: SandboxProcess) -> None:
    with requests.Session() as session:
        session.trust_env = False
        first = session.get(f"{sandbox.api_url}/x", timeout=120, stream=True)
        own_port = port_of(first)
        assert first.content  # read to its end, which gives the connection back
        second = session.get(f"{sandbox.api_url}/x", timeout=120, stream=True)

        assert port_of(second) == own_port


def test_answers_are_gzipped_only_on_request(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1, products=200)
    ticket = api.accepted()
    zipped = api.ended(ticket)
    url = f"{sandbox.api_url}/stores/clone?ticket={ticket}"

    plain = api.session.get(url, headers={"Accept-Encoding": "identity"}, timeout=120)
    packed = api.session.get(url, timeout=120)

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.json() == packed.json() == zipped


def test_no_secret_and_no_email_is_in_the_request_log(sandbox: SandboxProcess, api: Api) -> None:
    api.accepted()
    api.read("profile")
    api.read("profile", token="secret_of_somebody_else")
    api.look_up(email="owner-1@example.com")

    with sqlite3.connect(sandbox.database) as database:
        rows = database.execute("SELECT * FROM sandbox_requestlog").fetchall()
    database.close()

    assert len(rows) == 4
    assert [word for word in (CLIENT_SECRET, "secret_", "@") if word in repr(rows)] == []


def test_many_clients_at_once_are_all_answered(sandbox: SandboxProcess) -> None:
    def poll(_: int) -> set[int]:
        with Api(sandbox) as own:
            return {own.status("unknown").status_code for _ in range(20)}

    with ThreadPoolExecutor(16) as pool:
        statuses = set.union(*pool.map(poll, range(16)))

    assert statuses == {404}
    assert len(sandbox.requests(call="clone_status")) == 16 * 20


def test_ids_of_requests_ascend_over_a_reset(sandbox: SandboxProcess, api: Api) -> None:
    api.status("unknown")
    before = sandbox.requests()[-1].id
    sandbox.reset()
    api.status("unknown")

    after = sandbox.requests(since=before)

    assert [row.call for row in after] == ["clone_status"]
