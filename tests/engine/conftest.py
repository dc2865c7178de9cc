"""Fixtures of the engine's tests."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.backends.signals import connection_created


@pytest.fixture
def impatient() -> Iterator[None]:
    """Have every database connection of this test fail after a moment where it usually waits for a lock for long."""

    def set_timeout(**_: object) -> None:
        with connection.cursor() as cursor:
            is_sqlite = connection.vendor == "sqlite"
            cursor.execute("PRAGMA busy_timeout = 100" if is_sqlite else "SET lock_timeout = '100ms'")

    connection_created.connect(set_timeout)
    connection.close()
    yield
    connection_created.disconnect(set_timeout)
    connection.close()
