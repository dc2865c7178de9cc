"""The command `manage.py worker`."""

import argparse
import sys
import time
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clones.engine import bell
from clones.engine.cluster import run_cluster
from clones.engine.database import wait_briefly
from clones.engine.watchdog import Watchdog
from clones.management.arguments import check_database
from clones.operations.errors import InvalidRequestError
from clones.operations.restoring import check_not_restored

WAIT_SECONDS: Final = 1.0
INTERRUPTED: Final = 128 + 2  # what a shell says after Ctrl-C


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
        try:
            self._wait_for_the_queue()
            check_not_restored()
        except InvalidRequestError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        wait_briefly()
        Watchdog(say=self.say).run()

    def _wait_for_the_queue(self) -> None:
        """Wait for Redis, which also keeps the mark: without it an older backup would go unnoticed."""
        if trouble := bell.queue_trouble():
            self.say(f"{trouble} Waiting for it.")
        while bell.queue_trouble():
            time.sleep(WAIT_SECONDS)

    def say(self, line: str) -> None:
        """Print a line at once, also into a file or a pipe."""
        self.stdout.write(line)
        self.stdout.flush()
