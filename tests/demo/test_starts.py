"""What a start finds and tells: ports, passwords, a folder of its own, and a portal in which a first clone works."""

import json
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from clones.demo.environment import FORGOTTEN
from clones.demo.ports import is_usable, web_port
from tests.demo.demo_process import ROOT, DemoProcess
from tests.processes import free_port
from tests.scale import at_scale
from tests.waiting import until


class Person:
    """Somebody before a browser, signed in with what the demo told."""

    def __init__(self, demo: DemoProcess, name: str) -> None:
        self._root = demo.address
        self._session = requests.Session()
        self._session.trust_env = False
        answer = self.send("/accounts/login/", username=name, password=demo.passwords[name])
        assert answer.url == f"{self._root}/", "the sign-in was refused"

    def read(self, path: str) -> str:
        answer = self._session.get(self._root + path, timeout=120)
        answer.raise_for_status()
        return answer.text

    def send(self, path: str, **form: str) -> requests.Response:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.read(path))
        assert token
        whole = {**form, "csrfmiddlewaretoken": token[1]}
        return self._session.post(self._root + path, whole, headers={"Referer": self._root + path}, timeout=120)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_second_start_goes_on_with_all_data_though_the_sandbox_has_to_move(var: Path, taken: int) -> None:
    accounts = json.loads((var / "demo" / "accounts.json").read_text())
    with DemoProcess(var, sandbox_port=taken) as demo:
        demo.ready()
        staff = Person(demo, "staff")

        assert "First start" not in demo.text
        assert demo.passwords == accounts
        assert not demo.sandbox_address.endswith(f":{taken}")
        assert "Autumn boutiques" in staff.read("/batches/")
        choice = r'name="template" value="(\d+)"[^>]*>(?:(?!value=).)*Corner shop'
        template = re.search(choice, staff.read("/clones/new/"), re.DOTALL)
        assert template
        launched = staff.send("/clones/new/", template=template[1], targets="9040", scope="ALL")
        until(lambda: "All completed" in staff.read(launched.url.removeprefix(demo.address)), "the first clone")


def test_connections_that_an_admin_added_to_the_sandbox_move_along(var: Path) -> None:
    with closing(sqlite3.connect(var / "demo" / "portal.sqlite3")) as database:
        ((address,),) = database.execute("SELECT api_url FROM clones_connection")
    kept = {name: value for name, value in os.environ.items() if name not in FORGOTTEN}
    environment = {**kept, "VAR_DIR": str(var / "demo"), "KEY": "sandbox-secret"}
    words = ["connect", "Training", "--api-url", address, "--client-id", "no-clone", "--client-secret-env", "KEY"]
    subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=environment, check=True, capture_output=True)

    with DemoProcess(var) as demo:
        demo.ready()
        with closing(sqlite3.connect(var / "demo" / "portal.sqlite3")) as database:
            addresses = [row[0] for row in database.execute("SELECT api_url FROM clones_connection")]
        assert addresses == [f"{demo.sandbox_address}/api/v3"] * 2


def test_port_0_stands_for_any_that_is_free() -> None:
    assert is_usable(web_port(0))


def test_the_portal_may_have_the_port_that_the_sandbox_usually_has(var: Path) -> None:
    port = free_port()
    with DemoProcess(var, "--port", str(port), sandbox_port=port) as demo:
        demo.ready()
        assert demo.address.endswith(f":{port}")


def test_both_told_users_have_their_roles(demo: DemoProcess) -> None:
    demo.ready()

    assert "Sandbox" in Person(demo, "admin").read("/connections/")
    with pytest.raises(requests.HTTPError, match="403"):
        Person(demo, "staff").read("/connections/")


def test_a_demo_keeps_to_its_own_folder(demo: DemoProcess, var: Path) -> None:
    """It runs with the variables of a real portal (FOREIGN), none of which works here."""
    demo.ready()

    assert {path.name for path in var.iterdir()} == {"demo", demo.log.name}
    assert {"accounts.json", "keys", "portal.sqlite3", "sandbox.sqlite3", "sessions"} <= {
        path.name for path in (var / "demo").iterdir()
    }
    assert stat.S_IMODE((var / "demo" / "accounts.json").stat().st_mode) == 0o600


def test_a_taken_port_is_said_with_what_to_type(tmp_path: Path, taken: int) -> None:
    with DemoProcess(tmp_path, "--port", str(taken)) as demo:
        assert demo.exit_code() == 1
        assert re.fullmatch(
            rf"CommandError: Port {taken} is used by another program. Choose another one: make demo PORT=\d+\n",
            demo.text,
        )


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_what_is_no_port_is_said(tmp_path: Path, port: str) -> None:
    with DemoProcess(tmp_path, f"--port={port}") as demo:
        assert demo.exit_code() == 1
        assert f"{port} is no port. Choose another one: make demo PORT=" in demo.text


def test_a_second_demo_on_the_same_data_is_refused(demo: DemoProcess, var: Path) -> None:
    demo.ready()
    with DemoProcess(var, "--reset") as second:
        assert second.exit_code() == 1
        assert f"A demo runs already, with its data in {var / 'demo'}. End that one first." in second.text
    assert demo.is_alive()


@at_scale
def test_reset_starts_over(var: Path) -> None:
    with DemoProcess(var, "--reset") as demo:
        demo.says("First start")
        demo.says("Two users")
        assert not (var / "demo" / "accounts.json").exists()
        demo.send(signal.SIGKILL)
        demo.leaves_nothing()
