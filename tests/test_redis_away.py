"""A Redis that refuses, or that takes connections and never answers: pages go without it, and nobody waits for long."""

import contextlib
import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings

from clones.models import CloneJob
from clones.permissions import Role
from reseller_portal.redis import SessionCopies, with_limits
from tests.factories import TemplateStoreFactory, WorkerBeatFactory
from tests.people import PASSWORD, person
from tests.proxy import Proxy
from tests.worker_process import ROOT, environment

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "sesame"
REFUSING = "redis://127.0.0.1:1/0"
# A day of one browser: each line asks something, and says with which status it was answered.
ASK = """
import django, json, sys
django.setup()
from django.test import Client
name, password, template = sys.argv[1:]
client = Client(HTTP_HOST="localhost")
launch = {"template": template, "targets": "9001", "scope": "ALL"}
steps = {
    "sign in": lambda: client.post("/accounts/login/", {"username": name, "password": password}),
    "page": lambda: client.get("/"),
    "launch": lambda: client.post("/clones/new/", launch),
    "readyz": lambda: client.get("/readyz"),
    "metrics": lambda: client.get("/metrics", headers={"authorization": "Bearer sesame"}),
    "sign out": lambda: client.post("/accounts/logout/"),
    "page after": lambda: client.get("/"),
}
print(json.dumps({step: ask().status_code for step, ask in steps.items()}))
"""
ANSWERS = {
    "sign in": 302,
    "page": 200,
    "launch": 302,
    "readyz": 503,
    "metrics": 200,
    "sign out": 302,
    "page after": 302,
}


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and never answers."""
    with contextlib.closing(Proxy(1)) as proxy:
        proxy.swallow()
        yield f"redis://127.0.0.1:{proxy.port}/0"


def day(url: str) -> dict[str, int]:
    """Return how each step of the day was answered."""
    WorkerBeatFactory.create()
    WorkerBeatFactory.create()
    person("sam", Role.STAFF)
    template = TemplateStoreFactory.create()
    ended = subprocess.run(
        [sys.executable, "-c", ASK, "sam", PASSWORD, str(template.pk)],
        cwd=ROOT,
        env=environment(DJANGO_SETTINGS_MODULE="reseller_portal.settings", REDIS_URL=url, METRICS_TOKEN=TOKEN),
        capture_output=True,
        text=True,
        timeout=120,  # without limits a silent Redis would hold it for ever
        check=True,
    )
    assert "Traceback" not in ended.stderr
    found: dict[str, int] = json.loads(ended.stdout)
    return found


def test_pages_and_monitors_are_answered_where_redis_refuses() -> None:
    assert day(REFUSING) == ANSWERS
    assert CloneJob.objects.count() == 1


def test_pages_and_monitors_are_answered_where_redis_is_silent(silent: str) -> None:
    assert day(silent) == ANSWERS
    assert CloneJob.objects.count() == 1


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A way to Redis, of which nobody is spared a try."""
    monkeypatch.setattr("reseller_portal.redis.REST_SECONDS", 0)
    with contextlib.closing(Proxy(urlsplit(settings.REDIS_URL).port or 6379)) as proxy:
        yield proxy


@pytest.mark.skipif(not settings.REDIS_URL, reason="there is no Redis")
@pytest.mark.parametrize(
    "miss", [lambda copies: copies.delete("session"), lambda copies: copies.set("session", {"user": 2})]
)
def test_a_copy_that_was_outdated_while_redis_was_away_is_not_found_afterwards(
    miss: Callable[[SessionCopies], object], way: Proxy
) -> None:
    path = urlsplit(settings.REDIS_URL).path
    copies = SessionCopies(with_limits(f"redis://127.0.0.1:{way.port}{path}"), {"KEY_PREFIX": uuid.uuid4().hex})
    copies.set("session", {"user": 1})
    assert copies.get("session") == {"user": 1}

    way.refuse()
    miss(copies)
    assert copies.get("session") is None
    way.mend()

    assert copies.get("session") is None
    assert not copies.has_key("session")


@pytest.mark.parametrize(
    ("url", "seconds"),
    [("redis://host/0", 3.0), ("redis://host?db=1", 3.0), ("redis://host/0?socket_timeout=9", 9.0)],
)
def test_every_wait_for_redis_has_a_limit_and_another_one_may_be_asked_for(url: str, seconds: float) -> None:
    options = redis.from_url(with_limits(url)).connection_pool.connection_kwargs

    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (seconds, 2.0)


def test_without_redis_there_is_nothing_to_limit() -> None:
    assert with_limits("") == ""
