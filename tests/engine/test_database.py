"""What the log says of a database that is away."""

import pytest
from django.db import InterfaceError, OperationalError

from clones.engine.database import in_a_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OperationalError("database or disk is full"), "OperationalError: database or disk is full"),
        (OperationalError("connection failed\n\tIs the server running?\n"), "OperationalError: connection failed"),
        (InterfaceError(), "InterfaceError"),
    ],
)
def test_an_error_is_told_in_a_line(error: Exception, line: str) -> None:
    assert in_a_line(error) == line
