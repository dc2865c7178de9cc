"""A short storm of a fixed seed over three real workers. `make chaos` runs the long ones."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.chaos.clusters import ROOT

SHORT = ("--seed", "30", "--seconds", "20", "--jobs", "40")


@pytest.mark.worker
@pytest.mark.timeout(600)  # only a broken engine takes so long: see `run.CALM_PATIENCE_SECONDS`
def test_a_storm_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """With database and queue of its own, of the kind that the tests run on; nothing of them is left."""
    command = [sys.executable, "-m", "tests.chaos", "--on", connection.vendor, "--folder", str(tmp_path / "chaos")]
    with subprocess.Popen([*command, *SHORT], cwd=ROOT, stdout=subprocess.PIPE, text=True) as storm:
        try:
            said = storm.communicate()[0]
        finally:
            storm.terminate()  # it ends all that it started
    assert storm.returncode == 0, said
