"""Reading how long a rate-limited application has to be silent. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

DEFAULT_SECONDS = 60.0
LONGEST_SECONDS = 24 * 60 * 60.0
_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)


def read_retry_after(headers: Mapping[str, str], received_at: float) -> float:
    """Seconds to wait, from a Retry-After in seconds or as an HTTP date; 60 when missing or unreadable, 24 h at most.

    A date counts from the answer's own Date header where that is readable: the two clocks may differ.
    `received_at` is a Unix time.
    """
    named = {name.lower(): value for name, value in headers.items()}
    wanted = named.get("retry-after", "").strip()
    if _SECONDS.fullmatch(wanted):
        return min(float(wanted), LONGEST_SECONDS)
    until = _read_date(wanted)
    if until is None:
        return DEFAULT_SECONDS
    now = _read_date(named.get("date", ""))
    return min(max(until - (received_at if now is None else now), 0.0), LONGEST_SECONDS)


def _read_date(written: str) -> float | None:
    try:
        date = parsedate_to_datetime(written)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
