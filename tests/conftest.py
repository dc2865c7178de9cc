"""Fixtures that start the real parts: the sandbox over real HTTP, the worker as a process of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker
from whitenoise.base import StaticFile, WhiteNoise

from clones.models import Connection, TemplateStore
from clones.secrets import Secret
from tests.factories import ConnectionFactory, TemplateStoreFactory
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, SandboxProcess
from tests.waiting import until
from tests.worker_process import WorkerProcess

REAL_DATABASE = settings.DATABASES["default"]["NAME"]  # read before pytest-django puts the test database in its place


@pytest.fixture(scope="session", autouse=True)
def _passwords_hashed_quickly() -> Iterator[None]:
    """Hash as the portal does, but not slowly on purpose."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1)
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_files_listed_once() -> Iterator[None]:
    """Let each test client have the list of static files that the first one made, instead of reading the folder."""
    listed: dict[tuple[str, str], dict[str, StaticFile]] = {}
    read = WhiteNoise.update_files_dictionary

    def update(self: WhiteNoise, root: str, prefix: str) -> None:
        if (root, prefix) not in listed:
            read(self, root, prefix)
            listed[root, prefix] = dict(self.files)
        self.files.update(listed[root, prefix])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoise, "update_files_dictionary", update)
        yield


@pytest.fixture(scope="session")
def some_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, whichever tests were selected.

    pytest-django sets one up only where a selected test is marked for it; without, this would be the real database.
    """
    if connection.settings_dict["NAME"] != REAL_DATABASE:
        yield
        return
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default": None})
    yield
    with django_db_blocker.unblock():
        until(lambda: _is_dropped(made), "the end of all who use the test database")


def _is_dropped(made: list[tuple[BaseDatabaseWrapper, str, bool]]) -> bool:
    """Drop the databases; False while PostgreSQL counts a process that was killed a moment ago."""
    try:
        teardown_databases(made, verbosity=0)
    except OperationalError:
        return False
    return True


@pytest.fixture(scope="module")
def open_database(some_database: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database for a whole module. Whoever uses it empties the tables that it fills."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox for the whole run, without the stores that it comes with."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3", "--no-seed") as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    """Return the sandbox, empty, with quick clones."""
    sandbox_process.reset()
    sandbox_process.pace(queued_seconds=0.1, minimum_seconds=0.3, seconds_per_1000_products=0.02)
    return sandbox_process


@pytest.fixture
def shop(transactional_db: None, sandbox: SandboxProcess) -> TemplateStore:
    """Return a template of 30 products and 4 categories at the sandbox, and an empty target 9001."""
    sandbox.add_store(1001, products=30, categories=4, types=2)
    sandbox.add_store(9001)
    return TemplateStoreFactory.create(connection=connect_to(sandbox), store_id="1001", name="Fashion")


def connect_to(sandbox: SandboxProcess) -> Connection:
    """Make the portal's connection to the sandbox."""
    return ConnectionFactory.create(
        name="Sandbox",
        api_url=sandbox.api_url,
        client_id=CLIENT_ID,
        client_secret=Secret.seal(CLIENT_SECRET),
        is_sandbox=True,
        rate_limit=6000,
    )


@pytest.fixture
def start_worker(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Return a function that starts a worker; every one is killed at the end, and none may outlive the test."""
    started: list[WorkerProcess] = []

    def start(silent_seconds: int = 15, q_workers: int = 2, **environment: str) -> WorkerProcess:
        log = tmp_path / f"worker-{len(started)}.log"
        worker = WorkerProcess(log, silent_seconds=silent_seconds, q_workers=q_workers, **environment)
        started.append(worker)
        worker.start()
        return worker

    yield start
    for worker in started:
        worker.kill()
        print(f"--- {worker.log.name}\n{worker.log.read_text()}")  # noqa: T201  pytest shows it where the test fails
    connection.close()
