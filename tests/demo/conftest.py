"""One demo, filled once, also where tests run in parallel; each test starts on a copy of its data."""

import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.demo_process import DemoProcess


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Path:
    """Return a folder with a small demo's data, which nobody changes."""
    var = tmp_path_factory.getbasetemp().parent / f"demo-{testrun_uid}"
    var.mkdir(exist_ok=True)
    with (var / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (var / "demo" / "accounts.json").exists():
            with DemoProcess(var) as demo:
                demo.ready()
    return var


@pytest.fixture
def var(filled: Path, tmp_path: Path) -> Path:
    """Return a copy of that folder."""
    return Path(shutil.copytree(filled / "demo", tmp_path / "demo")).parent


@pytest.fixture
def demo(var: Path) -> Iterator[DemoProcess]:
    """A demo in its second start; its log is shown where a test fails."""
    with DemoProcess(var) as process:
        yield process
        print(process.text)  # noqa: T201
