"""The command `manage.py after_restore`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clones.engine import bell
from clones.management.arguments import check_database
from clones.operations.errors import InvalidRequestError
from clones.operations.restoring import take_up


class Command(BaseCommand):
    """Prepare a database that was put back from a backup."""

    help = (
        "Run this once after a backup was put back, before a worker is started: clones that the backup calls unsent "
        "may have been sent since then, and are not sent twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Let a person say what cannot be seen."""
        parser.add_argument(
            "--restored", action="store_true", help="a backup was put back, though nothing shows it in the database"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Take up what may have run meanwhile, and say how many clones that are."""
        check_database()
        if trouble := bell.queue_trouble():
            raise CommandError(trouble)
        try:
            taken = take_up(timezone.now(), is_sure=options["restored"])
        except InvalidRequestError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Perhaps sent since the backup, Ecwid will be asked: {len(taken.in_doubt)}.")
        self.stdout.write(f"Ended as “result lost”, since asking could start them a second time: {len(taken.lost)}.")
        for job in taken.lost:
            self.stdout.write(f"  {job.target}: look at the store, and retry where nothing was copied (job {job.pk}).")
        if taken.stores:
            self.stdout.write(f"Stores that were to be created, looked up by their e-mail first: {len(taken.stores)}.")
        if taken.mails:
            self.stdout.write(f"Mails about batches that are not sent, since they may have been: {taken.mails}.")
        self.stdout.write("Now start the worker. Clones that were started after the backup are not in its lists.")
