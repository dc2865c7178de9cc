"""The command `manage.py connect`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clones.ecwid import ECWIDS_API, ECWIDS_SITES
from clones.management.arguments import bad_arguments, check_database, secret_from_environment
from clones.operations.connections import ConnectionFacts, save_connection
from clones.operations.errors import InvalidRequestError


class Command(BaseCommand):
    """Store the partner application that clones are made with."""

    help = "Add a connection to Ecwid, or change the one of that name. Saying the same again is harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("name", help="what people call it, e.g. “Main”")
        parser.add_argument("--api-url", required=True, help=f"{ECWIDS_API}, or that of a sandbox")
        parser.add_argument("--site-url", help=f"address of the Instant Site API ({ECWIDS_SITES} for Ecwid's own API)")
        parser.add_argument("--client-id", required=True, help="the application's client ID")
        parser.add_argument(
            "--client-secret-env",
            required=True,
            metavar="VAR",
            help="environment variable with the client secret",
        )
        parser.add_argument("--rate-limit", type=int, default=600, help="requests a minute (600)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the connection."""
        check_database()
        facts = ConnectionFacts(
            name=options["name"],
            api_url=options["api_url"],
            site_url=options["site_url"],
            client_id=options["client_id"],
            client_secret=secret_from_environment(options["client_secret_env"], "--client-secret-env"),
            rate_limit=options["rate_limit"],
        )
        try:
            connection, made = save_connection(facts)
        except InvalidRequestError as error:
            raise bad_arguments(error) from None
        sandbox = " It is a sandbox: nothing that is cloned over it is real." if connection.is_sandbox else ""
        self.stdout.write(f"Connection “{connection}” {'added' if made else 'saved'}.{sandbox}")
