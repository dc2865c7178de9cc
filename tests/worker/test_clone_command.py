"""`manage.py clone` from end to end: the real command, the real worker, real HTTP to the sandbox.

One worker for the whole module: every test has stores of its own, and the database is emptied at the end.
"""

import csv
import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from clones.choices import JobStatus
from clones.management import waiting
from clones.models import CloneEvent, CloneJob, Connection, TemplateStore
from clones.secrets import Secret
from tests.commands.running import run
from tests.conftest import connect_to
from tests.factories import TemplateStoreFactory
from tests.mappings import logged_mapping
from tests.sandbox_process import LoggedClone, SandboxProcess
from tests.waiting import until
from tests.worker_process import ROOT, WorkerProcess, environment, manage

pytestmark = pytest.mark.worker

PATIENCE = ("--wait", "--timeout", "120")  # only a broken test waits so long

Ended = subprocess.CompletedProcess[str]


@dataclass
class Scene:
    """A portal with one connection and one living worker, and the sandbox that they talk to."""

    sandbox: SandboxProcess
    connection: Connection
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def template(self, connection: Connection | None = None, **fields: object) -> TemplateStore:
        """Make a template store here and at the sandbox."""
        store_id = 1000 + next(self.numbers)
        self.sandbox.add_store(store_id, **fields)
        return self.known(store_id, connection)

    def known(self, store_id: int, connection: Connection | None = None) -> TemplateStore:
        """Make a template store here alone."""
        return TemplateStoreFactory.create(
            connection=connection or self.connection, store_id=str(store_id), name=f"Template {store_id}"
        )

    def target(self, **fields: object) -> str:
        """Make an empty store at the sandbox; return its ID."""
        store_id = 9000 + next(self.numbers)
        self.sandbox.add_store(store_id, **fields)
        return str(store_id)

    def logged(self, target: str) -> LoggedClone:
        """Return the one clone that really ran into the target."""
        (clone,) = [clone for clone in self.sandbox.log() if clone.target == target]
        return clone


@pytest.fixture(scope="module")
def scene(
    open_database: None, sandbox_process: SandboxProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    sandbox_process.reset()
    sandbox_process.pace(queued_seconds=0.1, minimum_seconds=0.3, seconds_per_1000_products=0.02)
    try:
        with WorkerProcess(tmp_path_factory.mktemp("worker") / "worker.log"):
            yield Scene(sandbox_process, connect_to(sandbox_process))
    finally:
        call_command("flush", verbosity=0, interactive=False)
        connection.close()


def clone(template: TemplateStore, targets: list[str], *more: str) -> Ended:
    wanted = [argument for target in targets for argument in ("--target", target)]
    connection_name = template.connection.name
    # Without Django's checks of the project, which take as long as all the rest and show nothing here.
    arguments = ["--skip-checks", "--template", template.store_id, "--connection", connection_name]
    return manage("clone", *arguments, *wanted, *more)


@dataclass
class Clock:
    """The clock of a wait: its time is up one look after `is_so`, however long that took."""

    is_so: Callable[[], bool]
    was_so: bool = False

    def monotonic(self) -> float:
        is_over, self.was_so = self.was_so, self.is_so()
        return 3600.0 if is_over else 0.0

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def clone_until(is_so: Callable[[], bool], template: TemplateStore, targets: list[str], *more: str) -> Ended:
    """Run the command in this process, with a clock that ends its wait soon after `is_so`."""
    wanted = [argument for target in targets for argument in ("--target", target)]
    connection_name = template.connection.name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "time", Clock(is_so))
        ended = run(
            "clone", "--template", template.store_id, "--connection", connection_name, *wanted, *PATIENCE, *more
        )
    return Ended([], ended.code, ended.out, ended.err)


def given_back(targets: Iterable[str]) -> bool:
    """Tell whether a clone into each was asked for once, refused, and waits for its next try."""
    refused = CloneEvent.objects.filter(from_status=JobStatus.SUBMITTING, to_status=JobStatus.WAITING)
    return set(targets) <= set(refused.values_list("job__target__store_id", flat=True))


def line_of(ended: Ended, target: str) -> str:
    """Return what the command says in the end of one store."""
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith(f"{target}: ")]
    return line


def plain(cell: str) -> str:
    """Return an ID as it was before it was made safe for spreadsheets."""
    return cell[2:-1] if cell.startswith('="') else cell


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def as_mapping(rows: list[dict[str, str]]) -> dict[tuple[str, str], str]:
    """Return the rows as (type, old ID) → new ID; a pair that stands twice would be lost, so it must not."""
    found = {(row["entity_type"], plain(row["source_id"])): plain(row["target_id"]) for row in rows}
    assert len(found) == len(rows)
    return found


# A big one ------------------------------------------------------------------------------------------------------------

PRODUCTS, CATEGORIES = 25_000, 600
UNKNOWN_TYPES = {"coupons": {"12345": "09876", "007": "008"}, "=customerGroups": {"1": "2"}}


@dataclass(frozen=True)
class BigClone:
    ended: Ended
    target: str
    rows: list[dict[str, str]]
    logged: dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def big(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> BigClone:
    """A template of 25,000 products with everything that makes a mapping hard, cloned once for all that is asked."""
    path = tmp_path_factory.mktemp("csv") / "out.csv"
    template = scene.template(
        products=PRODUCTS, categories=CATEGORIES, types=3, zero_padded_ids=True, extra_mapping=UNKNOWN_TYPES
    )
    target = scene.target()

    ended = clone(template, [target], "--wait", "--timeout", "180", "--csv", str(path))

    assert ended.returncode == 0, ended.stderr
    return BigClone(ended, target, rows_of(path), logged_mapping(scene.sandbox, scene.logged(target).ticket))


def test_the_csv_of_25000_products_equals_what_the_sandbox_did(big: BigClone) -> None:
    expected = {("'=customerGroups" if kind[0] == "=" else kind, old): new for (kind, old), new in big.logged.items()}

    assert as_mapping(big.rows) == expected
    assert len(big.rows) == PRODUCTS + CATEGORIES + 3


def test_the_csv_says_which_store_and_job_it_is_of(big: BigClone) -> None:
    job = CloneJob.objects.get(target__store_id=big.target)

    assert {(row["target_store_id"], row["job_id"]) for row in big.rows} == {(big.target, str(job.pk))}


def test_ids_that_begin_with_zero_keep_it_in_a_spreadsheet(big: BigClone) -> None:
    cells = [row["target_id"] for row in big.rows if plain(row["target_id"]).startswith("0")]

    assert len(cells) > 2000
    assert all(cell.startswith('="0') for cell in cells)


def test_a_product_and_a_category_with_one_number_are_both_there(big: BigClone) -> None:
    products = {row["source_id"] for row in big.rows if row["entity_type"] == "product"}
    categories = {row["source_id"] for row in big.rows if row["entity_type"] == "category"}

    assert len(products & categories) == CATEGORIES
    assert (len(products), len(categories)) == (PRODUCTS, CATEGORIES)


def test_entity_types_that_nobody_knows_are_kept_under_their_own_names(big: BigClone) -> None:
    unknown = [tuple(row.values())[:3] for row in big.rows if row["entity_type"] not in {"product", "category"}]

    assert set(unknown) == {
        ("'=customerGroups", "1", "2"),
        ("coupons", '="007"', '="008"'),
        ("coupons", "12345", '="09876"'),
    }


def test_the_command_says_how_many_ids_there_are(big: BigClone) -> None:
    assert line_of(big.ended, big.target) == f"{big.target}: Completed. 25,603 IDs mapped."
    assert "out.csv: 25,603 IDs." in big.ended.stdout


def test_a_program_that_reads_along_sees_a_line_for_every_status(big: BigClone) -> None:
    said = big.ended.stderr.splitlines()

    assert said[-1] == "1 Completed"
    assert "\x1b" not in big.ended.stderr


# Other ends -----------------------------------------------------------------------------------------------------------


def test_settings_only_give_an_empty_mapping_and_say_why(scene: Scene, tmp_path: Path) -> None:
    target = scene.target()
    path = tmp_path / "out.csv"

    ended = clone(scene.template(products=3), [target], "--scope", "STORE_SETTINGS", *PATIENCE, "--csv", str(path))

    assert ended.returncode == 0
    assert "Completed. 0 IDs mapped. Only settings were copied" in line_of(ended, target)
    assert rows_of(path) == []
    assert scene.logged(target).scope == "STORE_SETTINGS"


def test_demo_products_are_cloned_only_where_asked_for(scene: Scene) -> None:
    template = scene.template(products=2, sample_products=3)
    without, with_demo = scene.target(), scene.target()

    clone(template, [without], *PATIENCE)
    clone(template, [with_demo], "--demo-catalog", *PATIENCE)

    mappings = [scene.sandbox.mapping(scene.logged(target).ticket) for target in (without, with_demo)]
    assert [len(mapping["products"]) for mapping in mappings] == [2, 5]


def test_several_targets_come_in_one_csv(scene: Scene, tmp_path: Path) -> None:
    targets = [scene.target(), scene.target()]
    path = tmp_path / "out.csv"

    ended = clone(scene.template(products=3), targets, *PATIENCE, "--csv", str(path))

    assert ended.returncode == 0
    for target in targets:
        rows = [row for row in rows_of(path) if row["target_store_id"] == target]
        assert as_mapping(rows) == logged_mapping(scene.sandbox, scene.logged(target).ticket) != {}


def test_a_clone_that_fails_at_ecwid_says_so_in_ecwids_words(scene: Scene) -> None:
    good, bad = scene.target(), scene.target(fails_with="Image import broke")

    ended = clone(scene.template(products=1), [good, bad], *PATIENCE)

    assert ended.returncode == 1
    assert "Failed." in line_of(ended, bad)
    assert "Image import broke" in line_of(ended, bad)
    assert "Completed." in line_of(ended, good)


# Refusals -------------------------------------------------------------------------------------------------------------

FOREIGN = "[0-9a-f-]{36}"
ON_PURPOSE = {
    "TARGET_NOT_FOUND": "Store #{target} not found",
    "TARGET_NOT_ALLOWED_TO_CLONE": "Target store is not allowed to clone",
    "TARGET_PRODUCTS_NOT_EMPTY": "Target store products should be empty",
    "TARGET_CATEGORIES_NOT_EMPTY": "Target store categories should be empty",
    "TARGET_PRODUCT_TYPES_NOT_EMPTY": "Target store product types should be empty",
    "TARGET_PRODUCTS_LIMIT": "Target store products limit will be exceeded",
    "TARGET_CATEGORIES_LIMIT": "Target store categories limit will be exceeded",
    "TARGET_DESTINATION_ZONES_LIMIT": "Target store destination zones count will be exceeded",
}
PASSING = {
    "TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET": "Not allowed to clone to #{target} while previous clone",
    "SOURCE_NOT_RESPONDING": "Target store failed to respond",
    "UNKNOWN_IMPORT_FAILED_TO_START": "Failed to start import",
    "UNKNOWN_INTERNAL_ERROR": "Internal error",
}


@dataclass(frozen=True)
class Refused:
    """One command over many targets that all refuse, each for a reason of its own."""

    ended: Ended
    targets: dict[str, str]

    def line(self, code: str) -> str:
        return line_of(self.ended, self.targets[code])


@pytest.fixture(scope="module")
def on_purpose(scene: Scene) -> Refused:
    targets = {code: scene.target(refusal=code) for code in (*ON_PURPOSE, *PASSING)}
    final = CloneJob.objects.filter(target__store_id__in=[targets[code] for code in ON_PURPOSE])

    def all_refused() -> bool:
        return not final.active().exists() and given_back(targets[code] for code in PASSING)

    return Refused(clone_until(all_refused, scene.template(products=1), list(targets.values())), targets)


@pytest.mark.parametrize("code", ON_PURPOSE)
def test_a_refusal_is_named_with_code_and_sentence(on_purpose: Refused, code: str) -> None:
    target = on_purpose.targets[code]

    said = f"{target}: Failed. {code} ({ON_PURPOSE[code].format(target=target)}): "

    assert on_purpose.line(code).startswith(said)
    assert len(on_purpose.line(code)) > len(said)  # cause and next step


@pytest.mark.parametrize("code", PASSING)
def test_a_refusal_that_may_pass_is_shown_where_the_wait_ends_before(on_purpose: Refused, code: str) -> None:
    line = on_purpose.line(code)

    assert "Not done yet." in line
    assert f"{code} ({PASSING[code].format(target=on_purpose.targets[code])}" in line


def test_refusals_end_with_1(on_purpose: Refused) -> None:
    assert on_purpose.ended.returncode == 1
    assert "0 of 12 stores completed." in on_purpose.ended.stderr


def test_nothing_was_cloned_where_ecwid_refused(scene: Scene, on_purpose: Refused) -> None:
    refused = set(on_purpose.targets.values())

    assert [clone for clone in scene.sandbox.log() if clone.target in refused] == []


REAL: dict[str, dict[str, object] | None] = {
    "TARGET_NOT_FOUND": None,
    "TARGET_PRODUCTS_NOT_EMPTY": {"products": 1},
    "TARGET_CATEGORIES_NOT_EMPTY": {"categories": 1},
    "TARGET_PRODUCT_TYPES_NOT_EMPTY": {"types": 1},
    "TARGET_PRODUCTS_LIMIT": {"product_limit": 2},
    "TARGET_CATEGORIES_LIMIT": {"category_limit": 2},
    "TARGET_DESTINATION_ZONES_LIMIT": {"zones": 1, "zone_limit": 2},
}


@pytest.fixture(scope="module")
def for_real(scene: Scene) -> Refused:
    targets = {code: "8999" if fields is None else scene.target(**fields) for code, fields in REAL.items()}
    template = scene.template(products=3, categories=3, zones=2)
    return Refused(clone(template, list(targets.values()), *PATIENCE), targets)


@pytest.mark.parametrize("code", REAL)
def test_a_refusal_for_its_real_cause_is_named_too(for_real: Refused, code: str) -> None:
    target = for_real.targets[code]

    assert for_real.ended.returncode == 1
    assert for_real.line(code).startswith(f"{target}: Failed. {code} ({ON_PURPOSE[code].format(target=target)}): ")


def test_a_template_that_ecwid_does_not_know_is_named(scene: Scene) -> None:
    target = scene.target()

    ended = clone(scene.known(1999), [target], *PATIENCE)

    assert ended.returncode == 1
    assert f"{target}: Failed. SOURCE_NOT_FOUND (Store #1999 not found): " in line_of(ended, target)


def test_a_template_that_does_not_respond_is_named(scene: Scene) -> None:
    target = scene.target()

    ended = clone_until(lambda: given_back([target]), scene.template(refusal="SOURCE_NOT_RESPONDING"), [target])

    assert ended.returncode == 1
    assert "SOURCE_NOT_RESPONDING (Source store failed to respond)" in line_of(ended, target)


def test_a_refusal_that_passes_costs_nothing_but_time(scene: Scene) -> None:
    target = scene.target(refusal="UNKNOWN_INTERNAL_ERROR", refusal_times=1)

    ended = clone(scene.template(products=1), [target], *PATIENCE)

    assert ended.returncode == 0
    assert "Completed. 1 IDs mapped." in line_of(ended, target).replace("1 ID ", "1 IDs ")


def test_an_application_that_ecwid_does_not_know_stops_its_connection_and_says_why(scene: Scene) -> None:
    refused = another_connection(scene, "Refused")
    template, target = scene.template(refused), scene.target(refusal="AUTH_APP_DOESNT_EXIST")

    ended = clone_until(lambda: given_back([target]), template, [target])

    assert ended.returncode == 1
    assert "Connection Refused is stopped since" in ended.stderr
    assert "Application does not exist (AUTH_APP_DOESNT_EXIST)" in ended.stderr
    assert "Put the key or its scopes right and run manage.py connect again" in ended.stderr
    assert f"{target}: Waiting. Not done yet." in line_of(ended, target)


def test_a_wrong_key_stops_its_connection_alone(scene: Scene) -> None:
    wrong = another_connection(scene, "Wrong key", client_secret=Secret.seal("not it"))
    target, other = scene.target(), scene.target()

    stopped = clone_until(lambda: given_back([target]), scene.template(wrong), [target])
    goes_on = clone(scene.template(), [other], *PATIENCE)

    assert (stopped.returncode, goes_on.returncode) == (1, 0)
    assert "Connection Wrong key is stopped since" in stopped.stderr
    assert "not it" not in stopped.stderr + stopped.stdout


def another_connection(scene: Scene, name: str, **columns: object) -> Connection:
    """Make a connection for the same application, under the sandbox's other address; an earlier one is retired."""
    address = scene.connection.api_url.replace("127.0.0.1", "localhost")
    Connection.objects.filter(api_url=address).update(api_url="https://retired.example", paused_at=timezone.now())
    columns["api_url"] = address
    row = Connection.objects.get(pk=scene.connection.pk)
    row.pk, row.name = None, name
    for column, value in columns.items():
        setattr(row, column, value)
    row.save()
    return row


# Busy, late, interrupted ----------------------------------------------------------------------------------------------


def test_a_target_with_an_active_clone_is_left_out_and_named(scene: Scene) -> None:
    template, target, other = scene.template(), scene.target(stays_in="QUEUED"), scene.target()
    first = clone(template, [target])

    second = clone(template, [target, other], *PATIENCE)

    job = CloneJob.objects.get(target__store_id=target)
    assert (first.returncode, second.returncode) == (0, 1)
    assert f"{target}: left out, since another clone into it is active (job {job.pk})." in second.stderr
    assert "Completed." in line_of(second, other)


def test_a_wait_that_is_over_ends_with_1_and_the_clone_goes_on(scene: Scene, tmp_path: Path) -> None:
    good, slow = scene.target(), scene.target(stays_in="IN_PROGRESS")
    path = tmp_path / "out.csv"

    def one_of_two() -> bool:
        return statuses(good, slow) == [JobStatus.COMPLETED, JobStatus.IN_PROGRESS]

    ended = clone_until(one_of_two, scene.template(products=1), [good, slow], "--csv", str(path))
    scene.sandbox.finish(scene.logged(slow).ticket)

    assert ended.returncode == 1
    assert line_of(ended, slow) == f"{slow}: In progress. Not done yet."
    assert {row["target_store_id"] for row in rows_of(path)} == {good}
    until(lambda: CloneJob.objects.get(target__store_id=slow).is_completed, "the end of the clone")


def statuses(*targets: str) -> list[str]:
    jobs = CloneJob.objects.filter(target__store_id__in=targets).order_by("target__store_id")
    return list(jobs.values_list("status", flat=True))


def test_ctrl_c_ends_the_wait_and_not_the_clones(scene: Scene) -> None:
    template, target = scene.template(products=1), scene.target(stays_in="IN_PROGRESS")
    arguments = ["--template", template.store_id, "--target", target, "--wait"]

    with started("clone", *arguments) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.strip() == "1 In progress":
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)

    job = CloneJob.objects.get(target__store_id=target)
    assert process.returncode == 130
    assert f"Not waiting any more. The clones go on (batch {job.batch_id})." in err
    assert "Traceback" not in out + err
    assert job.status == JobStatus.IN_PROGRESS
    scene.sandbox.finish(job.ticket)
    until(lambda: CloneJob.objects.get(pk=job.pk).is_completed, "the end of the clone")


def started(*arguments: str) -> subprocess.Popen[str]:
    """Start `manage.py` in the foreground: a shell's background jobs, and what they start, would ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_csv_that_cannot_be_written_is_refused_before_anything_is_sent(scene: Scene, tmp_path: Path) -> None:
    target = scene.target()

    ended = clone(scene.template(), [target], *PATIENCE, "--csv", str(tmp_path / "missing" / "out.csv"))

    assert ended.returncode == 2
    assert "cannot be written" in ended.stderr
    assert not CloneJob.objects.filter(target__store_id=target).exists()
    assert [clone for clone in scene.sandbox.log() if clone.target == target] == []
