"""The demo's folder: one demo at a time, filled whole or not at all, and emptied on request.

`accounts.json` is written last. Where it is missing, a first start was cut off, and the next one begins anew.
"""

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Final

KEPT: Final = {"keys", "lock"}  # this process has read the keys already


class DemoRunsError(Exception):
    """Another demo uses this folder; the text is one sentence."""


class DemoFolder:
    """Open it once, and keep it as long as the demo runs."""

    def __init__(self, path: Path) -> None:
        """Take the lock, which the system gives back however this process ends. Raises DemoRunsError."""
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)  # never closed
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise DemoRunsError(f"A demo runs already, with its data in {path}. End that one first.") from None

    @property
    def sandbox_database(self) -> Path:
        """Where the sandbox keeps its stores."""
        return self.path / "sandbox.sqlite3"

    @property
    def is_filled(self) -> bool:
        """Tell whether a first start came to its end."""
        return self._accounts.exists()

    def empty(self) -> None:
        """Delete all data."""
        self._accounts.unlink(missing_ok=True)  # first: should this be cut off, the rest is no demo any more
        for entry in self.path.iterdir():
            if entry.name in KEPT:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def read_accounts(self) -> dict[str, str]:
        """Return the passwords by user name."""
        accounts: dict[str, str] = json.loads(self._accounts.read_text(encoding="utf-8"))
        return accounts

    def write_accounts(self, accounts: dict[str, str]) -> None:
        """Keep the passwords, for this user alone: the folder counts as filled from now on."""
        draft = self._accounts.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(accounts), encoding="utf-8")
        draft.replace(self._accounts)

    @property
    def _accounts(self) -> Path:
        return self.path / "accounts.json"
