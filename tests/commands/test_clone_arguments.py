"""What `clone` says to wrong arguments, and what it says while nothing moves. Real clones: `tests/worker`."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from clones import exports
from clones.choices import BlockReason, CloneScope, JobStatus
from clones.models import Batch, CloneJob, Connection, TargetStore, TemplateStore
from tests.commands.running import run, snapshot
from tests.factories import CloneJobFactory, ConnectionFactory, TemplateStoreFactory, WorkerBeatFactory

pytestmark = pytest.mark.django_db

ASKED = ("--template", "1003", "--target", "9001")
SHORTLY = ("--wait", "--timeout", "0.01")


@pytest.fixture
def main() -> Connection:
    return ConnectionFactory.create(name="Main")


@pytest.fixture
def template(main: Connection) -> TemplateStore:
    return TemplateStoreFactory.create(connection=main, store_id="1003", name="Household")


def assert_refused(sentence: str, *arguments: str) -> None:
    before = snapshot()

    ended = run("clone", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert sentence in ended.err
    assert snapshot() == before


def test_without_any_connection_it_says_how_to_make_one() -> None:
    assert_refused("There is no connection to Ecwid yet. Make one with: manage.py connect", *ASKED)


def test_an_unknown_template_is_named_with_what_to_do(template: TemplateStore) -> None:
    sentence = "Store 1004 is not a template store. Add it with: manage.py add_template 1004 NAME"

    assert_refused(sentence, "--template", "1004", "--target", "9001")


def test_an_archived_template_is_refused(template: TemplateStore) -> None:
    TemplateStore.objects.update(archived_at=timezone.now())

    assert_refused("is archived", *ASKED)


def test_the_template_is_no_target(template: TemplateStore) -> None:
    assert_refused("1003 (“Household”) cannot be cloned into", "--template", "1003", "--target", "1003")


def test_one_wrong_target_among_good_ones_starts_nothing(template: TemplateStore) -> None:
    assert_refused("'09002' is not a store ID", *ASKED, "--target", "09002")


@pytest.mark.parametrize("text", ["", "abc", "09001", "9001,9002", "٩٠٠١", "9001.5"])
def test_a_malformed_target_is_quoted(template: TemplateStore, text: str) -> None:
    assert_refused(f"{text!r} is not a store ID", "--template", "1003", f"--target={text}")


@pytest.mark.parametrize("text", ["", "abc", "01003"])
def test_a_malformed_template_is_quoted(template: TemplateStore, text: str) -> None:
    assert_refused(f"{text!r} is not a store ID", f"--template={text}", "--target", "9001")


def test_an_unknown_connection_is_named_with_those_that_there_are(template: TemplateStore) -> None:
    assert_refused("There is no connection named “Mian”. There are: Main.", *ASKED, "--connection", "Mian")


def test_a_template_of_several_connections_asks_for_one(template: TemplateStore) -> None:
    TemplateStoreFactory.create(connection=ConnectionFactory.create(name="Other"), store_id="1003", name="Household")

    assert_refused("Several connections know template store 1003 (Main, Other): choose one with --connection.", *ASKED)


def test_the_connection_that_is_named_is_used(template: TemplateStore) -> None:
    TemplateStoreFactory.create(connection=ConnectionFactory.create(name="Other"), store_id="1003")

    ended = run("clone", *ASKED, "--connection", "Main")

    assert ended.code == 0
    assert CloneJob.objects.get().template == template


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_a_timeout_is_above_zero(template: TemplateStore, seconds: str) -> None:
    assert_refused("--timeout takes a number of seconds above 0.", *ASKED, "--wait", f"--timeout={seconds}")


def test_a_csv_needs_a_wait(template: TemplateStore, tmp_path: Path) -> None:
    assert_refused("--csv needs --wait", *ASKED, "--csv", str(tmp_path / "out.csv"))

    assert list(tmp_path.iterdir()) == []


def missing_folder(tmp_path: Path) -> Path:
    return tmp_path / "missing" / "out.csv"


def folder(tmp_path: Path) -> Path:
    return tmp_path


def below_a_file(tmp_path: Path) -> Path:
    (tmp_path / "file").touch()
    return tmp_path / "file" / "out.csv"


def folder_without_rights(_: Path) -> Path:
    return Path("/proc/out.csv")  # nobody can write here, not even root


def name_too_long(tmp_path: Path) -> Path:
    return tmp_path / ("x" * 300)


def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize(
    "where",
    [
        missing_folder,
        folder,
        below_a_file,
        folder_without_rights,
        name_too_long,
        pipe,
    ],
)
def test_a_csv_that_cannot_be_written_starts_nothing(
    template: TemplateStore, tmp_path: Path, where: Callable[[Path], Path]
) -> None:
    assert_refused("cannot be written", *ASKED, *SHORTLY, "--csv", str(where(tmp_path)))


def test_it_says_which_batch_it_started(template: TemplateStore) -> None:
    WorkerBeatFactory.create()

    ended = run("clone", *ASKED, "--target", "9002")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"Batch {Batch.objects.get().pk}: Household (1003) into 2 stores.\n"


def test_the_job_has_what_was_asked_for(template: TemplateStore) -> None:
    run("clone", *ASKED, "--scope", "store_settings", "--demo-catalog")

    job = CloneJob.objects.get()
    assert (job.scope, job.clone_demo_catalog) == (CloneScope.STORE_SETTINGS, True)
    assert (job.status, job.target.store_id) == (JobStatus.WAITING, "9001")


def test_a_busy_target_alone_starts_nothing_and_is_named(template: TemplateStore) -> None:
    job = CloneJobFactory.create(batch__template=template, target__store_id="9001")
    before = snapshot()

    ended = run("clone", *ASKED)

    assert ended.code == 1
    assert f"9001: left out, since another clone into it is active (job {job.pk})." in ended.err
    assert "Nothing was started: every target has an active clone." in ended.err
    assert snapshot() == before


def test_a_busy_target_among_others_is_left_out_and_named(template: TemplateStore) -> None:
    CloneJobFactory.create(batch__template=template, target__store_id="9001")

    ended = run("clone", *ASKED, "--target", "9002")

    assert ended.code == 1
    assert "9001: left out" in ended.err
    assert "into 1 store." in ended.out
    assert "1 of 2 stores accepted." in ended.err
    assert TargetStore.objects.get(store_id="9002").jobs.count() == 1


@pytest.mark.parametrize("more", [(), SHORTLY], ids=["at once", "while waiting"])
def test_a_worker_that_is_silent_is_said(template: TemplateStore, more: tuple[str, ...]) -> None:
    WorkerBeatFactory.create(beat_at=timezone.now() - timedelta(minutes=1))

    ended = run("clone", *ASKED, *more)

    assert "No worker is running, so nothing is sent to Ecwid. Start one with: manage.py worker" in ended.err


@pytest.mark.parametrize("more", [(), SHORTLY], ids=["at once", "while waiting"])
def test_a_paused_connection_is_said(template: TemplateStore, more: tuple[str, ...]) -> None:
    WorkerBeatFactory.create()
    Connection.objects.update(paused_at=timezone.now())

    ended = run("clone", *ASKED, *more)

    assert "Connection Main is paused since" in ended.err


@pytest.mark.parametrize("more", [(), SHORTLY], ids=["at once", "while waiting"])
@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (BlockReason.CREDENTIALS, "Application does not exist. Put the key or its scopes right"),
        (BlockReason.RATE_LIMITED, "Ecwid's rate limit stopped connection Main"),
    ],
)
def test_a_stopped_connection_is_said(
    template: TemplateStore, reason: BlockReason, sentence: str, more: tuple[str, ...]
) -> None:
    WorkerBeatFactory.create()
    now = timezone.now()
    Connection.objects.update(
        blocked_since=now,
        blocked_until=now + timedelta(hours=1),
        block_reason=reason,
        block_message="Application does not exist.",
    )

    ended = run("clone", *ASKED, *more)

    assert sentence in ended.err


def test_nothing_is_said_where_nothing_is_in_the_way(template: TemplateStore) -> None:
    WorkerBeatFactory.create()

    ended = run("clone", *ASKED)

    assert ended.err == ""


def test_a_wait_that_is_over_is_no_success(template: TemplateStore) -> None:
    ended = run("clone", *ASKED, *SHORTLY)

    assert ended.code == 1
    assert "9001: Waiting. Not done yet." in ended.out
    assert CloneJob.objects.get().status == JobStatus.WAITING


def test_a_wait_that_is_over_says_so_and_writes_no_csv(template: TemplateStore, tmp_path: Path) -> None:
    ended = run("clone", *ASKED, *SHORTLY, "--csv", str(tmp_path / "out.csv"))

    assert list(tmp_path.iterdir()) == []
    assert "no clone has completed" in ended.err
    assert "seconds are over; 1 store will go on without this command." in ended.err


@pytest.mark.parametrize("content", ["dear diary", "\ufeffname,age"])
def test_a_file_that_is_no_mapping_is_not_replaced(template: TemplateStore, tmp_path: Path, content: str) -> None:
    path = tmp_path / "out.csv"
    path.write_text(content)

    assert_refused("something else is there", *ASKED, *SHORTLY, "--csv", str(path))

    assert path.read_text() == content


def test_a_link_is_not_replaced(template: TemplateStore, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    (tmp_path / "real.csv").touch()

    assert_refused("something else is there", *ASKED, *SHORTLY, "--csv", str(tmp_path / "link.csv"))


def test_an_older_mapping_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    exports.save_csv(path, exports.MAPPING_COLUMNS, [])

    exports.check_writable(path)


@pytest.mark.parametrize("name", ["", "-"])
def test_a_csv_needs_a_name(template: TemplateStore, name: str) -> None:
    assert_refused("a file name is needed", *ASKED, *SHORTLY, f"--csv={name}")
