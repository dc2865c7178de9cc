"""The step Check: what the page shows, how it keeps itself up to date, and what its buttons do."""

from datetime import timedelta
from typing import cast

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clones.choices import CheckStatus
from clones.models import Draft, DraftTarget, TemplateStore
from tests.checked_drafts import add_row, add_rows, make_draft
from tests.factories import BatchFactory, TemplateStoreFactory, WorkerBeatFactory
from tests.people import staff
from tests.views.pages import text

FRAGMENT = {"HX-Request": "true"}
FINDING = {"level": "BLOCKED", "code": "TARGET_PRODUCTS_NOT_EMPTY", "text": "The store has 3 <b>products</b>."}

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft() -> Draft:
    return make_draft(TemplateStoreFactory.create(product_count=3))


@pytest.fixture
def sam(client: Client) -> Client:
    client.force_login(staff())
    return client


def address(draft: Draft, query: str = "") -> str:
    return f"/batches/new/{draft.pk}/check/{query}"


def page(client: Client, draft: Draft, query: str = "") -> str:
    return text(client, address(draft, query))


def live(
    client: Client, draft: Draft, *rows: DraftTarget, since: str = "", token: str = "", **more: str
) -> HttpResponse:
    ids = ",".join(str(row.pk) for row in rows)
    versions = since or ",".join(str(row.version) for row in rows)
    query = {"ids": ids, "since": versions, "token": token or token_of(draft), **more}
    answer = client.get(address(draft, "live/"), query, headers=FRAGMENT)
    return cast("HttpResponse", answer)


def token_of(draft: Draft) -> str:
    results = list(draft.targets.values_list("check_status", flat=True))
    return "-".join(str(results.count(status)) for status in CheckStatus)


class TestThePage:
    def test_before_the_check_offers_it_for_all_without_mistakes(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9001)
        add_row(draft, 9002)
        add_row(draft, "x", token="", errors={"store_id": ["It is none."]})

        shown = page(sam, draft)

        assert "Check 2 stores" in shown
        assert "1 row with mistakes is not checked." in shown
        assert "Check all again" not in shown

    def test_the_line_of_the_file_is_told_where_there_is_one(self, sam: Client, draft: Draft) -> None:
        row = add_row(draft, 9001)
        filed = page(sam, draft)
        DraftTarget.objects.filter(pk=row.pk).update(line=None)

        assert "Line of the file" in filed
        assert "Line of the file" not in page(sam, draft)

    def test_while_it_runs_shows_a_bar_and_counts(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9001, check_status=CheckStatus.WAITING)
        add_row(draft, 9002, check_status=CheckStatus.RUNNING)
        add_row(draft, 9003, check_status=CheckStatus.PASSED)

        shown = page(sam, draft)

        assert '<progress max="3" value="1"' in shown
        assert "1 of 3 stores looked at" in shown
        assert 'data-live="on"' in shown
        assert "Check all again" not in shown

    def test_at_the_end_offers_to_check_again(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9001, check_status=CheckStatus.PASSED)
        add_row(draft, 9002, check_status=CheckStatus.BLOCKED, findings=[FINDING])

        shown = page(sam, draft)

        assert "2 stores looked at" in shown
        assert "Check 1 problem again" in shown
        assert "Check all again" in shown
        assert "<progress" not in shown
        assert 'data-live="off"' in shown

    def test_shows_each_finding_with_its_error_code_and_nothing_of_it_as_html(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9002, check_status=CheckStatus.BLOCKED, findings=[FINDING], label="<script>x</script>")

        shown = page(sam, draft)

        assert "The store has 3 &lt;b&gt;products&lt;/b&gt;." in shown
        assert "TARGET_PRODUCTS_NOT_EMPTY" in shown
        assert "<script>x" not in shown

    def test_never_shows_a_token(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9001, token="secret_very", check_status=CheckStatus.UNCHECKED)

        assert "secret_very" not in page(sam, draft)

    def test_offers_to_check_those_that_changed_since(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9001, check_status=CheckStatus.PASSED)
        add_row(draft, 9002)

        shown = page(sam, draft)

        assert "Check 1 more" in shown
        assert "1 not yet" in shown

    def test_can_show_problems_only(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9001, check_status=CheckStatus.PASSED)
        for at, status in enumerate((CheckStatus.WARNING, CheckStatus.BLOCKED, CheckStatus.UNCHECKED)):
            add_row(draft, 9002 + at, check_status=status)

        shown = page(sam, draft, "?show=problems")

        assert [f'<span class="mono">{store}</span>' in shown for store in range(9001, 9005)] == [
            False, True, True, True,
        ]  # fmt: skip
        assert "check/live/?show=problems" in shown

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            (CheckStatus.NONE, "Nothing was checked yet"),
            (CheckStatus.RUNNING, "No problem so far"),
            (CheckStatus.PASSED, "Every store that was checked has passed."),
        ],
    )
    def test_says_why_there_are_no_problems(self, sam: Client, draft: Draft, status: CheckStatus, words: str) -> None:
        add_row(draft, 9001, check_status=status)

        assert words in page(sam, draft, "?show=problems")

    def test_without_a_template_leads_to_that_step(self, sam: Client) -> None:
        draft = make_draft(None)
        add_row(draft, 9001)

        assert "No template store is chosen." in page(sam, draft)

    def test_without_stores_leads_to_the_list(self, sam: Client, draft: Draft) -> None:
        assert "No store to check" in page(sam, draft)

    def test_says_where_the_size_of_the_template_is_unknown(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9001)
        assert "no plan's limit is looked at" not in page(sam, draft)
        TemplateStore.objects.update(product_count=None)

        assert "no plan's limit is looked at" in page(sam, draft)

    def test_says_that_no_worker_runs(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9001, check_status=CheckStatus.WAITING)

        assert "No worker is running" in page(sam, draft)

    def test_is_paged(self, sam: Client, draft: Draft) -> None:
        add_rows(draft, range(9001, 9061), "secret")

        shown = page(sam, draft, "?per_page=25&page=3")

        assert "9051" in shown
        assert "9050" not in shown


class TestItsButtons:
    def test_begin_the_check_and_come_back(self, sam: Client, draft: Draft) -> None:
        row = add_row(draft, 9001)

        answer = sam.post(address(draft, "?show=problems"))

        assert answer.headers["Location"] == address(draft, "?show=problems")
        assert DraftTarget.objects.get(pk=row.pk).check_status == CheckStatus.WAITING
        assert "Checking 1 store." in page(sam, draft)

    @pytest.mark.parametrize(
        ("what", "begun"), [("problems", {"9002"}), ("new", {"9003"}), ("all", {"9001", "9002", "9003"})]
    )
    def test_begin_it_for_some(self, sam: Client, draft: Draft, what: str, begun: set[str]) -> None:
        add_row(draft, 9001, check_status=CheckStatus.PASSED)
        add_row(draft, 9002, check_status=CheckStatus.BLOCKED)
        add_row(draft, 9003)

        sam.post(address(draft), {"what": what})

        waiting = draft.targets.filter(check_status=CheckStatus.WAITING)
        assert set(waiting.values_list("store_id", flat=True)) == begun

    def test_a_second_click_is_harmless(self, sam: Client, draft: Draft) -> None:
        add_row(draft, 9001)
        sam.post(address(draft))
        before = draft.targets.values().get()

        sam.post(address(draft))

        assert draft.targets.values().get() == before
        assert "There is nothing to check just now." in page(sam, draft)

    def test_remove_a_row_and_stay_where_one_is(self, sam: Client, draft: Draft) -> None:
        gone, stays = (add_row(draft, store_id, check_status=CheckStatus.BLOCKED) for store_id in (9001, 9002))

        answer = sam.post(address(draft, "?show=problems&page=2"), {"remove": str(gone.pk)})

        assert answer.headers["Location"] == address(draft, f"?show=problems&page=2#row-{stays.pk}")
        assert list(draft.targets.all()) == [stays]

    def test_do_not_touch_the_rows_of_another_draft(self, sam: Client, draft: Draft) -> None:
        other = add_row(make_draft(draft.template), 9001)

        sam.post(address(draft), {"remove": str(other.pk)})

        assert DraftTarget.objects.filter(pk=other.pk).exists()

    @pytest.mark.parametrize("nonsense", ["x", "-1", "9" * 30, "", "²"])
    def test_take_no_nonsense(self, sam: Client, draft: Draft, nonsense: str) -> None:
        add_row(draft, 9001)

        assert sam.post(address(draft), {"remove": nonsense, "what": nonsense}).status_code == 302
        assert draft.targets.count() == 1

    def test_say_that_a_template_is_missing(self, sam: Client) -> None:
        draft = make_draft(None)
        add_row(draft, 9001)

        sam.post(address(draft))

        assert "Choose a template first" in page(sam, draft)


class TestLive:
    def test_nothing_new_while_it_runs_is_204(self, sam: Client, draft: Draft) -> None:
        row = add_row(draft, 9001, check_status=CheckStatus.RUNNING)

        assert live(sam, draft, row).status_code == 204

    def test_nothing_new_at_the_end_is_286(self, sam: Client, draft: Draft) -> None:
        row = add_row(draft, 9001, check_status=CheckStatus.PASSED)

        assert live(sam, draft, row).status_code == 286

    def test_tells_the_rows_that_changed_and_what_stands_around_them(self, sam: Client, draft: Draft) -> None:
        same, other = add_row(draft, 9001), add_row(draft, 9002, check_status=CheckStatus.BLOCKED, version=5)

        answer = live(sam, draft, same, other, since="1,4")

        body = answer.content.decode()
        assert answer.status_code == 200
        assert f'id="check-{other.pk}"' in body
        assert f'id="check-{same.pk}"' not in body
        assert 'id="draft-check-state"' in body
        assert 'id="draft-check-tabs"' in body
        assert "1 blocked" in body.partition('id="wizard-steps"')[2].partition("</nav>")[0]
        assert body.count('hx-swap-oob="true"') == 4

    def test_tells_counts_that_changed_elsewhere(self, sam: Client, draft: Draft) -> None:
        shown = add_row(draft, 9001, check_status=CheckStatus.WAITING)

        body = live(sam, draft, shown, token="9-9").content.decode()

        assert 'id="draft-check-state"' in body
        assert f'id="check-{shown.pk}"' not in body

    def test_tells_when_the_worker_stops(self, sam: Client, draft: Draft) -> None:
        row = add_row(draft, 9001, check_status=CheckStatus.WAITING)
        WorkerBeatFactory.create()
        assert live(sam, draft, row, standstill="1-0").status_code == 204

        body = live(sam, draft, row, standstill="0-0").content.decode()

        assert 'id="portal-banners"' in body

    def test_a_draft_that_was_launched_meanwhile_leads_to_its_batch(self, sam: Client, draft: Draft) -> None:
        batch = BatchFactory.create()
        Draft.objects.update(batch=batch)

        answer = live(sam, draft)

        assert answer.headers["HX-Redirect"] == f"/batches/{batch.pk}/"

    @pytest.mark.parametrize("query", ["?ids=x", "?ids=1,2&since=1", "?ids=" + ",".join(["1"] * 201)])
    def test_a_question_that_makes_no_sense_is_refused(self, sam: Client, draft: Draft, query: str) -> None:
        assert sam.get(address(draft, f"live/{query}")).status_code in {400, 286}

    def test_rows_of_another_draft_are_not_told(self, sam: Client, draft: Draft) -> None:
        other = add_row(make_draft(draft.template), 9001)

        assert f'id="check-{other.pk}"' not in live(sam, draft, other, since="0").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_rows(sam: Client, draft: Draft) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            sam.get(path, headers=FRAGMENT if "live" in path else {})
        return len(captured)

    WorkerBeatFactory.create(beat_at=timezone.now() + timedelta(hours=1))
    first = add_row(draft, 9001, check_status=CheckStatus.RUNNING, findings=[FINDING])
    asked = f"live/?ids={first.pk}&since={first.version}&token="
    few = [queries(address(draft)), queries(address(draft, asked + token_of(draft))), queries(address(draft, asked))]
    add_rows(draft, range(9002, 9052), "secret")
    DraftTarget.objects.update(findings=[FINDING])
    asked = f"live/?ids={','.join(str(pk) for pk in draft.targets.values_list('pk', flat=True))}&since=0&token="

    assert few == [8, 4, 4]
    assert queries(address(draft, "?per_page=200")) == few[0]
    assert queries(address(draft, asked)) <= few[2] + 1
