"""What a demo sees of the settings that a real portal on this machine has."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clones.demo import environment
from clones.demo.environment import FORGOTTEN, ROOT

STAYS = {"LOG_LEVEL", "TIME_ZONE", "VAR_DIR"}  # how it is told; where the demo's folder is, which `enter` writes


def test_a_demo_forgets_every_documented_setting_that_a_real_portal_could_have() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))

    assert documented - set(FORGOTTEN) == STAYS


@pytest.mark.parametrize(
    ("given", "folder"), [("", ROOT / "var" / "demo"), ("/srv/portal", Path("/srv/portal/demo"))], ids=["none", "given"]
)
def test_its_folder_lies_below_that_of_the_portal(monkeypatch: pytest.MonkeyPatch, given: str, folder: Path) -> None:
    monkeypatch.setattr(os, "environ", {"VAR_DIR": given} if given else {})

    environment.enter()

    assert os.environ == {"VAR_DIR": str(folder), "PORTAL_DEMO": str(folder)}


def test_neither_a_secret_nor_its_file_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"SECRET_KEY": "x", "ENCRYPTION_KEYS_FILE": "/run/secrets/keys", "PATH": "/bin", "LOG_LEVEL": "DEBUG"}
    monkeypatch.setattr(os, "environ", given)

    environment.enter()

    assert os.environ.keys() == {"PATH", "LOG_LEVEL", "VAR_DIR", "PORTAL_DEMO"}


def test_a_folder_out_of_a_file_does_not_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"VAR_DIR_FILE": "/run/secrets/var"})

    environment.enter()

    assert os.environ.keys() == {"VAR_DIR", "PORTAL_DEMO"}


def test_the_command_refuses_the_folder_of_a_real_portal(tmp_path: Path) -> None:
    (tmp_path / "backup.tar").touch()
    settings = {"VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "reseller_portal.settings"}

    command = [sys.executable, "-m", "django", "demo", "--reset"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "Type: make demo" in done.stderr
    assert (tmp_path / "backup.tar").exists()
