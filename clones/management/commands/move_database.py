"""The command `manage.py move_database`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from clones.management.arguments import bad_arguments, check_database
from clones.operations.errors import InvalidRequestError
from clones.operations.moving import move, new_database

NEXT = """
Everything is in the new database. Next, on every machine:
1. Set DATABASE_URL to the new address.
2. Set SECRET_KEY and ENCRYPTION_KEYS to what they were here; where nobody had set them, to the contents of
   keys/secret_key and keys/encryption_key in the folder of VAR_DIR (var). Without them no stored secret can be read.
3. With more than one machine, set REDIS_URL.
4. Start worker and web, and look at /readyz. Clones that were under way go on.
The old database keeps everything, but its connections are paused and its mails are not sent: a worker that is started
there by mistake sends nothing. To go back to it, let an admin resume them, but only while nothing has been done in the
new one."""


class Command(BaseCommand):
    """Move the portal to another database."""

    help = (
        "Copy everything from the database of DATABASE_URL to another one, which is still empty: from SQLite to "
        "PostgreSQL or the other way. Stop worker and web first. It happens as a whole or not at all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--to",
            required=True,
            metavar="URL",
            help="address of the new database, like postgres://user@host:5432/portal; a password is better put into "
            "PGPASSWORD, since others may read this line",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Move, and tell what is to be done next."""
        check_database()
        try:
            with new_database(options["to"]) as new:
                move(new, timezone.now(), say=self._say)
        except InvalidRequestError as error:
            raise bad_arguments(error) if error.field else CommandError(str(error)) from None
        except DatabaseError as error:
            message = f"Nothing was moved: a database does not do what was asked ({str(error).strip()})."
            raise CommandError(message) from None
        self.stdout.write(NEXT)

    def _say(self, line: str) -> None:
        self.stderr.write(line, style_func=str)
        self.stderr.flush()
