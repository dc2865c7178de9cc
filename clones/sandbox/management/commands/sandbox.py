"""`manage.py sandbox`: run the stand-in for Ecwid until SIGTERM or Ctrl-C."""

import fcntl
import signal
import sys
import threading
from pathlib import Path
from typing import IO, Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.wsgi import get_wsgi_application
from django.db import connections

from clones.sandbox.holding import held_answers
from clones.sandbox.mover import mover
from clones.sandbox.options import NUMBERS, option_of, options
from clones.sandbox.seed import fill
from clones.sandbox.server import SandboxServer

API_PATH = "/api/v3"
SWITCH_SECONDS = 0.0005  # a thread that copies a big catalog makes way for those that answer


class Command(BaseCommand):
    """Prints one line, `Sandbox listening on http://HOST:PORT/api/v3`, when it is ready."""

    help = (
        "Runs a stand-in for Ecwid: same calls, same refusals, its own database file. "
        "The API is at /api/v3, the Instant Site API at /vuega/api/v1, a page that lists all test stores at /."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where it listens, what it remembers, and how fast its clones are."""
        parser.add_argument("--host", default="127.0.0.1", help="where it listens (%(default)s)")
        parser.add_argument("--port", type=int, default=8765, help="0 picks a free one (%(default)s)")
        parser.add_argument("--database", type=Path, help="SQLite file (SANDBOX_DATABASE, else var/sandbox.sqlite3)")
        parser.add_argument("--no-seed", dest="seed", action="store_false", help="only the application, no stores")
        parser.add_argument("--refusal-http-status", type=int, help="for every refusal, instead of one that suits it")
        for name, meaning in NUMBERS.items():
            default = getattr(options, name)
            parser.add_argument(option_of(name), type=type(default), default=default, help=f"{meaning} (%(default)s)")

    def handle(self, *_: object, **arguments: Any) -> None:
        """Listen first, so that a taken port is told before anything is written; then fill, serve, wait, leave."""
        server = _listen(arguments["host"], arguments["port"])
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sys.setswitchinterval(SWITCH_SECONDS)
        _take_over(arguments)
        _own = _prepare_database(arguments["database"])  # the lock is held as long as this name lives
        server.set_app(get_wsgi_application())
        mover.start()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        self.stdout.write(f"Sandbox listening on http://{host!s}:{port}{API_PATH}")
        self.stdout.flush()
        stop.wait()
        _leave(server)


def _listen(host: str, port: int) -> SandboxServer:
    try:
        return SandboxServer(host, port)
    except (OSError, OverflowError) as error:
        message = f"The sandbox cannot listen on {host}:{port}: {error}. Choose another port with --port."
        raise CommandError(message) from error


def _take_over(arguments: dict[str, Any]) -> None:
    for name in vars(options):
        setattr(options, name, arguments[name])


def _prepare_database(path: Path | None) -> IO[bytes]:
    """Point at the file before any connection opens, make its tables, fill it; return the lock that makes it ours."""
    facts = connections.settings["default"]
    facts["NAME"] = str(path or facts["NAME"])
    lock = _locked(Path(facts["NAME"]))
    call_command("migrate", verbosity=0, interactive=False)
    fill()
    return lock


def _locked(database: Path) -> IO[bytes]:
    """Return a lock that the system gives back however this process ends; two sandboxes would end each clone twice."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        lock = database.with_name(f"{database.name}.lock").open("ab")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CommandError(f"Another sandbox uses {database}. Choose another file with --database.") from error
    except OSError as error:
        raise CommandError(f"The sandbox cannot write beside {database}: {error}.") from error
    return lock


def _leave(server: SandboxServer) -> None:
    """Stop listening, let go of what is held; a copy in the middle begins again at the next start."""
    server.shutdown()
    server.server_close()
    mover.stop()
    held_answers.close()
