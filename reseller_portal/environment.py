"""Reading the environment, with secrets that may lie in files."""

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


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
