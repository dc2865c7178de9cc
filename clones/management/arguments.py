"""What several commands check before they begin. Wrong arguments end a command with exit code 2."""

import os

from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from clones.models import Connection
from clones.operations.errors import InvalidRequestError

BAD_ARGUMENTS = 2


def bad_arguments(error: InvalidRequestError | str) -> CommandError:
    """Return the error that ends a command over wrong arguments."""
    return CommandError(str(error), returncode=BAD_ARGUMENTS)


def secret_from_environment(variable: str, option: str) -> str:
    """Return the secret in the environment variable of that name: on a command line others could read it."""
    secret = os.environ.get(variable, "")
    if not secret:
        # Without the name: it may be the secret itself, typed in the wrong place.
        message = f"The environment variable that {option} names is empty or not set. Put the secret into it."
        raise bad_arguments(message)
    return secret


def connection_named(name: str) -> Connection:
    """Return the connection of that name."""
    connection = Connection.objects.filter(name=name).first()
    if connection is None:
        names = ", ".join(Connection.objects.values_list("name", flat=True))
        known = f"There are: {names}." if names else "Make one with: manage.py connect"
        message = f"There is no connection named “{name}”. {known}"
        raise bad_arguments(message)
    return connection


def check_database() -> None:
    """Raise CommandError where the tables are not there as this code knows them."""
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            message = "The database is not up to date. Run first: manage.py migrate"
            raise CommandError(message)
    except DatabaseError as error:
        message = f"The database does not answer ({type(error).__name__}). Check DATABASE_URL."
        raise CommandError(message) from None
