"""The django-q2 cluster as `manage.py worker` runs it: stoppable at once, and never outliving its watchdog."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from types import FrameType
from typing import Final

from django_q.cluster import Cluster

PR_SET_PDEATHSIG: Final = 1  # of <sys/prctl.h>

# Made before django-q2 forks, so that all its processes share it: its workers never see a signal of their own. Without
# a lock: a process killed while it held one would leave the others waiting for ever.
_stop = multiprocessing.get_context("fork").RawValue(ctypes.c_bool, False)


def stop_asked() -> bool:
    """Tell a tick whether this worker is to stop. Always False under a plain `qcluster`."""
    return bool(_stop.value)


def _bind_children() -> None:
    """Have Linux kill each process that is forked from here on when the one that forked it ends.

    The lifeline is main's: where main and the watchdog are killed at the same moment, nobody else ends the others.
    """
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        os.register_at_fork(after_in_child=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL))


def run_cluster(lifeline: int) -> int:
    """Run a cluster until SIGTERM or until it breaks; return its exit code.

    This process must lead a process group of its own. `lifeline` is the reading end of a pipe that the watchdog keeps
    open: when the watchdog dies, however it dies, the whole group goes with it.
    """
    cluster = Cluster()

    def stop(signum: int, frame: FrameType | None) -> None:
        _stop.value = True
        cluster.sig_handler(signum, frame)

    signal.signal(signal.SIGTERM, stop)
    _bind_children()
    cluster.start()
    # After the fork: threads and forks do not mix.
    threading.Thread(target=_die_with_watchdog, args=(lifeline,), daemon=True).start()
    cluster.sentinel.join()
    return int(cluster.sentinel.exitcode or 0)


def _die_with_watchdog(lifeline: int) -> None:
    """Wait for the end of the pipe, which nobody writes to, then end the group."""
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)
