"""The portal's own keys, made once on a machine that was given none."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet


@dataclass(frozen=True)
class LocalKeys:
    """What a machine without configured keys signs and encrypts with."""

    secret_key: str
    encryption_key: str


def local_keys(directory: Path) -> LocalKeys:
    """Read the keys kept in `directory`, making them on first use (files of mode 600).

    Two processes that start at the same instant end up with the same keys.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalKeys(
        secret_key=_read_or_make(directory / "secret_key", secrets.token_urlsafe(50)),
        encryption_key=_read_or_make(directory / "encryption_key", Fernet.generate_key().decode()),
    )


def _read_or_make(path: Path, fresh: str) -> str:
    """Return the text of `path`; where there is none, `fresh` becomes it, whole or not at all."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(fresh)
        try:
            os.link(draft, path)  # fails where another process was first; a rename would overwrite its key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
