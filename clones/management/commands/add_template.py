"""The command `manage.py add_template`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clones.management.arguments import bad_arguments, check_database, connection_named, secret_from_environment
from clones.operations.errors import InvalidRequestError
from clones.operations.stores import save_template


class Command(BaseCommand):
    """Store a template store."""

    help = "Add a template store, or rename the one with that ID. Saying the same again is harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("store_id", help="the store's ID at Ecwid")
        parser.add_argument("name", help="what people call it")
        parser.add_argument("--connection", required=True, metavar="NAME", help="the connection it belongs to")
        parser.add_argument("--token-env", metavar="VAR", help="environment variable with the store's access token")

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the template."""
        check_database()
        connection = connection_named(options["connection"])
        variable = options["token_env"]
        token = secret_from_environment(variable, "--token-env") if variable else ""
        try:
            template, made = save_template(connection, options["store_id"], options["name"], token)
        except InvalidRequestError as error:
            raise bad_arguments(error) from None
        self.stdout.write(f"Template store {template} {'added' if made else 'saved'}.")
