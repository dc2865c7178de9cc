"""Standing in the way of the worker's writes, on SQLite and PostgreSQL, so that a kill lands at an exact point."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator

import psycopg
from django.db import connection

from tests.worker_process import database_url

SQLITE_TRIGGER = """
CREATE TRIGGER stall BEFORE INSERT ON clones_entitymapping
WHEN (SELECT count(*) FROM clones_entitymapping) >= {row}
BEGIN
    SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n);
END
"""
POSTGRESQL_TRIGGER = """
CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM clones_entitymapping) >= {row} THEN PERFORM pg_sleep(600); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stall BEFORE INSERT ON clones_entitymapping FOR EACH ROW EXECUTE FUNCTION stall()
"""

# Of this database alone: another run's tests may stall theirs.
POSTGRESQL_SLEEPERS = "pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"

SQLITE_REFUSAL = """
CREATE TRIGGER refusal BEFORE UPDATE ON clones_batch BEGIN SELECT RAISE(ABORT, 'Not now'); END
"""
POSTGRESQL_REFUSAL = """
CREATE FUNCTION refusal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE 'Not now' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER refusal BEFORE UPDATE ON clones_batch FOR EACH ROW EXECUTE FUNCTION refusal()
"""


@contextlib.contextmanager
def refuse_reviews() -> Iterator[None]:
    """Let nobody write what became of a batch meanwhile; whoever tries hears of an error."""
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(SQLITE_REFUSAL if is_sqlite else POSTGRESQL_REFUSAL)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            drop = "DROP TRIGGER refusal ON clones_batch; DROP FUNCTION refusal()"
            cursor.execute("DROP TRIGGER refusal" if is_sqlite else drop)


@contextlib.contextmanager
def hold_writes() -> Iterator[None]:
    """Let nobody write jobs, beats or mails meanwhile; whoever tries waits."""
    if connection.vendor == "sqlite":
        with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=120)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.rollback()
    else:
        with psycopg.connect(database_url()) as other:
            other.execute("LOCK TABLE clones_clonejob, clones_workerbeat, clones_batchmail IN EXCLUSIVE MODE")
            yield
            other.rollback()


@contextlib.contextmanager
def stall_mapping_at(row: int) -> Iterator[Callable[[], bool]]:
    """Make the write of a mapping stand still at its `row`, inside its transaction; yields "does it stand?"."""
    with connection.cursor() as cursor:
        template = SQLITE_TRIGGER if connection.vendor == "sqlite" else POSTGRESQL_TRIGGER
        cursor.execute(template.format(row=row))
    try:
        yield _sqlite_stands if connection.vendor == "sqlite" else _postgresql_stands
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("DROP TRIGGER stall")
            else:
                # The server does not see that its client was killed while it sleeps.
                cursor.execute(f"SELECT pg_terminate_backend(pid) FROM {POSTGRESQL_SLEEPERS}")
                cursor.execute("DROP TRIGGER stall ON clones_entitymapping; DROP FUNCTION stall()")


def _sqlite_stands() -> bool:
    """Tell whether somebody has held the write lock for a second: no transaction of ours takes that long."""
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=1)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        other.rollback()
        return False


def _postgresql_stands() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {POSTGRESQL_SLEEPERS}")
        return bool(cursor.fetchone()[0])
