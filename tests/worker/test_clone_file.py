"""`manage.py clone --file --wait` over all steps: stores to be created, clones, Instant Sites; the real worker."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from clones.choices import SiteStatus
from clones.models import CloneJob, SiteClone, TemplateStore
from tests.sandbox_process import SandboxProcess, store_token
from tests.worker_process import WorkerProcess, manage

pytestmark = pytest.mark.worker

Ended = subprocess.CompletedProcess[str]


@pytest.fixture
def template(shop: TemplateStore, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]) -> TemplateStore:
    sandbox.pace(queued_seconds=0.1, minimum_seconds=0.3, seconds_per_1000_products=0.02)
    sandbox.add_store(9002)
    shop.connection.site_url = sandbox.site_url
    shop.connection.save(update_fields=["site_url"])
    start_worker()
    return shop


def clone(tmp_path: Path, *rows: str) -> Ended:
    path = tmp_path / "targets.csv"
    path.write_text("\n".join(["store_id;email;name;access_token;scope;instant_site", *rows]))
    return manage("clone", "--skip-checks", "--template", "1001", "--file", str(path), "--wait", "--timeout", "120")


def test_every_row_goes_through_its_steps(template: TemplateStore, sandbox: SandboxProcess, tmp_path: Path) -> None:
    ended = clone(
        tmp_path,
        "9001;;;;STORE_SETTINGS;",
        f"9002;;Bikes;{store_token(9002)};;draft",
        ";anna@example.com;Anna's bakery;;CATALOG;publish",
    )

    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (0, "3 Completed")
    jobs = list(CloneJob.objects.select_related("target").order_by("pk"))
    (created,) = sandbox.stores("anna@example.com")
    assert [job.target.store_id for job in jobs] == ["9001", "9002", str(created["id"])]
    logged = {log.target: log.scope for log in sandbox.log()}
    assert logged == {"9001": "STORE_SETTINGS", "9002": "", str(created["id"]): "CATALOG"}
    assert [site.status for site in SiteClone.objects.all()] == [SiteStatus.DONE, SiteStatus.DONE]
    assert "Anna's bakery" in ended.stdout
    assert ended.stdout.count("Its Instant Site: Cloned.") == 2
    assert store_token(9002) not in ended.stdout + ended.stderr


def test_a_row_that_needs_a_person_ends_the_wait_when_the_others_are_done(
    template: TemplateStore, tmp_path: Path
) -> None:
    ended = clone(tmp_path, "9001;;;;;", ";lost-created@example.com;Lost;;;")

    lost = CloneJob.objects.get(target__store_id="").pk
    assert ended.returncode == 1
    assert f"Its store needs a person: the page of clone {lost} says what to do." in ended.stdout
    assert "1 of 2 stores completed. 1 store will not go on by itself: see above." in ended.stderr


def test_a_store_that_is_not_created_fails_its_row(template: TemplateStore, tmp_path: Path) -> None:
    ended = clone(tmp_path, "9001;;;;;", ";taken@example.com;Taken;;;")

    assert ended.returncode == 1
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("Taken (taken@example.com): Failed.")]
    assert "1 of 2 stores completed." in ended.stderr
    assert line
