"""Moving the portal to another database: every row of every table with its key, all of them or none.

The old database is held still meanwhile. It keeps everything, but its connections are paused afterwards, and its mails
are kept back: two databases that both send would start every clone, and send every mail, twice.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter
from itertools import islice
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DatabaseError, DataError, IntegrityError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Field, Model, QuerySet
from django_q.models import Schedule
from psycopg.types.json import Jsonb

from clones.databases import set_up
from clones.engine import outbox
from clones.models import Connection
from clones.operations.errors import InvalidRequestError
from clones.operations.workers import refuse_while_a_worker_lives

NEW: Final = "new"  # Django's name for the database to move to
MADE_BY_MIGRATE: Final = (Schedule, Group, Permission, ContentType)  # the new database has rows of its own there
ROWS_AT_ONCE: Final = 5_000
TELL_EVERY: Final = 200_000
NOT_AT_REST: Final = (
    "Everything is in the new database, but the old one failed just then, and its connections may not be paused. Start "
    "no worker there. Either go on with the new database, or stay with the old one, empty the new one and move again."
)
MAIL_NOTE: Final = "The portal was moved to another database, which sends this mail."

Say = Callable[[str], None]
Table = type[Model]


@contextmanager
def new_database(url: str) -> Iterator[BaseDatabaseWrapper]:
    """Open the database at `url` as NEW. Raises InvalidRequestError where that is no address."""
    facts = set_up(url)
    if not facts:
        message = "That is no address of a database. Write it like postgres://user@host:5432/portal"
        raise InvalidRequestError(message, "to")
    connections.settings[NEW] = connections.configure_settings({**settings.DATABASES, NEW: facts})[NEW]
    try:
        yield connections[NEW]
    finally:
        connections[NEW].close()
        del connections[NEW]
        del connections.settings[NEW]


def move(new: BaseDatabaseWrapper, now: datetime, say: Say) -> None:
    """Copy everything to `new` and let the old database send nothing any more; `say` is told how it goes.

    Raises InvalidRequestError where that must not be, or where a row does not fit; nothing has changed then, but for
    NOT_AT_REST, which says what has. Raises DatabaseError where one of the two fails: nothing has changed.
    """
    _make_tables(new, say)
    if not _has_rows(connection):
        message = "There is nothing to move: DATABASE_URL must still name the old database."
        raise InvalidRequestError(message)
    if _has_rows(new):
        message = "The new database is not empty. Name one that is: rows of two portals cannot be mixed."
        raise InvalidRequestError(message)
    is_there = False
    try:
        with transaction.atomic():
            # The new one commits first: its tables are whole before the old one is put to rest.
            with transaction.atomic(using=NEW):
                _copy_all(new, now, say)
            is_there = True
    except DatabaseError:
        if is_there:
            raise InvalidRequestError(NOT_AT_REST) from None
        raise


def _copy_all(new: BaseDatabaseWrapper, now: datetime, say: Say) -> None:
    """Copy everything and put the old database to rest, in the caller's two transactions."""
    _hold_still(connection)
    refuse_while_a_worker_lives(now)
    _prepare(new)
    for table in tables():
        copied = _copy(table, new, say)
        _compare(table, copied)
    _set_sequences(new)
    Connection.objects.filter(paused_at=None).update(paused_at=now)
    outbox.withhold(now, MAIL_NOTE)


def tables() -> list[Table]:
    """Return the models of all tables, each one after those that it refers to."""
    found = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]  # noqa: SLF001
    return list(TopologicalSorter({table: _referred_to(table) - {table} for table in found}).static_order())


def _referred_to(table: Table) -> set[Table]:
    return {field.related_model for field in _fields(table) if field.related_model}


def _make_tables(new: BaseDatabaseWrapper, say: Say) -> None:
    """Make the tables where there are none. Raises InvalidRequestError where there are others than ours."""
    if not new.introspection.table_names():
        say("Making the tables …")
        call_command("migrate", database=NEW, verbosity=0, interactive=False)
    executor = MigrationExecutor(new)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        message = "The new database has tables, but not those of this portal as it is now. Name an empty database."
        raise InvalidRequestError(message)


def _has_rows(database: BaseDatabaseWrapper) -> bool:
    """Tell whether anybody has worked with this database."""
    kept = (table for table in tables() if table not in MADE_BY_MIGRATE)
    return any(QuerySet(table, using=database.alias).exists() for table in kept)


def _hold_still(old: BaseDatabaseWrapper) -> None:
    """Let nobody write until the transaction ends. SQLite does so from its beginning (transaction_mode IMMEDIATE)."""
    if old.vendor == "postgresql":
        with old.cursor() as cursor:
            names = ", ".join(_name(table) for table in tables())
            cursor.execute(f"LOCK TABLE {names} IN SHARE MODE")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def _prepare(new: BaseDatabaseWrapper) -> None:
    """Empty the new tables, and let a wrong reference fail where it is written, not at the end."""
    with new.cursor() as cursor:
        if new.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        for table in MADE_BY_MIGRATE:
            cursor.execute(f"DELETE FROM {_name(table)}")  # noqa: S608  our own names


@dataclass
class Tally:
    """How many rows there are, and a sum over all that is in them, whatever their order."""

    rows: int = 0
    sum: int = 0

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Count these rows too."""
        self.rows += len(rows)
        self.sum += sum(hash(tuple(map(_comparable, row))) for row in rows)


def _comparable(value: Any) -> Any:
    """Return JSON as a text: PostgreSQL wraps it, and gives its keys back in an order of its own."""
    return json.dumps(value.obj, sort_keys=True) if isinstance(value, Jsonb) else value


def _copy(table: Table, new: BaseDatabaseWrapper, say: Say) -> Tally:
    tally = Tally()
    for rows in _chunks(table, connection.alias):
        try:
            _insert(table, new, rows)
        except (DataError, IntegrityError) as error:
            where = f"{_name(table)}, rows {tally.rows + 1:,} to {tally.rows + len(rows):,}"
            message = f"The new database refuses something in {where}: {str(error).splitlines()[0]}"
            raise InvalidRequestError(message) from None
        before = tally.rows // TELL_EVERY
        tally.add(rows)
        if tally.rows // TELL_EVERY > before:
            say(f"{_name(table)}: {tally.rows:,} rows …")
    say(f"{_name(table)}: {tally.rows:,} rows")
    return tally


def _compare(table: Table, copied: Tally) -> None:
    """Read the table from the new database. Raises InvalidRequestError where something in it differs."""
    tally = Tally()
    for rows in _chunks(table, NEW):
        tally.add(rows)
    if tally != copied:
        message = f"{_name(table)} reads differently in the new database. Nothing was moved."
        raise InvalidRequestError(message)


def _chunks(table: Table, alias: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield a table's rows in the order of their keys, a few thousand at once, as the new database stores them."""
    new, prepare = connections[NEW], [field.get_db_prep_save for field in _fields(table)]
    query: QuerySet[Model] = QuerySet(table, using=alias).order_by("pk")
    found = query.values_list(*(field.attname for field in _fields(table))).iterator(chunk_size=ROWS_AT_ONCE)
    while values := list(islice(found, ROWS_AT_ONCE)):
        yield [tuple(one(value, new) for one, value in zip(prepare, row, strict=True)) for row in values]


def _insert(table: Table, new: BaseDatabaseWrapper, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows by the driver's own bulk call, as `engine.mappings` does."""
    names = [new.ops.quote_name(str(field.column)) for field in _fields(table)]
    columns = ", ".join(names)
    with new.cursor() as cursor:
        if new.vendor == "postgresql":
            # Django wraps the errors of its own cursor methods only, and COPY is psycopg's.
            with new.wrap_database_errors, cursor.copy(f"COPY {_name(table)} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(f"INSERT INTO {_name(table)} ({columns}) VALUES ({marks})", rows)  # noqa: S608


def _set_sequences(new: BaseDatabaseWrapper) -> None:
    """Let new rows get keys above those that were copied."""
    with new.cursor() as cursor:
        for statement in new.ops.sequence_reset_sql(no_style(), tables()):
            cursor.execute(statement)


def _fields(table: Table) -> "Sequence[Field[Any, Any]]":
    return table._meta.concrete_fields  # noqa: SLF001  Django's documented Meta API


def _name(table: Table) -> str:
    return table._meta.db_table  # noqa: SLF001
