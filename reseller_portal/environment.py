"""Reading the environment, with secrets that may lie in files."""

from collections.abc import Collection
from typing import Final

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

SWITCHES: Final = {
    **dict.fromkeys(("on", "true", "yes", "y", "ok", "1"), True),
    **dict.fromkeys(("off", "false", "no", "n", "0", ""), False),
}


class StrippedFileMapping(FileAwareMapping):  # type: ignore[misc]  # django-environ carries no types
    """`NAME_FILE` names a file with the value of NAME; the line end that editors add is not part of it."""

    def __getitem__(self, key: str) -> str:
        """Return the value. Raises KeyError, and ImproperlyConfigured where the file cannot be read."""
        try:
            return str(super().__getitem__(key)).strip()
        except OSError as error:
            message = f"{key}_FILE names a file that cannot be read: {error.strerror}."
            raise ImproperlyConfigured(message) from None


class Environment(environ.FileAwareEnv):  # type: ignore[misc]  # see above
    """django-environ's reader over that mapping."""

    ENVIRON = StrippedFileMapping()

    def int(self, var: str, default: int) -> int:
        """Return a whole number. Raises ImproperlyConfigured."""
        try:
            return int(super().int(var, default=default))
        except ValueError:
            message = f"{var} must be a whole number."
            raise ImproperlyConfigured(message) from None

    def bool(self, var: str) -> bool:
        """Return whether it is on; off, where it is not set. Raises ImproperlyConfigured."""
        said = self.str(var, default="").strip().casefold()
        if said not in SWITCHES:
            message = f"{var} must be on or off."
            raise ImproperlyConfigured(message)
        return SWITCHES[said]

    def choice(self, var: str, default: str, choices: Collection[str], hint: str) -> str:
        """Return one of `choices`, in whatever case it is written. Raises ImproperlyConfigured, with the `hint`."""
        said = (self.str(var, default="") or default).casefold()
        found = next((choice for choice in choices if choice.casefold() == said), None)
        if found is None:
            message = f"{var} must be {hint}."
            raise ImproperlyConfigured(message)
        return found
