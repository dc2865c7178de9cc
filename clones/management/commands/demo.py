"""The command `manage.py demo`: `manage.py` has changed the environment to the demo's before it reads the settings."""

import argparse
import logging
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clones.demo.environment import is_entered
from clones.demo.folder import DemoFolder, FolderTakenError
from clones.demo.log import own_log
from clones.demo.ports import PortTakenError, web_port
from clones.demo.show import Wish, run


class Command(BaseCommand):
    """Run sandbox, web server and worker in the foreground, with believable data."""

    help = "Try the portal: sandbox, web server and worker with believable data of their own, until Ctrl-C."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--port", type=int, default=8000, help="of the portal (8000); 0 picks a free one")
        parser.add_argument("--sandbox-port", type=int, default=8765, help="of the sandbox (8765), another if taken")
        parser.add_argument("--reset", action="store_true", help="throw away the demo's data and start over")
        parser.add_argument("--small", action="store_true", help="with less of a history, which is filled faster")
        # How `make demo` starts it: where make is killed, nobody else would end it.
        parser.add_argument("--until-parent-ends", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Take folder and port, then run."""
        if not is_entered(settings.VAR_DIR):
            raise CommandError("A demo has settings of its own. Type: make demo, or ./manage.py demo")
        logging.getLogger("clones").setLevel(logging.WARNING)  # of the filling; the parts have loggers of their own
        try:
            folder = DemoFolder(settings.VAR_DIR)
            port = web_port(options["port"])
        except (FolderTakenError, PortTakenError) as error:
            raise CommandError(str(error)) from None
        if options["reset"]:
            folder.empty()
        wish = Wish(port, options["sandbox_port"], options["small"], options["until_parent_ends"])
        sys.exit(run(wish, folder, own_log()))
