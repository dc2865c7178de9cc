"""A demo from its start to its end."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import requests
from django.core.management import call_command
from django.db import connection as database
from django.utils import timezone

from clones.demo import filling, people, ports
from clones.demo.folder import DemoFolder
from clones.demo.log import Log
from clones.demo.sandbox import API_PATH, SandboxControl
from clones.demo.stage import PartEndedError, Stage
from clones.engine import seat
from clones.models import Connection, TargetStore, WorkerBeat
from clones.operations.connections import move_sandbox

LISTENS: Final = "Sandbox listening on "
FREE_SHOWN: Final = 3


@dataclass(frozen=True)
class Wish:
    """What the demo was asked for; `port` is free."""

    port: int
    sandbox_port: int
    small: bool
    until_parent_ends: bool


def run(wish: Wish, folder: DemoFolder, log: Log) -> int:
    """Run the demo until it is asked to end (0), or a part ends by itself (1)."""
    try:
        with Stage(log, until_parent_ends=wish.until_parent_ends) as stage:
            try:
                Show(wish, folder, stage).run()
            except KeyboardInterrupt:
                log.say("Ending.")
            except PartEndedError:
                log.say("A part has ended by itself. Ending the others.")
                raise
    except PartEndedError as error:
        last = "\n".join(f"  {line}" for line in error.part.last)
        log.say(f"{error} Its last lines were:\n{last or '  (none)'}")
        return 1
    log.say("Ended. All data are kept: the next start goes on here.")
    return 0


class Show:
    """What happens on the stage."""

    def __init__(self, wish: Wish, folder: DemoFolder, stage: Stage) -> None:
        self._wish = wish
        self._folder = folder
        self._stage = stage
        self._address = f"http://{ports.HOST}:{wish.port}"

    def run(self) -> None:
        """Start everything, tell that it is ready, then watch over it."""
        is_first = not self._folder.is_filled
        if is_first:
            self._folder.empty()  # of what a first start left that was cut off
            self._say(f"First start: filling {self._folder.path} with three weeks of clones.")
        control = self._start_sandbox()
        if is_first:
            self._fill(control)
        else:
            _follow(control)
        accounts = self._folder.read_accounts()
        self._start_portal()
        self._say(self._words(accounts, control))
        self._stage.watch()

    def _start_sandbox(self) -> SandboxControl:
        """Start it, migrate the portal's database meanwhile, and return the way to speak to it."""
        where = ["--port", str(self._sandbox_port()), "--database", str(self._folder.sandbox_database)]
        sandbox = self._stage.start("sandbox", "manage.py", "sandbox", *where)
        call_command("migrate", verbosity=0, interactive=False)
        self._stage.watch(lambda: bool(sandbox.line_that_begins(LISTENS)))
        return SandboxControl(sandbox.line_that_begins(LISTENS).removeprefix(LISTENS))

    def _sandbox_port(self) -> int:
        """Return the wanted port, or 0, any, where it is taken, also by the portal to come."""
        usual = self._wish.sandbox_port
        return usual if usual != self._wish.port and ports.is_usable(usual) else 0

    def _fill(self, control: SandboxControl) -> None:
        try:
            accounts = filling.fill(control, self._say_and_check, small=self._wish.small)
        except Exception:
            self._stage.check()  # the sandbox's end explains it
            raise
        self._folder.write_accounts(accounts)

    def _start_portal(self) -> None:
        """Start web and worker, and return when the portal says that it is ready."""
        for beat in WorkerBeat.objects.filter(stopped_at=None):  # the folder's lock says that none of them is left
            seat.stopped(beat.queue, timezone.now())
        bind = f"{ports.HOST}:{self._wish.port}"
        how = ["--config", "reseller_portal/gunicorn.py", "--workers", "1", "--graceful-timeout", "2"]
        self._stage.start("web", "-m", "gunicorn", *how, "--bind", bind)
        self._stage.start("worker", "manage.py", "worker")
        self._stage.watch(lambda: WorkerBeat.objects.alive(timezone.now()).exists())
        self._stage.watch(self._is_ready)

    def _is_ready(self) -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy leads to this machine
                return session.get(f"{self._address}/readyz", timeout=5).status_code == HTTPStatus.OK
        except requests.RequestException:
            return False

    def _say_and_check(self, text: str) -> None:
        self._stage.check()
        self._say(text)

    def _say(self, text: str) -> None:
        self._stage.log.say(text)

    def _words(self, accounts: dict[str, str], control: SandboxControl) -> str:
        """Say where it is and how to sign in, with stores for a first clone."""
        free = TargetStore.objects.filter(jobs=None, archived_at=None).values_list("store_id", flat=True)[:FREE_SHOWN]
        sandbox = control.api_url.removesuffix(API_PATH)
        lines = [
            "",
            f"The demo is ready:  {self._address}",
            *(f"  {line}" for line in people.sentences(accounts)),
            f"For a first clone press “New clone”; free stores are {', '.join(free) or 'used up: start over'}.",
            f"Sandbox: {sandbox}, nothing in it is real.  Data: {self._folder.path}",
            "End it with Ctrl-C. Start over with: make demo RESET=1",
            "",
        ]
        database.close()
        return "\n".join(lines)


def _follow(control: SandboxControl) -> None:
    """Lead the demo's connection to where the sandbox listens now, and those that an admin added beside it."""
    address = Connection.objects.order_by("pk").values_list("api_url", flat=True)[0]
    for connection in Connection.objects.filter(is_sandbox=True, api_url=address):
        move_sandbox(connection, control.api_url, control.site_url)
