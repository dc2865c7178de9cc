"""Becomes the command that it is given, and leaves a guard beside it: no process of the group outlives the demo.

A script: `python guard.py DESCRIPTOR COMMAND…`, started as the leader of a process group. DESCRIPTOR is the reading end
of a pipe that nobody writes to and whose other end the demo alone holds.
"""

import os
import signal
import sys


def main(lifeline: int, command: list[str]) -> None:
    """Fork the guard, then be the command: under this process's id, with its output."""
    if os.fork() == 0:
        guard(lifeline)
    os.close(lifeline)
    os.execv(command[0], command)  # noqa: S606  what the demo starts


def guard(lifeline: int) -> None:
    """Wait until the demo has gone, however it went, then kill the group."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):  # the end of the part's output shows that all of the part has ended
        os.dup2(nothing, stream)
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
