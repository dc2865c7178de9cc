"""The command `manage.py worker`."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clones.engine.cluster import run_cluster
from clones.engine.watchdog import Watchdog
from clones.management.arguments import check_database
from clones.operations.errors import InvalidRequestError
from clones.operations.restoring import check_not_restored


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
        check_database()
        self._refuse_an_older_backup()
        Watchdog(say=self.say).run()

    def _refuse_an_older_backup(self) -> None:
        try:
            check_not_restored()
        except InvalidRequestError as error:
            raise CommandError(str(error)) from None

    def say(self, line: str) -> None:
        """Print a line at once, also into a file or a pipe."""
        self.stdout.write(line)
        self.stdout.flush()
