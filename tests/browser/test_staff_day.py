"""A day of the reseller's staff: the real worker copies for them, at the sandbox."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from clones.models import CloneJob, TemplateStore
from tests.browser.complaints import Complaints
from tests.mappings import Mapping, logged_mapping
from tests.people import PASSWORD, staff
from tests.sandbox_process import SandboxProcess
from tests.worker_process import WorkerProcess

pytestmark = pytest.mark.worker

TARGETS = [9001, 9002, 9003, 9004, 9005]


@pytest.fixture
def targets(shop: TemplateStore, sandbox: SandboxProcess) -> list[int]:
    """Five empty stores of customers."""
    for store_id in TARGETS:
        sandbox.add_store(store_id)
    return TARGETS


def test_five_stores_from_sign_in_to_the_mapping_without_a_reload(
    page: Page,
    targets: list[int],
    sandbox: SandboxProcess,
    start_worker: Callable[..., WorkerProcess],
    complaints: Complaints,
) -> None:
    complaints.forgive("status of 422")
    start_worker()
    _sign_in_by_the_form(page)
    _launch_with_a_mistake_first(page, targets)

    page.evaluate("window.sameDocument = true")
    expect(page.locator("[data-job]").filter(has_text="Completed")).to_have_count(len(targets))
    assert page.evaluate("window.sameDocument")

    page.get_by_role("link", name="9003").click()
    job = CloneJob.objects.get(target__store_id="9003")
    logged = logged_mapping(sandbox, job.ticket)
    _find_an_id(page, logged)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV of all").click()
    assert _mapping_in(Path(download.value.path())) == logged
    assert sorted(int(clone.target) for clone in sandbox.log()) == targets


def _sign_in_by_the_form(page: Page) -> None:
    staff("sam")
    page.goto("/")
    page.get_by_label("User name").fill("sam")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="New clone").first.click()


def _launch_with_a_mistake_first(page: Page, targets: list[int]) -> None:
    box = page.locator("[name=targets]")
    box.fill("\n".join(["12a", *map(str, targets)]))
    page.get_by_role("button", name="Start cloning").click()
    expect(page.get_by_text("1 of 6 is no store ID, or doubtful").first).to_be_visible()
    expect(box).to_have_value("\n".join(["12a", *map(str, targets)]))
    box.fill(", ".join(map(str, targets)))
    page.locator("[name=name]").fill("Tuesday")
    page.get_by_role("button", name="Start cloning").click()
    expect(page.get_by_role("heading", level=1, name="Tuesday")).to_be_visible()


def _find_an_id(page: Page, logged: Mapping) -> None:
    products = {old: new for (kind, old), new in logged.items() if kind == "product"}
    categories = {old: new for (kind, old), new in logged.items() if kind == "category"}
    mapping = page.locator("#mapping")
    for name, pairs in (("Categories", categories), ("Products", products)):
        tab = mapping.get_by_role("link", name=f"{name} ({len(pairs)})")
        tab.click()
        expect(tab).to_have_attribute("aria-current", "true")  # a number may stand in both tabs
        expect(mapping.get_by_role("cell", name=next(iter(pairs.values())), exact=True).first).to_be_visible()
    old, new = list(products.items())[-1]
    mapping.get_by_label("Old or new ID").fill(new)
    mapping.get_by_role("button", name="Search").click()
    expect(mapping.locator("tbody tr")).to_have_count(1)
    expect(mapping.locator("tbody tr")).to_contain_text(old)


def _mapping_in(file: Path) -> Mapping:
    """Read a mapping as a spreadsheet does, which takes ="007" for the text 007."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [[re.sub(r'^="(.*)"$', r"\1", cell) for cell in row] for row in csv.reader(lines)]
    assert rows[0][:3] == ["entity_type", "source_id", "target_id"]
    return {(kind, old): new for kind, old, new, *_ in rows[1:]}
