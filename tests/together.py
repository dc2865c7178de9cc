"""Doing things at the same instant."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from clones.operations.errors import InvalidRequestError

BARRIER_SECONDS = 120  # only a broken test waits so long


def at_once(*works: Callable[[], object]) -> list[str]:
    """Do each in a thread with a database connection of its own, all let go by one barrier.

    Returns what each was refused with, "" where it was done. Raises what else a work raises.
    """
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> str:
        try:
            connection.ensure_connection()
            barrier.wait(BARRIER_SECONDS)
            work()
        except InvalidRequestError as error:
            return str(error)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
