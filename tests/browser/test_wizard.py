"""From a spreadsheet to clones in a browser, before a real worker and the sandbox: with JavaScript and without."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from clones.choices import JobStatus
from clones.models import Batch, CloneJob, Draft, TemplateStore
from clones.operations.drafts.rows import add_rows, row_of
from tests.browser.complaints import Complaints
from tests.browser.conftest import NewContext, SignIn
from tests.drafts import draft_with
from tests.people import staff
from tests.sandbox_process import SandboxProcess
from tests.waiting import until
from tests.worker_process import WorkerProcess

STORES = list(range(9101, 9113))  # a dozen, of which two are spelled wrong in the file
FILE = "store_id;label;scope;Phone\r\n" + "".join(
    f"{f'{store}a' if store in {9103, 9107} else store};Shop {store};{'everything' if store == 9107 else ''};0\r\n"
    for store in [*STORES, 9101]
)
UPLOAD = FilePayload(name="customers.csv", mimeType="text/csv", buffer=FILE.encode("utf-8-sig"))


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def page(request: pytest.FixtureRequest, new_context: NewContext) -> Page:
    return new_context(java_script_enabled=request.param).new_page()


@pytest.fixture
def dozen(shop: TemplateStore, sandbox: SandboxProcess) -> None:
    for store in STORES:
        sandbox.add_store(store)


@pytest.mark.worker
def test_a_dozen_stores_from_a_file_with_mistakes_to_their_clones(
    page: Page,
    dozen: None,
    sandbox: SandboxProcess,
    start_worker: Callable[..., WorkerProcess],
    sign_in: SignIn,
) -> None:
    start_worker()
    sign_in(page, staff())
    _begin(page)
    _upload(page)
    _put_right(page)
    page.get_by_role("link", name="Review").last.click()
    page.locator("[name=name]").fill("Tuesday")
    page.get_by_role("button", name="Clone into 12 stores").click()

    expect(page.get_by_role("heading", level=1, name="Tuesday")).to_be_visible()
    until(lambda: CloneJob.objects.filter(status=JobStatus.COMPLETED).count() == len(STORES), "all clones' ends")
    assert sorted(int(clone.target) for clone in sandbox.log()) == STORES
    assert Batch.objects.get().jobs.get(target__store_id="9107").target.label == "Shop 9107"


def _begin(page: Page) -> None:
    page.goto("/batches/")
    page.get_by_role("link", name="New batch").click()
    page.get_by_role("button", name="Begin a new batch").click()
    expect(page.get_by_role("radio", name="Fashion")).to_be_checked()  # the only one there is
    page.get_by_role("button", name="Save, and on to the targets").click()


def _upload(page: Page) -> None:
    page.get_by_label("Choose a CSV file").set_input_files(UPLOAD)
    page.get_by_role("button", name="Make a list of these stores").click()
    expect(page.locator(".draft-count")).to_contain_text("12 stores, 1 duplicate removed.")
    expect(page.locator(".draft-count")).to_contain_text("10 can be launched, 2 have mistakes.")
    expect(page.get_by_text("cells apart by semicolon")).to_contain_text("Ignored: Phone")


def _put_right(page: Page) -> None:
    rows = page.locator(".draft-wrong li")
    expect(rows).to_have_count(2)
    expect(rows.last).to_contain_text("Line 8 of the file")
    expect(rows.last.locator("[aria-invalid=true]")).to_have_count(2)
    rows.first.get_by_label("Store ID").fill("9103")
    rows.last.get_by_label("Store ID").fill("9107")
    rows.last.get_by_label("What is copied").select_option("As for the whole batch")
    page.get_by_role("button", name="Save what was put right").first.click()
    expect(page.locator(".draft-count")).to_contain_text("All can be launched.")


def test_what_was_typed_and_ticked_survives_a_search_and_a_file_that_cannot_be_read(
    page: Page, shop: TemplateStore, sign_in: SignIn, complaints: Complaints
) -> None:
    complaints.forgive("status of 422")
    sam = staff()
    sign_in(page, sam)
    draft = draft_with(sam, shop)
    page.goto(f"/batches/new/{draft.pk}/targets/")
    page.locator("[name=pasted]").fill("9101 9102")
    page.get_by_label("Choose a CSV file").set_input_files(
        FilePayload(name="customers.xlsx", mimeType="", buffer=b"PK\x03\x04")
    )
    page.get_by_role("button", name="Make a list of these stores").click()
    expect(page.get_by_text("This is a workbook")).to_be_visible()
    page.get_by_label("Search by store ID or label").fill("9")
    page.get_by_label("Search by store ID or label").press("Enter")
    expect(page.locator("[name=pasted]")).to_have_value("9101 9102")
    page.get_by_role("button", name="Make a list of these stores").click()
    expect(page.locator(".draft-count")).to_contain_text("2 stores")


MAIL = """Good morning,
please clone into these by 9:30:
9101
9102, 9103
9104: Anna's flowers
and 9105 as well. Kim, 12 High Street, Tel. +49 40 1234567"""


def test_of_a_pasted_mail_what_may_be_no_store_is_asked_about(page: Page, shop: TemplateStore, sign_in: SignIn) -> None:
    sam = staff()
    sign_in(page, sam)
    draft = draft_with(sam, shop)
    page.goto(f"/batches/new/{draft.pk}/targets/")
    page.locator("[name=pasted]").fill(MAIL)
    page.get_by_role("button", name="Make a list of these stores").click()
    count = page.locator(".draft-count")
    expect(count).to_contain_text("8 stores. 4 can be launched, 4 have mistakes, and may be no stores at all.")
    store = page.locator(".draft-wrong li").filter(has=page.locator("input[value='9105']"))
    expect(store).to_contain_text("Is 9105 a store? It stands in “and 9105 as well. Kim, 12 High Street, Tel. +49 40")
    store.get_by_label("This is a store").check()
    page.get_by_role("button", name="Save what was put right").first.click()
    expect(count).to_contain_text("5 can be launched, 3 have mistakes")
    page.get_by_role("link", name="Review").last.click()
    page.get_by_role("link", name="Launch 5 valid rows").click()
    page.get_by_role("button", name="Clone into 5 stores").click()

    expect(page.get_by_text("Asked for clones into 5 stores")).to_be_visible()
    launched = CloneJob.objects.order_by("target__store_id").values_list("target__store_id", flat=True)
    assert list(launched) == ["9101", "9102", "9103", "9104", "9105"]


def test_mistakes_and_busy_stores_are_decided_upon_before_the_launch(
    page: Page, shop: TemplateStore, sign_in: SignIn
) -> None:
    sam = staff()
    sign_in(page, sam)
    first = draft_with(sam, shop, "9101")
    page.goto(f"/batches/new/{first.pk}/review/")
    page.get_by_role("button", name="Clone into 1 store").click()  # no worker: it waits
    draft = draft_with(sam, shop, " ".join(["12a", *map(str, STORES)]))
    page.goto(f"/batches/new/{draft.pk}/review/")
    page.get_by_role("link", name="Launch 12 valid rows").click()
    expect(page.get_by_text("1 store has a clone under way")).to_be_visible()
    page.get_by_role("link", name="go on with 11 stores").click()
    page.get_by_label("First one store alone").check()
    page.get_by_role("button", name="Clone into 11 stores").click()
    expect(page.get_by_text("Asked for clones into 11 stores")).to_be_visible()
    assert Batch.objects.latest("pk").canary


def test_a_colleague_changes_the_list_while_it_is_reviewed(
    page: Page, shop: TemplateStore, sign_in: SignIn, complaints: Complaints
) -> None:
    complaints.forgive("status of 422")
    sam = staff()
    sign_in(page, sam)
    draft = draft_with(sam, shop, "9101 9102")
    page.goto(f"/batches/new/{draft.pk}/review/")
    add_rows(draft, staff("kim"), [row_of(store_id="9103")])
    page.get_by_role("button", name="Clone into 2 stores").click()
    expect(page.get_by_role("alert")).to_contain_text("This changed while you looked at it")
    page.get_by_role("button", name="Clone into 3 stores").click()
    expect(page.get_by_text("Asked for clones into 3 stores")).to_be_visible()


def test_a_double_click_launches_once(page: Page, shop: TemplateStore, sign_in: SignIn) -> None:
    sam = staff()
    sign_in(page, sam)
    draft = draft_with(sam, shop, "9101 9102")
    page.goto(f"/batches/new/{draft.pk}/review/")
    page.get_by_role("button", name="Clone into 2 stores").dblclick()
    expect(page.get_by_role("heading", level=1, name="Batch")).to_be_visible()
    assert Batch.objects.count() == 1
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Batch")).to_be_visible()


def test_a_draft_is_found_again_and_discarded(page: Page, shop: TemplateStore, sign_in: SignIn) -> None:
    kim = staff("kim")
    draft = draft_with(kim, shop, "9101")
    sign_in(page, staff())
    page.goto("/batches/new/")
    page.get_by_role("link", name="Go on").click()
    expect(page).to_have_url(f"{page.url.partition('/batches/')[0]}/batches/new/{draft.pk}/check/")
    page.locator("summary", has_text="Discard").click()
    page.get_by_role("button", name="Discard for good").click()
    expect(page.get_by_text("The draft is discarded.")).to_be_visible()
    assert not Draft.objects.exists()


def test_what_is_done_to_a_row_far_down_is_told_where_one_is_led_back_to(
    page: Page, shop: TemplateStore, sign_in: SignIn
) -> None:
    sam = staff()
    sign_in(page, sam)
    draft = draft_with(sam, shop, " ".join(f"12{letter}" for letter in "abcdefghijkl"))
    page.goto(f"/batches/new/{draft.pk}/targets/")

    def in_view(words: str, store_id: str) -> None:
        expect(page.get_by_role("status").filter(has_text=words)).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("button", name=f"Remove {store_id}")).to_be_in_viewport(ratio=1)

    page.get_by_role("button", name="Remove 12h").click()
    in_view("The row is off the list. 11 have mistakes still.", "12i")
    page.get_by_role("link", name="All cells of 12i").click()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_role("button", name="Remove 12i")).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name="All cells of 12i").click()
    page.get_by_label("Store ID").fill("9101")
    page.get_by_role("button", name="Save this row").click()
    in_view("Saved.", "12j")
    page.get_by_role("button", name="Save what was put right").last.click()
    in_view("Saved. 10 have mistakes still.", "12a")
