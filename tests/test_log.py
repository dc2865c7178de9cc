"""What the log says, and what is not worth a line or a traceback."""

import logging
from pathlib import Path

import pytest
import requests
from django.test import Client

from reseller_portal.log import LineFormatter
from tests.people import staff
from tests.web_process import WebProcess


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_is_one_line_and_a_question_for_the_head_alone_is_none(client: Client, tmp_path: Path) -> None:
    client.force_login(staff())
    session = {name: morsel.value for name, morsel in client.cookies.items()}
    with WebProcess(tmp_path / "web.log") as web:
        begin = len(web.log.read_text())
        asked = requests.head(f"{web.address}/help/first-clone/", cookies=session, timeout=120)
        refused = requests.get(f"{web.address}/people/", cookies=session, timeout=120)
        stranger = requests.get(f"{web.address}/", headers={"Host": "elsewhere.example"}, timeout=120)
        lines = web.log.read_text()[begin:].splitlines()

    assert [answer.status_code for answer in (asked, refused, stranger)] == [200, 403, 400]
    assert len(lines) == 2
    assert lines[0].endswith("WARNING django.request: Forbidden (Permission denied): /people/")
    assert "ERROR   django.security.DisallowedHost: Invalid HTTP_HOST header: 'elsewhere.example'" in lines[1]


@pytest.mark.parametrize(
    ("name", "level", "told"),
    [
        ("django.request", logging.ERROR, True),
        ("django.request", logging.WARNING, False),
        ("django.security.DisallowedHost", logging.ERROR, False),
    ],
)
def test_only_an_error_of_the_portal_is_told_with_its_traceback(name: str, level: int, told: bool) -> None:
    trouble = ValueError("too small")
    record = logging.LogRecord(name, level, __file__, 1, "It broke", (), (ValueError, trouble, None))

    assert ("ValueError: too small" in LineFormatter().format(record)) is told
    assert record.exc_info, "others may read it after us"
