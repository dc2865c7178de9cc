"""`clone --file`: how it tells what it read, every mistake, and what it launches. Real clones: `tests/worker`."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clones.choices import CloneScope
from clones.imports import COLUMNS, example_csv
from clones.models import Batch, CloneJob, StoreCreation, TargetStore, TemplateStore
from tests import forty_mistakes
from tests.commands.running import Ended, run, snapshot
from tests.factories import CloneJobFactory, TemplateStoreFactory, WorkerBeatFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def template() -> TemplateStore:
    WorkerBeatFactory.create()
    return TemplateStoreFactory.create(store_id="1999", name="Household", connection__site_url="https://sites.example")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "targets.csv"


def clone(path: Path, data: bytes | str, *more: str, template: str = "1999") -> Ended:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return run("clone", "--template", template, "--file", str(path), *more)


def test_it_says_how_it_read_the_file(template: TemplateStore, path: Path) -> None:
    ended = clone(path, "Store ID;Label;Notes\n9001;Müller;x\n9002;;y\n".encode("cp1252"))

    batch = Batch.objects.get().pk
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"{path}: 2 rows, Windows-1252, delimiter: semicolon.",
        "Columns used: store_id, label.",
        "Columns ignored: Notes.",
        "Columns missed: email, name, access_token, scope, clone_demo_catalog, instant_site.",
        f"Batch {batch}: Household (1999) into 2 stores.",
    ]


def test_the_example_file_can_be_launched(template: TemplateStore, path: Path) -> None:
    ended = clone(path, example_csv(), "--scope", "STORE_SETTINGS", "--demo-catalog")

    assert ended.code == 0
    assert list(CloneJob.objects.order_by("pk").values_list("target__label", "scope", "clone_demo_catalog")) == [
        ("Anna's bakery", CloneScope.STORE_SETTINGS, True),
        ("Bikes & more", CloneScope.CATALOG, True),
        ("Carla's flowers", CloneScope.ALL, False),
    ]
    assert StoreCreation.objects.get().email == "carla@example.com"


def test_forty_mistakes_are_all_told_and_nothing_is_launched(path: Path) -> None:
    forty_mistakes.prepare()
    before = snapshot()

    ended = clone(path, forty_mistakes.the_file(), template="1003")

    said = [line for line in ended.err.splitlines() if line.startswith("line ")]
    assert [line.split(": ")[0] for line in said] == [
        f"line {number}, {mistake.column}" for number, mistake in forty_mistakes.places()
    ]
    assert all(mistake.words in line for line, (_, mistake) in zip(said, forty_mistakes.places(), strict=True))
    assert "Nothing was started: 40 rows have mistakes. Put them right, or launch the 3 other stores with" in ended.err
    assert forty_mistakes.SECRET not in ended.out + ended.err
    assert (ended.code, snapshot()) == (2, before)


def test_the_valid_rows_are_launched_where_that_was_chosen(path: Path) -> None:
    forty_mistakes.prepare()
    WorkerBeatFactory.create()

    ended = clone(path, forty_mistakes.the_file(), "--only-valid", template="1003")

    assert ended.code == 0
    assert [str(job.target) for job in CloneJob.objects.filter(batch=Batch.objects.first()).order_by("pk")] == [
        "First (9001)",
        "New store (new@example.com)",
        "9002",
    ]


def test_where_no_row_is_right_nothing_can_be_chosen(template: TemplateStore, path: Path) -> None:
    ended = clone(path, "store_id\nx\n", "--only-valid")

    assert (ended.code, Batch.objects.count()) == (2, 0)
    assert "Nothing was started: 1 row has mistakes, and there is no other." in ended.err


def test_a_duplicate_is_left_out_and_named(template: TemplateStore, path: Path) -> None:
    ended = clone(path, "store_id\n9001\n9002\n9001\n")

    assert ended.code == 0
    assert "line 4: left out, since line 2 says the same." in ended.err
    assert CloneJob.objects.count() == 2


def test_a_busy_target_is_left_out_and_named(template: TemplateStore, path: Path) -> None:
    job = CloneJobFactory.create(batch__template=template, target__store_id="9001")

    ended = clone(path, "store_id\n9001\n9002\n")

    assert ended.code == 1
    assert f"9001: left out, since another clone into it is active (job {job.pk})." in ended.err
    assert "1 of 2 stores accepted." in ended.err


def test_the_canary_goes_alone(template: TemplateStore, path: Path) -> None:
    ended = clone(path, "store_id\n9001\n9002\n", "--canary")

    assert ended.code == 0
    assert [bool(job.next_action_at) for job in CloneJob.objects.order_by("pk")] == [True, False]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04", "This is a workbook"),
        (b"store_id\n" + b"9001\n" * 400_000, "The file is larger than 2 MB"),
        (b"9001\n", "The first line does not name a column store_id or email"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(template: TemplateStore, path: Path, data: bytes, words: str) -> None:
    ended = clone(path, data)

    assert (ended.code, ended.out) == (2, "")
    assert f"--file: {path}: {words}" in ended.err


def test_a_file_that_is_not_there_is_refused(template: TemplateStore, path: Path) -> None:
    ended = run("clone", "--template", "1999", "--file", str(path))

    assert (ended.code, f"--file: {path} cannot be read (No such file or directory)." in ended.err) == (2, True)


def test_a_file_and_targets_do_not_go_together(template: TemplateStore, path: Path) -> None:
    ended = clone(path, "store_id\n9001\n", "--target", "9002")

    assert "not allowed with argument" in ended.err
    assert Batch.objects.count() == 0


def test_only_valid_is_about_a_file(template: TemplateStore) -> None:
    ended = run("clone", "--template", "1999", "--target", "9001", "--only-valid")

    assert (ended.code, "--only-valid needs --file." in ended.err) == (2, True)


# Whatever comes -------------------------------------------------------------------------------------------------------

cells = st.one_of(
    st.sampled_from(["", "9001", "1999", "a@example.com", "Anna", "ALL", "yes", "draft", "secret_1", '="007"', "'=x"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
files = st.one_of(
    st.binary(max_size=60),
    st.binary(max_size=60).map(lambda data: b"store_id,email,name,instant_site\n" + data),
    st.lists(st.lists(cells, min_size=8, max_size=8).map(";".join), max_size=4).map(
        lambda rows: "\n".join([";".join(COLUMNS), *rows]).encode()
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=files, only_valid=st.booleans())
def test_whatever_the_file_holds_all_of_it_is_launched_or_nothing(
    template: TemplateStore, path: Path, data: bytes, *, only_valid: bool
) -> None:
    CloneJob.objects.all().delete()
    StoreCreation.objects.all().delete()
    TargetStore.objects.all().delete()
    Batch.objects.all().delete()
    before = snapshot()

    ended = clone(path, data, *(["--only-valid"] if only_valid else []))

    assert ended.code in {0, 2}
    if ended.code:
        assert snapshot() == before
    else:
        assert f"into {Batch.objects.get().jobs.count()} store" in ended.out
        assert only_valid or all("left out, since line" in line for line in ended.err.splitlines())
