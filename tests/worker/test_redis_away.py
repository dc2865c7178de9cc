"""A Redis that is away while the worker has nothing to do: it goes on looking, though nobody can ring for it."""

import contextlib
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from clones.models import TemplateStore, WorkerBeat
from clones.operations.launch import Order, start_batch
from tests.factories import fresh
from tests.proxy import Proxy
from tests.sandbox_process import SandboxProcess
from tests.waiting import until
from tests.worker_process import WorkerProcess

pytestmark = [
    pytest.mark.worker,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.REDIS_URL, reason="there is no Redis"),
]


@pytest.fixture
def way() -> Iterator[Proxy]:
    """The worker's way to Redis."""
    with contextlib.closing(Proxy(urlsplit(settings.REDIS_URL).port or 6379)) as proxy:
        yield proxy


@pytest.mark.parametrize("cut", [Proxy.refuse, Proxy.swallow])
def test_a_clone_that_is_launched_meanwhile_runs_to_its_end_once(
    cut: Callable[[Proxy], None],
    way: Proxy,
    shop: TemplateStore,
    sandbox: SandboxProcess,
    start_worker: Callable[..., WorkerProcess],
) -> None:
    start_worker(REDIS_URL=f"redis://127.0.0.1:{way.port}{urlsplit(settings.REDIS_URL).path}")
    until(lambda: WorkerBeat.objects.get().seat_token, "a tick that sits there")

    cut(way)
    (job,) = start_batch(Order(shop, ["9001"])).jobs
    until(lambda: fresh(job).is_terminal, f"the end of {job}")

    assert fresh(job).is_completed
    assert len(sandbox.log()) == 1
