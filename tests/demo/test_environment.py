"""What a demo sees of the settings that a real portal on this machine has."""

import os
import re
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

    assert os.environ == {"VAR_DIR": str(folder)}


def test_neither_a_secret_nor_its_file_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"SECRET_KEY": "x", "ENCRYPTION_KEYS_FILE": "/run/secrets/keys", "PATH": "/bin", "LOG_LEVEL": "DEBUG"}
    monkeypatch.setattr(os, "environ", given)

    environment.enter()

    assert os.environ.keys() == {"PATH", "LOG_LEVEL", "VAR_DIR"}
