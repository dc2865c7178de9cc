"""What tests of several pages share."""

import threading
from collections.abc import Iterator

import pytest

from clones.forms.accounts import MAIL_THREAD


@pytest.fixture
def no_mail_left_behind() -> Iterator[None]:
    """Wait for the threads that send mails: one must not land in the next test's box."""
    yield
    for thread in threading.enumerate():
        if thread.name == MAIL_THREAD:
            thread.join(60)
