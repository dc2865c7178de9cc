"""Storing secrets anew with the first of ENCRYPTION_KEYS, so that an older key can be thrown away.

Web and workers may run meanwhile, and it may be stopped at any moment: what is done is done, the rest is found again.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from django.apps import apps
from django.db import transaction
from django.db.models import Model, QuerySet

from clones.secrets import Secret, SecretField, SecretUnreadableError

ROWS_AT_ONCE: Final = 200  # in one transaction: whoever waits for one of them waits for milliseconds


@dataclass(frozen=True)
class Column:
    """A column of secrets."""

    table: type[Model]
    name: str

    def __str__(self) -> str:
        return str(self.table._meta.verbose_name_plural)  # noqa: SLF001  Django's documented Meta API


@dataclass
class Census:
    """How many secrets there are, by the key that reads them; of those that no key reads, the rows."""

    current: int = 0
    older: int = 0
    unreadable: list[int] = field(default_factory=list)

    def add(self, pk: int, secret: Secret) -> None:
        """Count this one too."""
        try:
            secret.reveal()
        except SecretUnreadableError:
            self.unreadable.append(pk)
            return
        self.current += secret.is_current()
        self.older += not secret.is_current()


def columns() -> list[Column]:
    """Return every column of every table that holds secrets."""
    tables = apps.get_models(include_auto_created=True)
    return [
        Column(table, field.name)
        for table in tables
        for field in table._meta.concrete_fields  # noqa: SLF001
        if isinstance(field, SecretField)
    ]


def take_census(column: Column) -> Census:
    """Count the secrets of a column. Changes nothing."""
    census = Census()
    for rows in _chunks(column):
        for pk, secret in rows:
            census.add(pk, secret)
    return census


def reencrypt(column: Column) -> int:
    """Store the secrets of a column anew that need an older key; return how many those were.

    Those that cannot be read stay as they are, and so do those that somebody changes at this moment.
    """
    return sum(_store(column, _anew(rows)) for rows in _chunks(column))


def _chunks(column: Column) -> Iterator[list[tuple[int, Secret]]]:
    """Yield (key of the row, secret) in the order of their keys, without the empty ones."""
    table: QuerySet[Model] = QuerySet(column.table)
    every = table.exclude(**{column.name: Secret()}).order_by("pk").values_list("pk", column.name)
    rows = list(every[:ROWS_AT_ONCE])
    while rows:
        yield rows
        rows = list(every.filter(pk__gt=rows[-1][0])[:ROWS_AT_ONCE])


def _anew(rows: list[tuple[int, Secret]]) -> list[tuple[int, Secret, Secret]]:
    """Return (key of the row, secret, the same one sealed anew) of those that need it and can be read."""
    found = []
    for pk, secret in rows:
        if not secret.is_current():
            with suppress(SecretUnreadableError):
                found.append((pk, secret, secret.sealed_anew()))
    return found


def _store(column: Column, found: list[tuple[int, Secret, Secret]]) -> int:
    """Write each one, in the order of their keys, where it is still the one that was read."""
    rows: QuerySet[Model] = QuerySet(column.table)
    with transaction.atomic():
        return sum(rows.filter(pk=pk, **{column.name: old}).update(**{column.name: new}) for pk, old, new in found)
