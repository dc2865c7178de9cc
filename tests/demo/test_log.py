"""The log of all parts."""

import io
import os

import pytest

from clones.demo.log import Log


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_each_line_begins_with_its_writers_name() -> None:
    stream = io.StringIO()

    Log(stream).say("one\ntwo", "web")

    assert stream.getvalue() == "web     | one\nweb     | two\n"


def test_names_are_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()

    Log(stream).say("one", "web")

    assert stream.getvalue() == "\x1b[36mweb     | \x1b[0mone\n"


def test_nothing_is_coloured_where_nobody_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()

    Log(stream).say("one", "web")

    assert stream.getvalue() == "web     | one\n"


def test_what_the_terminal_cannot_show_is_replaced() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    Log(stream).say("“one” → two")

    assert raw.getvalue() == b"demo    | ?one? ? two\n"


def test_a_reader_who_has_gone_is_noticed() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        log = Log(stream)
        log.say("one")
        log.say("two")

    assert log.is_broken
