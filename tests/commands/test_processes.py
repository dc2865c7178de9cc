"""The commands as a person runs them: exit codes and streams of the real process."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clones.models import Batch, CloneJob
from tests.commands.running import snapshot
from tests.factories import TemplateStoreFactory
from tests.worker_process import ROOT, environment, manage

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = ("clone", "--template", "1003", "--target", "9001")


def assert_plain(ended: subprocess.CompletedProcess[str]) -> None:
    assert "Traceback" not in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("clone", "--template", "1003"), "one of the arguments --target --file is required"),
        (("clone", "--target", "9001"), "required: --template"),
        ((*ASKED, "--scope", "everything"), "invalid choice: 'EVERYTHING'"),
        ((*ASKED, "--timeout", "soon"), "invalid float value: 'soon'"),
        ((*ASKED, "--fast"), "unrecognized arguments: --fast"),
        (("clone", "--template", "1004", "--target", "9001"), "Store 1004 is not a template store."),
        (("connect", "Main"), "required: --api-url, --client-id, --client-secret-env"),
        (("add_template", "1003"), "required: name, --connection"),
    ],
)
def test_wrong_arguments_end_with_2_and_a_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    TemplateStoreFactory.create(store_id="1003")
    before = snapshot()

    ended = manage(*arguments)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr
    assert_plain(ended)
    assert snapshot() == before


def test_an_accepted_clone_ends_with_0() -> None:
    TemplateStoreFactory.create(store_id="1003", name="Household")

    ended = manage(*ASKED)

    assert ended.returncode == 0
    assert ended.stdout == f"Batch {Batch.objects.get().pk}: Household (1003) into 1 store.\n"
    assert_plain(ended)


def test_two_commands_at_once_start_one_clone() -> None:
    TemplateStoreFactory.create(store_id="1003")

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: manage(*ASKED), range(2)))

    assert sorted(ended.returncode for ended in both) == [0, 1]
    (loser,) = [ended for ended in both if ended.returncode]
    assert f"9001: left out, since another clone into it is active (job {CloneJob.objects.get().pk})." in loser.stderr
    assert_plain(loser)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("clone", ["--template", "--target", "--wait", "--timeout", "--csv", "Exit code 0", "2: bad arguments"]),
        ("connect", ["--api-url", "--client-secret-env", "--rate-limit", "harmless"]),
        ("add_template", ["store_id", "--connection", "--token-env"]),
        ("worker", ["Ctrl-C"]),
    ],
)
def test_help_names_what_there_is(command: str, words: list[str]) -> None:
    ended = manage(command, "--help")

    assert ended.returncode == 0
    assert [word for word in words if word not in " ".join(ended.stdout.split())] == []


def test_the_workers_own_option_is_not_for_people() -> None:
    assert "--cluster" not in manage("worker", "--help").stdout


@pytest.mark.parametrize(
    "command",
    [
        ("worker",),
        ASKED,
        ("add_template", "1003", "Household", "--connection", "Main"),
    ],
)
def test_an_unmigrated_database_is_said(command: tuple[str, ...], tmp_path: Path) -> None:
    ended = manage(*command, DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")

    assert ended.returncode == 1
    assert "manage.py migrate" in ended.stderr
    assert_plain(ended)


def test_a_database_that_does_not_answer_is_said() -> None:
    ended = manage("worker", DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing")

    assert ended.returncode == 1
    assert "The database does not answer (OperationalError). Check DATABASE_URL." in ended.stderr
    assert_plain(ended)


def test_a_worker_waits_for_a_redis_that_is_away() -> None:
    command = [sys.executable, "manage.py", "worker"]
    redis_away = environment(REDIS_URL="redis://127.0.0.1:1/0")

    with subprocess.Popen(command, cwd=ROOT, env=redis_away, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        said = worker.stdout.readline()
        still_runs = worker.poll() is None
        worker.kill()

    assert (said, still_runs) == ("The queue (Redis, or the database) does not answer. Waiting for it.\n", True)


def test_a_database_that_gives_up_in_the_middle_is_said_without_a_traceback() -> None:
    ended = manage("shell", "-c", "from django.db import OperationalError; raise OperationalError('it is locked')")

    assert ended.returncode == 1
    assert "The database does not do what was asked: it is locked. Try again when it does." in ended.stderr
    assert_plain(ended)
