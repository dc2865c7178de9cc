"""How long a 429 says to be silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clones.ecwid.pauses import DEFAULT_SECONDS, LONGEST_SECONDS, read_retry_after

NOW = 1_784_000_000.0  # Tue, 14 Jul 2026 03:33:20 GMT
IN_A_MINUTE = "Tue, 14 Jul 2026 03:34:20 GMT"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        (" 17 ", 17),
        ("1.5", 1.5),
        ("9" * 400, LONGEST_SECONDS),
        (IN_A_MINUTE, 60),
        ("Tue, 14 Jul 2026 03:34:20 -0000", 60),
        ("Tue, 14 Jul 2026 05:34:20 +0200", 60),
        ("Mon, 13 Jul 2026 03:34:20 GMT", 0),
        ("Thu, 31 Dec 9999 23:59:59 GMT", LONGEST_SECONDS),
        ("", DEFAULT_SECONDS),
        ("-5", DEFAULT_SECONDS),
        ("nan", DEFAULT_SECONDS),
        ("inf", DEFAULT_SECONDS),
        ("1e3", DEFAULT_SECONDS),
        ("\u0661\u0667", DEFAULT_SECONDS),
        ("soon", DEFAULT_SECONDS),
        ("17, 18", DEFAULT_SECONDS),
        ("Tue, 99 Foo 2026 03:34:20 GMT", DEFAULT_SECONDS),
    ],
)
def test_retry_after_is_read(written: str, seconds: float) -> None:
    assert read_retry_after({"Retry-After": written}, NOW) == seconds


def test_a_missing_header_means_a_minute() -> None:
    assert read_retry_after({}, NOW) == DEFAULT_SECONDS


def test_the_name_of_the_header_has_no_letter_case() -> None:
    assert read_retry_after({"RETRY-AFTER": "5"}, NOW) == 5


def test_a_date_counts_from_the_servers_own_clock() -> None:
    headers = {"Retry-After": IN_A_MINUTE, "Date": "Tue, 14 Jul 2026 03:34:00 GMT"}

    assert read_retry_after(headers, NOW + 3_600) == 20


@given(st.text(), st.text(), st.floats(0, 4e9))
def test_any_header_gives_a_pause_within_bounds(written: str, date: str, now: float) -> None:
    assert 0 <= read_retry_after({"Retry-After": written, "Date": date}, now) <= LONGEST_SECONDS
