"""The command `manage.py reencrypt_secrets`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from clones.management.arguments import check_database
from clones.operations.reencrypting import Census, Column, columns, reencrypt, take_census

NOT_NEEDED = (
    "The first of ENCRYPTION_KEYS reads all that is stored here: the others can be taken away. Keep them beside the "
    "backups that were made until now."
)
STILL_NEEDED = "Older keys are still needed. Run: manage.py reencrypt_secrets"
NEEDED_ANEW = (
    "Meanwhile something was stored with an older key: web or worker runs with the old settings. Restart all of them, "
    "then run this once more."
)
UNREADABLE = (
    "Some secrets are read by none of ENCRYPTION_KEYS, and were left as they are. Put their key behind the others, or "
    "let somebody enter these secrets anew."
)


class Command(BaseCommand):
    """Store every secret anew with the first key."""

    help = (
        "Store every secret anew with the first of ENCRYPTION_KEYS, so that the others can be taken away. Web and "
        "worker may run, with the same settings. It can be stopped and run again. Exit code 0: no other key is needed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--check", action="store_true", help="change nothing; tell only whether an older key is still needed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, then count anew: who still runs with old settings stores with an old key."""
        check_database()
        only_check = options["check"]
        try:
            if not only_check:
                for column in columns():
                    self.stdout.write(f"{column}: {reencrypt(column)} stored anew")
            found = [(column, take_census(column)) for column in columns()]
        except DatabaseError as error:
            message = f"The database did not take it ({type(error).__name__}). Run this again: it goes on from there."
            raise CommandError(message) from None
        for column, census in found:
            self._tell(column, census)
        troubles = [STILL_NEEDED if only_check else NEEDED_ANEW] if any(census.older for _, census in found) else []
        troubles += [UNREADABLE] if any(census.unreadable for _, census in found) else []
        if troubles:
            raise CommandError(" ".join(troubles))
        self.stdout.write(NOT_NEEDED)

    def _tell(self, column: Column, census: Census) -> None:
        line = f"{column}: {census.current} with the first key, {census.older} with older ones"
        if census.unreadable:
            line += f", {len(census.unreadable)} unreadable (rows {', '.join(map(str, census.unreadable))})"
        self.stdout.write(line)
