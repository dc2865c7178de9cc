"""`manage.py move_database`: everything or nothing, and never into or out of the wrong database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from clones.choices import JobStatus, MailStatus
from clones.engine import mappings, outbox
from clones.lifecycle import record_start
from clones.models import Batch, BatchMail, CloneJob, Connection, Draft, DraftTarget, Profile
from clones.operations.moving import tables
from clones.permissions import Role
from tests.commands.running import Ended, run, snapshot
from tests.factories import CloneJobFactory, WorkerBeatFactory
from tests.other_databases import new_database_of_this_run, new_file, only_database
from tests.people import person

# A marked test could not open a second database: Django's tests know those of the settings only.
pytestmark = pytest.mark.usefixtures("old")

PAIRS = {"product": {"12345": "09876"}, "категория": {"12345": "\N{SMILING FACE WITH HORNS}"}}


@pytest.fixture
def old(open_database: None) -> Iterator[None]:
    """The old database, emptied after each test."""
    yield
    call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module")
def migrated(open_database: None, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A new database with tables, as the file that it is."""
    folder = tmp_path_factory.mktemp("new")
    url = new_file(folder)
    with only_database(url):
        call_command("migrate", verbosity=0)
    return file_of(url).read_bytes()


@pytest.fixture
def new(migrated: bytes, tmp_path: Path) -> str:
    url = new_file(tmp_path)
    file_of(url).write_bytes(migrated)
    return url


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def change(url: str, statement: str) -> None:
    with closing(sqlite3.connect(file_of(url))) as database, database:
        database.execute(statement)


@pytest.fixture
def history(old: None) -> list[CloneJob]:
    """Clones in every status, a retry, a mapping, a lease that a dead worker left, and somebody who did it."""
    sam = person("sam", Role.STAFF)
    Profile.objects.create(user=sam, time_zone="Europe/Paris")
    dead = WorkerBeatFactory.create(stopped_at=timezone.now())
    jobs = [CloneJobFactory.create(status=status, created_by=sam) for status in JobStatus]
    CloneJob.objects.filter(status=JobStatus.SUBMITTING).update(
        lease_token="token", leased_by=dead, leased_until=timezone.now(), unanswered_since=timezone.now()
    )
    failed, completed = (next(job for job in jobs if job.status == one) for one in ("FAILED", "COMPLETED"))
    jobs.append(CloneJobFactory.create(retry_of=failed, target=failed.target, batch=failed.batch))
    record_start(jobs, at=timezone.now(), actor=sam)
    mappings.store(completed.pk, PAIRS)
    leave_out_of(failed.batch, sam)
    return jobs


def leave_out_of(batch: Batch, user: User) -> None:
    """Keep a row that a launch left out. PostgreSQL gives the keys back in another order."""
    now = timezone.now()
    batch.left_out = {"mistakes": 2, "busy": 1}
    batch.save()
    draft = Draft.objects.create(
        created_by=user, created_at=now, changed_at=now, template=batch.template, left_out_of=batch
    )
    errors = {"store_id": ["Not a number."], "email": ["No e-mail."]}
    DraftTarget.objects.create(draft=draft, position=1, store_id="12a", errors=errors)


def move(url: str) -> Ended:
    ended = run("move_database", "--to", url)
    assert "Traceback" not in ended.err
    return ended


def everything() -> dict[str, int]:
    """Count the rows of every table."""
    return {table.__name__: table._base_manager.count() for table in tables()}


@pytest.fixture
def kept(history: list[CloneJob]) -> Iterator[None]:
    """Hold that the old database is afterwards what it was."""
    before = snapshot()
    yield
    assert snapshot() == before


@pytest.mark.usefixtures("history")
def test_every_table_comes_along_row_by_row(new: str) -> None:
    before, counts = snapshot(), everything()

    ended = move(new)

    assert ended.code == 0, ended.err
    with only_database(new):
        assert snapshot() == before
        assert everything() == counts
        assert Group.objects.get(name=Role.STAFF).user_set.get() == User.objects.get(username="sam")


@pytest.mark.usefixtures("history")
def test_it_makes_the_tables_where_there_are_none(tmp_path: Path) -> None:
    before = snapshot()
    with new_database_of_this_run(tmp_path) as new:
        ended = move(new)

        assert ended.code == 0, ended.err
        with only_database(new):
            assert snapshot() == before
            assert CloneJobFactory.create().pk not in {row["id"] for row in before["CloneJob"]}


@pytest.mark.usefixtures("history")
def test_it_tells_how_it_goes_and_what_is_to_be_done_next(new: str) -> None:
    ended = move(new)

    assert "clones_entitymapping: 2 rows" in ended.err
    steps = ("1. Set DATABASE_URL", "2. Set SECRET_KEY and ENCRYPTION_KEYS", "3. ", "4. Start worker and web")
    places = [ended.out.index(step) for step in steps]
    assert places == sorted(places)


def test_afterwards_the_old_database_sends_nothing_and_the_new_one_does(new: str, history: list[CloneJob]) -> None:
    move(new)

    assert not Connection.objects.open(timezone.now()).exists()
    with only_database(new):
        assert Connection.objects.open(timezone.now()).count() == len({job.connection_id for job in history})


def test_a_mail_that_waits_is_sent_by_the_new_database_alone(new: str, history: list[CloneJob]) -> None:
    sam = User.objects.get(username="sam")
    BatchMail.objects.create(batch=history[0].batch, user=sam, created_at=timezone.now(), next_action_at=timezone.now())

    move(new)

    assert BatchMail.objects.get().state == MailStatus.UNSURE
    with only_database(new):
        assert BatchMail.objects.get().state == MailStatus.WAITING


def test_the_mail_of_a_batch_that_is_open_is_sent_by_the_new_database_alone(new: str, history: list[CloneJob]) -> None:
    batch = history[0].batch
    Batch.objects.filter(pk=batch.pk).update(created_by=User.objects.get(username="sam"))

    move(new)

    outbox.enqueue(Batch.objects.get(pk=batch.pk), timezone.now())  # as where somebody goes back
    assert BatchMail.objects.get(batch=batch).state == MailStatus.UNSURE
    with only_database(new):
        outbox.enqueue(Batch.objects.get(pk=batch.pk), timezone.now())
        assert BatchMail.objects.get(batch=batch).state == MailStatus.WAITING


@pytest.mark.usefixtures("kept")
def test_it_refuses_while_a_worker_lives(new: str) -> None:
    WorkerBeatFactory.create(host="shop-2", beat_at=timezone.now() + timedelta(seconds=1))

    ended = move(new)

    assert (ended.code, ended.out) == (1, "")
    assert "A worker is at work on shop-2. Stop worker and web first" in ended.err


@pytest.mark.usefixtures("kept")
def test_it_refuses_a_database_that_somebody_has_worked_with(new: str) -> None:
    with only_database(new):
        User.objects.create(username="alex")

    ended = move(new)

    assert (ended.code, ended.out) == (1, "")
    assert "The new database is not empty." in ended.err
    with only_database(new):
        assert User.objects.get().username == "alex"


@pytest.mark.usefixtures("kept")
def test_it_refuses_tables_that_are_not_the_portals(tmp_path: Path) -> None:
    foreign = new_file(tmp_path)
    change(foreign, "CREATE TABLE orders (id INTEGER)")

    ended = move(foreign)

    assert ended.code == 1
    assert "has tables, but not those of this portal" in ended.err


def test_it_refuses_to_move_from_an_empty_database(new: str) -> None:
    ended = move(new)

    assert ended.code == 1
    assert "There is nothing to move: DATABASE_URL must still name the old database." in ended.err


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "postgre://portal:sesame@127.0.0.1/portal",
        "redis://127.0.0.1",
        "sqlite://portal.sqlite3",
        "sqlite://:memory:",
    ],
)
def test_what_is_no_address_is_refused_without_a_word_of_it(url: str) -> None:
    ended = move(url)

    assert ended.code == 2
    assert "That is no address of a database." in ended.err
    assert "sesame" not in ended.err


@pytest.mark.usefixtures("kept")
def test_a_new_database_that_does_not_answer_is_said_without_its_password() -> None:
    ended = move("postgres://portal:sesame@127.0.0.1:1/portal")

    assert ended.code == 1
    assert "Nothing was moved: a database does not do what was asked" in ended.err
    assert "sesame" not in ended.err


@pytest.mark.usefixtures("kept")
def test_what_is_no_database_is_said_in_a_sentence(tmp_path: Path) -> None:
    """Not an OperationalError, as little as a role that may make no tables is."""
    url = new_file(tmp_path)
    file_of(url).write_text("Dear Sir or Madam,")

    ended = move(url)

    assert ended.code == 1
    assert "Nothing was moved: a database does not do what was asked (file is not a database)." in ended.err


@pytest.mark.usefixtures("kept")
def test_a_row_that_the_new_database_refuses_leaves_both_as_they_were(new: str) -> None:
    change(new, "CREATE UNIQUE INDEX strict ON clones_cloneevent (note)")

    ended = move(new)

    assert (ended.code, ended.out) == (1, "")
    assert "The new database refuses something in clones_cloneevent, rows 1 to 8: " in ended.err
    with only_database(new):
        assert not CloneJob.objects.exists()


@pytest.mark.usefixtures("kept")
def test_a_value_that_does_not_arrive_as_it_was_is_noticed(new: str) -> None:
    change(
        new,
        "CREATE TRIGGER zeros AFTER INSERT ON clones_entitymapping BEGIN "
        "UPDATE clones_entitymapping SET target_id = ltrim(target_id, '0') WHERE id = NEW.id; END",
    )

    ended = move(new)

    assert (ended.code, ended.out) == (1, "")
    assert "clones_entitymapping reads differently in the new database. Nothing was moved." in ended.err
    with only_database(new):
        assert not CloneJob.objects.exists()


def test_an_old_database_that_fails_at_the_very_end_is_not_called_unmoved(
    new: str, history: list[CloneJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(connection, "_commit", fail)
        ended = move(new)

    assert ended.code == 1
    assert "Everything is in the new database, but the old one failed just then" in ended.err
    assert "Nothing was moved" not in ended.err
    with only_database(new):
        assert CloneJob.objects.count() == len(history)


def test_each_table_comes_after_those_that_it_refers_to() -> None:
    order = tables()
    references = [(table, field.related_model) for table in order for field in table._meta.fields]

    assert all(order.index(to) <= order.index(table) for table, to in references if to)


def test_no_table_is_left_out() -> None:
    known = {table._meta.db_table for table in tables()}

    assert known == set(connection.introspection.table_names()) - {"django_migrations"}
