"""When to ask again. Pure functions: seconds in, seconds out."""

from datetime import timedelta
from typing import Final

from clones.engine.durations import Durations

FIRST_LOOK: Final = timedelta(seconds=2)
CLOSEST_SECONDS: Final = 1.0
OVERDUE_CLOSEST_SECONDS: Final = 15.0
OVERDUE_SHARE: Final = 0.05  # where so few of its kind still run, an overdue clone is looked at more slowly
WORTH_A_LOOK_SECONDS: Final = 0.05  # a request is spent where a clone is expected to have been over for so long
ROUNDS_SHARE: Final = 0.1  # of the limit is spent on looking at every clone in turn, whatever is expected

IN_ONE_GO: Final = timedelta(minutes=10)  # requests further apart had a pause, a block or no worker between them
OVERDUE_AFTER: Final = timedelta(minutes=15)
GIVE_UP_AFTER: Final = timedelta(hours=24)

REPEAT_FIRST_SECONDS: Final = 1.5  # a lost answer: a clone that did start is still running then
REPEAT_LONGEST_SECONDS: Final = 30.0
RETRY_FIRST_SECONDS: Final = 2.0
RETRY_LONGEST_SECONDS: Final = 60.0
BUSY_FIRST_SECONDS: Final = 15.0


def poll_seconds(durations: Durations, age: float, running: int, rate_limit: int, *, overdue: bool = False) -> float:
    """Return the pause before the next look at a clone of such `durations` that runs at `age`, one of `running`."""
    round_seconds = max(CLOSEST_SECONDS, running / (ROUNDS_SHARE * rate_limit / 60))
    pause = max(CLOSEST_SECONDS, durations.seconds_until_lost(age, WORTH_A_LOOK_SECONDS, round_seconds))
    slowly = overdue and durations.share_running(age) < OVERDUE_SHARE
    return max(pause, OVERDUE_CLOSEST_SECONDS) if slowly else pause


def unreachable_seconds(trying_seconds: float) -> float:
    """Return the pause before the next try to reach Ecwid after `trying_seconds` in vain: a quarter more each time."""
    return min(RETRY_LONGEST_SECONDS, max(RETRY_FIRST_SECONDS, trying_seconds / 4))


def repeat_seconds(unanswered_seconds: float) -> float:
    """Return the pause before a POST is repeated that has been without an answer for `unanswered_seconds`."""
    return min(REPEAT_LONGEST_SECONDS, max(REPEAT_FIRST_SECONDS, unanswered_seconds / 2))


def doubling(first: float, tries: int, longest: float) -> float:
    """Return the pause after `tries` (1, 2, …) in vain: `first`, then twice as long each time, up to `longest`."""
    return min(longest, first * 2.0 ** min(max(tries, 1) - 1, 20))
