"""The demo's folder: one demo at a time, filled whole or not at all, and emptied on request.

`accounts.json` is written last. Where it is missing, a first start was cut off, and the next one begins anew.
"""

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Final

LOCK: Final = "demo.lock"  # also says that the folder is a demo's
KEPT: Final = {"keys", LOCK}  # this process has read the keys already
MADE_BY_THE_SETTINGS: Final = {"keys", "sessions"}  # before the first start comes to the folder


class FolderTakenError(Exception):
    """Another demo uses this folder, or it holds something else; the text says what to do."""


class DemoFolder:
    """Open it once, and keep it as long as the demo runs."""

    def __init__(self, path: Path) -> None:
        """Take the lock, which the system gives back however this process ends. Raises FolderTakenError."""
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = {entry.name for entry in path.iterdir()}
        if LOCK not in found and found - MADE_BY_THE_SETTINGS:  # what is no demo's is never emptied
            raise FolderTakenError(f"{path} holds something else than a demo. Move it away, or name a VAR_DIR.")
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)  # never closed
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise FolderTakenError(f"A demo runs already, with its data in {path}. End that one first.") from None

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
