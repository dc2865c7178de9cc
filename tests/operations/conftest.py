"""What tests of several operations share."""

import uuid
from collections.abc import Iterator

import pytest
from django_q.brokers import get_broker

from clones.engine import bell
from tests.factories import WorkerBeatFactory


@pytest.fixture
def queue() -> Iterator[str]:
    """Return the queue of a living worker; emptied afterwards, since Redis rolls nothing back."""
    name = f"test-{uuid.uuid4().hex}"
    WorkerBeatFactory.create(queue=name)
    yield name
    bell.forget_queue(name)


def bells(queue: str) -> int:
    """Count the bells that wait in a queue."""
    return int(get_broker(queue).queue_size())
