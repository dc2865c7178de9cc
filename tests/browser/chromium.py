"""How the system's browser is started: never one that Playwright loads, and one that talks to nobody but the portal."""

import os
import shutil
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")  # as scripts/install-browser looks for them


def launch_options() -> dict[str, Any]:
    """Return what Playwright starts it with."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "No browser was found. Type: scripts/install-browser"
    silent = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu"]
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": path, "args": [*silent, *as_root]}
