"""An upgrade, and going back, while clones run: what the older release has written is taken up again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from clones.models import CloneJob
from tests.commands.running import snapshot
from tests.other_databases import new_database_of_this_run, only_database
from tests.sandbox_process import SandboxProcess
from tests.worker.under_way import UnderWay

Rows = dict[str, list[dict[str, object]]]

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[None]:
    """A database of its own: the tables of the others must not change under them."""
    with new_database_of_this_run(tmp_path) as url, only_database(url):
        call_command("migrate", verbosity=0)
        yield


def release_before() -> str:
    """Return the name of the last migration but one."""
    graph = MigrationLoader(connection).graph
    (newest,) = graph.leaf_nodes("clones")
    return next(str(parent.key[1]) for parent in graph.node_map[newest].parents if parent.key[0] == "clones")


def known_before(rows: Rows) -> Rows:
    """Leave out the columns that are new with the last migration: going back forgets what they held."""
    then = MigrationLoader(connection).project_state(("clones", release_before())).models
    columns = {state.name: set(state.fields) for (app, _), state in then.items() if app == "clones"}
    return {name: [_only(row, columns[name]) for row in table] for name, table in rows.items()}


def _only(row: dict[str, object], fields: set[str]) -> dict[str, object]:
    return {column: value for column, value in row.items() if {column, column.removesuffix("_id")} & fields}


def write_as_before(job: CloneJob) -> None:
    """Delete the job, and let the release before write its row and its history, with the columns that it knows."""
    then = MigrationLoader(connection).project_state(("clones", release_before())).apps
    models = [then.get_model("clones", name) for name in ("CloneJob", "CloneEvent")]
    jobs, events = (model._default_manager for model in models)
    rows, lines = list(jobs.filter(pk=job.pk).values()), list(events.filter(job=job.pk).values())
    jobs.filter(pk=job.pk).delete()
    jobs.create(**rows[0])
    events.bulk_create(models[1](**line) for line in lines)


@pytest.mark.usefixtures("own_database")
def test_clones_that_are_under_way_go_on_after_going_back_and_upgrading(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    scene = UnderWay(sandbox)
    scene.leave(tmp_path)
    launched_before = scene.launch()
    rows = known_before(snapshot())

    call_command("migrate", "clones", release_before(), verbosity=0)
    write_as_before(launched_before)
    call_command("migrate", verbosity=0)

    assert known_before(snapshot()) == rows
    scene.go_on(tmp_path)
