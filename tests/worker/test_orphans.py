"""Nothing of a worker outlives it, also where the two processes that end the others die at the same moment."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.waiting import until
from tests.worker_process import WorkerProcess

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


def test_no_process_is_left_when_main_and_watchdog_are_both_killed(start_worker: Callable[..., WorkerProcess]) -> None:
    worker = start_worker()
    main = worker.cluster()[0]

    os.kill(worker.pid, signal.SIGSTOP)  # so that it does not see the death of main
    os.kill(main, signal.SIGKILL)
    os.kill(worker.pid, signal.SIGKILL)

    until(lambda: not worker.processes(), "the end of the orphans")
