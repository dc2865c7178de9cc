"""The command `manage.py clone`."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clones.choices import CloneScope
from clones.exports import MAPPING_COLUMNS, check_writable, mapping_rows, save_csv
from clones.management.arguments import bad_arguments, check_database, connection_named
from clones.management.standing import Standing, standings
from clones.management.target_file import describe_file, read_file, refuse_mistakes, targets_in
from clones.management.waiting import Wait, describe, standstill
from clones.models import Connection, TemplateStore
from clones.operations.errors import InvalidRequestError
from clones.operations.launch import Launch, Order, start_batch
from clones.operations.store_ids import check_store_id
from clones.operations.wanted import Wanted

INTERRUPTED = 130  # what a shell says after Ctrl-C


class Command(BaseCommand):
    """Clone a template store into target stores."""

    help = (
        "Clone a template store into one or more target stores. Exit code 0: accepted (with --wait: all completed); "
        "1: some refused, failed or not done in time; 2: bad arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--template", required=True, metavar="STORE_ID", help="store to copy from")
        targets = parser.add_mutually_exclusive_group(required=True)
        targets.add_argument("--target", action="append", metavar="STORE_ID", help="store to fill, once for each")
        targets.add_argument(
            "--file", type=Path, metavar="FILE", help="CSV file with a row for each store: docs/commands.md"
        )
        parser.add_argument(
            "--only-valid", action="store_true", help="with --file: leave rows with mistakes out; else they stop it all"
        )
        parser.add_argument("--connection", metavar="NAME", help="needed where two connections know the template")
        parser.add_argument("--scope", type=str.upper, choices=CloneScope.values, default=CloneScope.ALL.value)
        parser.add_argument("--demo-catalog", action="store_true", help="clone the template's demo products too")
        parser.add_argument("--canary", action="store_true", help="hold the others until the first clone ended well")
        parser.add_argument("--wait", action="store_true", help="stay until nothing goes on by itself any more")
        parser.add_argument("--timeout", type=float, default=3600, metavar="S", help="seconds to wait at most (3600)")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="with --wait: write the mapping of old to new IDs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Launch, and wait where asked to."""
        check_database()
        self._check(options)
        launch = self._launch(options)
        for job in launch.busy:
            self.stderr.write(f"{job.target}: left out, since another clone into it is active (job {job.pk}).")
        if launch.batch is None:
            message = "Nothing was started: every target has an active clone."
            raise CommandError(message)
        self.stdout.write(f"Batch {launch.batch.pk}: {launch.batch.template} into {_stores(len(launch.jobs))}.")
        if options["wait"]:
            self._wait(launch, options)
        else:
            self._leave(launch)

    def _check(self, options: dict[str, Any]) -> None:
        """Refuse what could only fail after the launch."""
        if options["csv"] is not None and not options["wait"]:
            message = "--csv needs --wait: the mapping is known when the clones have ended."
            raise bad_arguments(message)
        if options["csv"] is not None:
            _check_csv(options["csv"])
        if options["only_valid"] and options["file"] is None:
            message = "--only-valid needs --file."
            raise bad_arguments(message)
        if not options["timeout"] > 0:
            message = "--timeout takes a number of seconds above 0."
            raise bad_arguments(message)

    def _launch(self, options: dict[str, Any]) -> Launch:
        try:
            template = self._template(check_store_id(options["template"]), options["connection"])
            scope = CloneScope(options["scope"])
            order = Order(
                template=template,
                store_ids=options["target"] or (),
                scope=scope,
                clone_demo_catalog=options["demo_catalog"],
                targets=self._targets_in_file(template, scope, options) if options["file"] else (),
                canary=options["canary"],
            )
            return start_batch(order)
        except InvalidRequestError as error:
            raise bad_arguments(error) from None

    def _targets_in_file(self, template: TemplateStore, scope: CloneScope, options: dict[str, Any]) -> list[Wanted]:
        """Say how the file was read and what is wrong with it; return the targets that are to be launched."""
        table = read_file(options["file"])
        for line in describe_file(options["file"], table):
            self.stdout.write(line)
        demo = options["demo_catalog"]
        wanted, wrong = targets_in(table, template, scope, clone_demo_catalog=demo, say=self.stderr.write)
        refuse_mistakes(wanted, wrong, only_valid=options["only_valid"])
        return wanted

    def _template(self, store_id: str, connection_name: str | None) -> TemplateStore:
        if not Connection.objects.exists():
            message = "There is no connection to Ecwid yet. Make one with: manage.py connect"
            raise bad_arguments(message)
        found = TemplateStore.objects.select_related("connection").filter(store_id=store_id)
        if connection_name is not None:
            found = found.filter(connection=connection_named(connection_name))
        templates = list(found)
        if not templates:
            message = f"Store {store_id} is not a template store. Add it with: "
            message += f"manage.py add_template {store_id} NAME --connection NAME"
            raise bad_arguments(message)
        if len(templates) > 1:
            names = ", ".join(str(template.connection) for template in templates)
            message = f"Several connections know template store {store_id} ({names}): choose one with --connection."
            raise bad_arguments(message)
        return templates[0]

    def _leave(self, launch: Launch) -> None:
        """Say why the clones will not start now, where that is so. Raises CommandError where some were left out."""
        reason = standstill(launch.jobs[0].connection)
        if reason:
            self.stderr.write(reason)
        if launch.busy:
            message = f"{len(launch.jobs)} of {_stores(len(launch.jobs) + len(launch.busy))} accepted."
            raise CommandError(message)

    def _wait(self, launch: Launch, options: dict[str, Any]) -> None:
        """Wait for the clones to end and say what became of each. Raises CommandError unless all were completed."""
        batch = launch.jobs[0].batch_id
        try:
            Wait(batch, options["timeout"], self.stderr).run()
        except KeyboardInterrupt:
            self.stderr.write(f"\nNot waiting any more. The clones go on (batch {batch}).", style_func=str)
            sys.exit(INTERRUPTED)
        rows = standings(batch)
        for row in rows:
            self.stdout.write(describe(row))
        if options["csv"]:
            self._save(options["csv"], [row.job.pk for row in rows if row.job.is_completed])
        self._conclude(rows, len(rows) + len(launch.busy), options["timeout"])

    def _conclude(self, rows: list[Standing], asked_for: int, timeout_seconds: float) -> None:
        """Raise CommandError unless all that was asked for is done."""
        done = sum(1 for row in rows if row.is_done)
        if done == asked_for:
            return
        message = f"{done} of {_stores(asked_for)} completed."
        stuck = sum(1 for row in rows if row.stuck)
        late = sum(1 for row in rows if row.moves)
        if late:
            message += f" {timeout_seconds:g} seconds are over; {_stores(late)} will go on without this command."
        if stuck:
            message += f" {_stores(stuck)} will not go on by {'itself' if stuck == 1 else 'themselves'}: see above."
        raise CommandError(message)

    def _save(self, path: Path, job_ids: list[int]) -> None:
        if not job_ids:
            self.stderr.write(f"{path} was not written: no clone has completed.", style_func=str)
            return
        try:
            count = save_csv(path, MAPPING_COLUMNS, mapping_rows(job_ids))
        except OSError as error:
            message = f"The clones have ended, but {path} could not be written: {error.strerror}."
            raise CommandError(message) from None
        self.stdout.write(f"{path}: {count:,} IDs.")


def _check_csv(path: Path) -> None:
    try:
        check_writable(path)
    except OSError as error:
        message = f"--csv: {path} cannot be written ({error.strerror}): name a new file in a folder that exists."
        raise bad_arguments(message) from None


def _stores(count: int) -> str:
    return f"{count:,} store" if count == 1 else f"{count:,} stores"
