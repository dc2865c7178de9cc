import csv
import io
from pathlib import Path
from typing import Any

import pytest

from clones import exports
from clones.choices import CloneScope, CreationStatus, FailureKind, JobStatus, SiteStatus
from clones.imports import read_csv
from clones.models import CloneJob, EntityMapping
from clones.operations.wanted import examine, sealed
from clones.secrets import Secret
from tests.factories import (
    CloneJobFactory,
    SiteCloneFactory,
    StoreCreationFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("54321", "54321"),
        ("09876", '="09876"'),
        ("0", '="0"'),
        ("123456789012345", "123456789012345"),
        ("1234567890123456", '="1234567890123456"'),
        ("12a", '="12a"'),
        ("=1+1", '="=1+1"'),
        ('a"b', '="a""b"'),
        ("١٢٣", '="١٢٣"'),
        ("", '=""'),
    ],
)
def test_an_id_survives_a_spreadsheet(value: str, cell: str) -> None:
    assert exports.id_cell(value) == cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_a_text_is_never_a_formula(text: str) -> None:
    assert exports.text_cell(text) == f"'{text}"


def test_any_other_text_stays_as_it_is() -> None:
    assert exports.text_cell("a=b") == "a=b"


def test_the_file_has_bom_commas_and_crlf() -> None:
    out = io.StringIO()

    count = exports.write_csv(out, ("a", "b"), [("1", "x,y"), ("2", "z")])

    assert count == 2
    assert out.getvalue() == '\ufeffa,b\r\n1,"x,y"\r\n2,z\r\n'


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def rows_that_break() -> list[tuple[str]]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exports.save_csv(path, ("a",), (row for _ in range(1) for row in rows_that_break()))

    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]
    assert path.read_text() == "old"


@pytest.mark.django_db
def test_mapping_rows_keep_zeros_and_tell_products_from_categories() -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED, target__store_id="9001", target__label="@home")
    about = ["'@home", job.template.store_id, "Fashion", "9001", str(job.pk)]
    for entity_type, target_id in [("product", "09876"), ("category", "54321"), ("=evil", "5")]:
        EntityMapping.objects.create(job=job, entity_type=entity_type, source_id="12345", target_id=target_id)
    another = CloneJobFactory.create(status=JobStatus.COMPLETED)
    EntityMapping.objects.create(job=another, entity_type="product", source_id="12345", target_id="7")
    out = io.StringIO()

    exports.write_csv(out, exports.MAPPING_COLUMNS, exports.mapping_rows([job.pk]))

    rows = list(csv.reader(io.StringIO(out.getvalue().removeprefix(exports.BOM))))
    assert rows == [
        [
            "entity_type",
            "source_id",
            "target_id",
            "target_store_label",
            "template_store_id",
            "template",
            "target_store_id",
            "job_id",
        ],
        ["product", "12345", '="09876"', *about],
        ["category", "12345", "54321", *about],
        ["'=evil", "12345", "5", *about],
    ]


@pytest.mark.django_db
def test_job_rows_end_with_the_email_the_store_and_the_site() -> None:
    creation = StoreCreationFactory.create(status=CreationStatus.CREATING)
    job = CloneJobFactory.create(target=creation.target, created_at=creation.created_at)
    SiteCloneFactory.create(job=job, draft=False, status=SiteStatus.NEEDS_PERSON, error_message="=no")
    CloneJobFactory.create()

    rows = [
        dict(zip(exports.JOB_COLUMNS, row, strict=True)) for row in exports.job_rows(CloneJob.objects.order_by("pk"))
    ]

    last = ("email", "store_step", "instant_site", "site_step", "site_message", "name", "clone_demo_catalog")
    steps = [creation.email, "CREATING", "publish", "NEEDS_PERSON", "'=no"]
    assert exports.JOB_COLUMNS[-7:] == last
    assert [rows[0][name] for name in last] == [*steps, creation.name, "no"]
    assert [rows[1][name] for name in last] == ["", "", "no", "", "", "", "no"]
    assert rows[0]["store_id"] == ""


@pytest.mark.django_db
def test_the_steps_of_many_rows_are_read_along(django_assert_num_queries: Any) -> None:
    SiteCloneFactory.create_batch(3)

    with django_assert_num_queries(1):
        assert len(list(exports.job_rows(CloneJob.objects.order_by("pk")))) == 3


@pytest.mark.django_db
def test_results_come_back_as_they_are() -> None:
    template = TemplateStoreFactory.create(connection__site_url="https://s.example/api")
    for choice, store_id in ((None, "9001"), (True, "9002"), (False, "9003")):
        target = TargetStoreFactory.create(
            connection=template.connection, store_id=store_id, label="=Anna", token=Secret.seal("secret_one")
        )
        job = CloneJobFactory.create(batch__template=template, target=target, scope=CloneScope.CATALOG)
        if choice is not None:
            SiteCloneFactory.create(job=job, draft=choice, status=SiteStatus.DONE)
    rows = exports.job_rows(CloneJob.objects.order_by("pk"))
    data = b"".join(exports.csv_chunks(exports.JOB_COLUMNS, rows))

    again = examine([sealed(row) for row in read_csv(data).rows], template, CloneScope.ALL, clone_demo_catalog=False)

    assert not [one.errors for one in again if one.errors]
    wanted = [one.wanted for one in again if one.wanted]
    assert [(one.store_id, one.label, one.scope, one.instant_site) for one in wanted] == [
        ("9001", "=Anna", "CATALOG", "no"),
        ("9002", "=Anna", "CATALOG", "draft"),
        ("9003", "=Anna", "CATALOG", "publish"),
    ]


@pytest.mark.django_db
def test_results_name_again_a_store_that_was_not_created_and_the_demo_products() -> None:
    creation = StoreCreationFactory.create(email="anna@example.com", name="=Anna", status=CreationStatus.FAILED)
    CloneJobFactory.create(
        target=creation.target, status=JobStatus.FAILED, failure_kind=FailureKind.NO_STORE, clone_demo_catalog=True
    )
    data = b"".join(exports.csv_chunks(exports.JOB_COLUMNS, exports.job_rows(CloneJob.objects.all())))

    rows = [sealed(row) for row in read_csv(data).rows]
    (again,) = examine(rows, None, CloneScope.ALL, clone_demo_catalog=False)

    assert again.wanted is not None, again.errors
    assert (again.wanted.email, again.wanted.name) == ("anna@example.com", "=Anna")
    assert again.wanted.clone_demo_catalog
