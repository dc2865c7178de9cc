"""One writer at a time: SQLite makes writers poll for its lock, a lock of our own wakes them at once and in turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

_writer = threading.RLock()


@contextmanager
def writing() -> Iterator[None]:
    """Hold the database for writing, in one transaction. Keep it short: every request writes a log row."""
    with _writer, transaction.atomic():
        yield
