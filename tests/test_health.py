"""/healthz and /readyz: for monitors, over plain http, without a login."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from clones.views import health
from tests.factories import WorkerBeatFactory
from tests.worker_process import ROOT, environment

READY = {"database": "ok", "queue": "ok", "worker": "ok"}
NOWHERE = "postgres://nobody@127.0.0.1:1/nothing"
ASK = """
import django, json, sys
django.setup()
from django.test import Client
answer = Client(HTTP_HOST="localhost").get(sys.argv[1])
body = answer.content.decode()
print(json.dumps([answer.status_code, body]))
"""


def asked_elsewhere(path: str, **variables: str) -> tuple[int, str]:
    """Ask a web process of its own, whose environment says otherwise than this one's."""
    ended = subprocess.run(
        [sys.executable, "-c", ASK, path],
        cwd=ROOT,
        env=environment(DJANGO_SETTINGS_MODULE="reseller_portal.settings", **variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    status, body = json.loads(ended.stdout)
    return status, body


def test_healthz_answers_without_a_database(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_is_ok_where_database_queue_and_a_worker_are(client: Client) -> None:
    WorkerBeatFactory.create()

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, READY)


@pytest.mark.django_db
def test_one_living_worker_is_enough(client: Client) -> None:
    WorkerBeatFactory.create(stopped_at=timezone.now())
    WorkerBeatFactory.create()

    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("worker", ["none", "silent", "stopped"])
def test_readyz_is_503_where_no_worker_beats(client: Client, settings: Settings, worker: str) -> None:
    now = timezone.now()
    if worker == "silent":
        WorkerBeatFactory.create(beat_at=now - timedelta(seconds=settings.WORKER_SILENT_SECONDS + 1))
    if worker == "stopped":
        WorkerBeatFactory.create(stopped_at=now)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {**READY, "worker": "No worker beats. Start one with: manage.py worker"}


@pytest.mark.django_db(transaction=True)
def test_readyz_is_503_where_redis_does_not_answer() -> None:
    WorkerBeatFactory.create()

    status, body = asked_elsewhere("/readyz", REDIS_URL="redis://127.0.0.1:1/0")

    assert status == 503
    assert json.loads(body) == {**READY, "queue": "The queue (Redis, or the database) does not answer."}


@pytest.mark.django_db(transaction=True)
def test_readyz_is_503_where_the_queue_in_the_database_is_gone() -> None:
    WorkerBeatFactory.create()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_q_ormq RENAME TO away")

    try:
        status, body = asked_elsewhere("/readyz", REDIS_URL="")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO django_q_ormq")

    assert status == 503
    assert json.loads(body) == {**READY, "queue": "The queue (Redis, or the database) does not answer."}


@pytest.mark.django_db
def test_readyz_is_503_where_the_database_does_not_answer() -> None:
    status, body = asked_elsewhere("/readyz", DATABASE_URL=NOWHERE)

    found = json.loads(body)
    assert status == 503
    assert found["database"] == "The database does not answer."
    assert found["worker"] == "Unknown: the database does not answer."
    assert "nobody" not in body


@pytest.mark.django_db
def test_the_log_tells_why_it_is_not_ready_once_and_when_it_is_again(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_told", "")
    caplog.set_level("INFO")

    for _ in range(3):
        client.get("/readyz")
    WorkerBeatFactory.create()
    for _ in range(3):
        client.get("/readyz")

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "Not ready: No worker beats. Start one with: manage.py worker"),
        ("INFO", "Ready again."),
    ]


@pytest.mark.django_db
def test_healthz_is_ok_where_the_database_does_not_answer() -> None:
    assert asked_elsewhere("/healthz", DATABASE_URL=NOWHERE) == (200, "ok\n")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_only_reading_is_allowed(client: Client, path: str, method: str) -> None:
    assert getattr(client, method)(path).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_head_request_has_the_same_status(client: Client, path: str) -> None:
    WorkerBeatFactory.create()

    answer = client.head(path)

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_no_answer_is_kept_by_a_cache_and_no_session_begins(client: Client, path: str) -> None:
    answer = client.get(path)

    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_monitor_inside_the_network_speaks_plain_http(settings: Settings, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    WorkerBeatFactory.create()

    assert Client().get(path).status_code == 200
