"""What an operation says no with."""

from collections.abc import Iterator
from contextlib import contextmanager


class InvalidRequestError(Exception):
    """What was asked for cannot be done as it stands. The text is one clear sentence for the person who asked.

    `field` names the input that it is about, where it is about one: a form shows it there.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@contextmanager
def about(field: str) -> Iterator[None]:
    """Let what is refused inside be about this input, unless it names one itself."""
    try:
        yield
    except InvalidRequestError as error:
        error.field = error.field or field
        raise
