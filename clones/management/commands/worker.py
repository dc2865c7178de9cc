"""The command `manage.py worker`."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from clones.engine.cluster import run_cluster
from clones.engine.watchdog import Watchdog


class Command(BaseCommand):
    """Run the process that talks to Ecwid."""

    help = "Run clones until Ctrl-C or SIGTERM. Start it beside the web server; always restart it when it ends."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        # How the watchdog starts the cluster below it: the descriptor of the pipe that ends it.
        parser.add_argument("--cluster", type=int, metavar="DESCRIPTOR", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the watchdog, or the cluster that it asks for."""
        if options["cluster"] is not None:
            sys.exit(run_cluster(options["cluster"]))
        _check_database()
        Watchdog(say=self.say).run()

    def say(self, line: str) -> None:
        """Print a line at once, also into a file or a pipe."""
        self.stdout.write(line)
        self.stdout.flush()


def _check_database() -> None:
    """Raise CommandError where the tables are not there as this code knows them."""
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            message = "The database is not up to date. Run first: manage.py migrate"
            raise CommandError(message)
    except DatabaseError as error:
        message = f"The database does not answer ({type(error).__name__}). Check DATABASE_URL."
        raise CommandError(message) from None
