"""The wizard's step Review: what will happen, in words; the questions before it; and a launch of exactly that."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.utils import timezone

from clones.choices import CheckStatus
from clones.models import Batch, CloneJob, Draft, TemplateStore
from clones.operations.drafts.rows import add_rows, row_of
from tests.drafts import draft_with, ids, text_of
from tests.factories import CloneJobFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sam")]

FORTY = " ".join(str(9001 + number) for number in range(37))


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(
        store_id="1001", name="Fashion <b>", connection__site_url="https://s.example/api"
    )


@pytest.fixture
def draft(template: TemplateStore, sam: User) -> Draft:
    return draft_with(sam, template, FORTY)


def address(draft: Draft) -> str:
    return f"/batches/new/{draft.pk}/review/"


def words(response: Any) -> str:
    """Return a page's words as one reads them."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text_of(response))))


def hidden(response: Any) -> dict[str, str]:
    """Return what the form that launches brings along."""
    page = text_of(response)
    assert 'id="draft-form"' in page, words(response)
    form = page[page.index('id="draft-form"') :]
    return dict(
        re.findall(r'<input type="hidden" name="(seen|only_valid|with_blocked|leave_out_busy)" value="(\w+)">', form)
    )


def make_busy(template: TemplateStore, store_id: str, **more: Any) -> CloneJob:
    target = TargetStoreFactory.create(connection=template.connection, store_id=store_id, **more)
    return CloneJobFactory.create(batch__template=template, target=target)


def test_the_last_button_repeats_the_number_and_launches_it(client: Client, draft: Draft, sam: User) -> None:
    page = client.get(address(draft))
    assert "Clone into 37 stores" in words(page)

    response = client.post(address(draft), {"name": " Spring ", **hidden(page)}, follow=True)

    batch = Batch.objects.get()
    assert response.redirect_chain == [(f"/batches/{batch.pk}/", 302)]
    assert "Asked for clones into 37 stores." in words(response)
    assert "You may close this tab: it goes on without it." in words(response)
    assert (batch.name, batch.created_by, batch.jobs.count()) == ("Spring", sam, 37)


def test_a_repeated_post_lands_on_the_same_batch(client: Client, draft: Draft) -> None:
    form = hidden(client.get(address(draft)))

    answers = [client.post(address(draft), form).headers["Location"] for _ in range(3)]

    assert answers == [f"/batches/{Batch.objects.get().pk}/"] * 3
    assert CloneJob.objects.count() == 37


def test_a_form_with_no_more_than_its_name_launches(client: Client, draft: Draft) -> None:
    assert client.post(address(draft), {"name": "Spring"}).status_code == 302
    assert Batch.objects.get().name == "Spring"


def test_rows_with_mistakes_are_asked_about_first(client: Client, draft: Draft, sam: User) -> None:
    add_rows(draft, sam, [row_of(store_id=text) for text in ("12a", "12b", "1001")])

    asked = client.get(address(draft))
    refused = client.post(address(draft), {"name": "Spring"})
    decided = client.get(address(draft), {"only_valid": "1"})

    assert "3 of 40 rows cannot be launched" in words(asked)
    assert "Launch 37 valid rows" in words(asked)
    assert "Fix 3 first" in words(asked)
    assert 'id="draft-form"' not in text_of(asked)
    assert refused.status_code == 422
    assert not Batch.objects.exists()
    assert "Clone into 37 stores" in words(decided)
    assert "3 rows with mistakes. Fix 3 first" in words(decided)

    client.post(address(draft), hidden(decided))
    assert CloneJob.objects.count() == 37


def test_busy_stores_are_named_and_left_out_on_request(client: Client, draft: Draft, template: TemplateStore) -> None:
    job = make_busy(template, "9001", label="Anna <i>")
    before = CloneJob.objects.count()

    asked = client.get(address(draft))
    decided = client.get(address(draft), {"leave_out_busy": "1"})

    assert "1 store has a clone under way" in words(asked)
    assert "9001 Anna <i>" in words(asked)
    assert f'href="/clones/{job.pk}/"' in text_of(asked)
    assert 'id="draft-form"' not in text_of(asked)
    assert "Clone into 36 stores" in words(decided)

    client.post(address(draft), hidden(decided))
    assert CloneJob.objects.count() == before + 36


def test_where_every_store_is_busy_there_is_nothing_to_launch(
    client: Client, sam: User, template: TemplateStore
) -> None:
    draft = draft_with(sam, template, "9001")
    make_busy(template, "9001")

    page = client.get(address(draft))

    assert "None of the stores is free" in words(page)
    assert 'id="draft-form"' not in text_of(client.get(address(draft), {"leave_out_busy": "1"}))


def test_what_changed_meanwhile_is_told_and_asked_again(
    client: Client, draft: Draft, template: TemplateStore, sam: User
) -> None:
    seen = hidden(client.get(address(draft)))
    add_rows(draft, staff("kim"), [row_of(store_id="9900")])

    again = client.post(address(draft), {"name": "Spring", **seen})

    assert again.status_code == 422
    assert "This changed while you looked at it" in words(again)
    assert "Clone into 38 stores" in words(again)
    assert 'value="Spring"' in text_of(again)
    assert not Batch.objects.exists()
    assert client.post(address(draft), hidden(again)).status_code == 302
    assert CloneJob.objects.count() == 38


def test_a_store_that_became_busy_meanwhile_is_asked_about(
    client: Client, draft: Draft, template: TemplateStore
) -> None:
    seen = hidden(client.get(address(draft)))
    make_busy(template, "9001")

    again = client.post(address(draft), seen)

    assert again.status_code == 422
    assert "1 store has a clone under way" in words(again)
    assert 'id="draft-form"' not in text_of(again)


def test_the_summary_tells_what_will_happen(client: Client, draft: Draft, sam: User) -> None:
    add_rows(
        draft,
        sam,
        [
            row_of(email="a@example.com", name="Anna"),
            row_of(store_id="9901", scope="CATALOG", clone_demo_catalog="yes"),
            row_of(store_id="9902", access_token="secret_one", instant_site="draft"),
            row_of(email="b@example.com", name="Bert", instant_site="publish"),
        ],
    )

    said = words(client.get(address(draft)))

    assert "Fashion <b> 1001" in said
    assert "41 stores: 39 that exist, and 2 stores created first at Ecwid" in said
    assert "Otherwise for 1 store: catalog only." in said
    assert "Otherwise for 1 store: with demo products." in said
    assert "1 left as a draft, 1 published, each after its clone" in said
    assert "Not checked." in said


def test_one_site_comes_after_its_clone(client: Client, draft: Draft, sam: User) -> None:
    add_rows(draft, sam, [row_of(store_id="9902", access_token="secret_one", instant_site="draft")])

    assert "1 left as a draft, after its clone" in words(client.get(address(draft)))


def block(draft: Draft, *store_ids: str) -> None:
    """Let the check have found that Ecwid would refuse these, and that the others pass."""
    draft.targets.update(check_status=CheckStatus.PASSED)
    draft.targets.filter(store_id__in=store_ids).update(check_status=CheckStatus.BLOCKED)


def launched() -> set[str]:
    """Return the stores that were launched."""
    return set(CloneJob.objects.values_list("target__store_id", flat=True))


def test_the_check_is_summed_up(client: Client, draft: Draft) -> None:
    block(draft, "9001", "9002")

    said = words(client.get(address(draft)))

    assert "Blocked 2" in said
    assert "Passed 35" in said


def test_blocked_stores_are_left_out_unless_they_are_taken_along(client: Client, draft: Draft) -> None:
    block(draft, "9001", "9002")

    page = client.get(address(draft))

    assert "The check found 2 stores that Ecwid would refuse: they are left out." in words(page)
    assert "Take them along all the same" in words(page)
    assert "2 stores that Ecwid would refuse. See them" in words(page)
    assert "35 stores See the list" in words(page).replace(". ", " ")
    assert "Clone into 35 stores" in words(page)
    client.post(address(draft), hidden(page))
    assert len(launched()) == 35
    assert not {"9001", "9002"} & launched()


def test_blocked_stores_are_launched_where_one_says_so(client: Client, draft: Draft) -> None:
    block(draft, "9001", "9002")

    page = client.get(address(draft), {"with_blocked": "1"})

    assert "taken along all the same" in words(page)
    assert "Leave them out" in words(page)
    assert "Clone into 37 stores" in words(page)
    client.post(address(draft), hidden(page))
    assert len(launched()) == 37


def test_a_busy_store_that_is_blocked_is_asked_about_only_where_it_is_taken_along(
    client: Client, draft: Draft, template: TemplateStore
) -> None:
    make_busy(template, "9001")
    block(draft, "9001")

    assert "Clone into 36 stores" in words(client.get(address(draft)))
    assert "1 store has a clone under way" in words(client.get(address(draft), {"with_blocked": "1"}))


def test_where_all_are_blocked_there_is_nothing_to_launch_but_all_the_same(client: Client, draft: Draft) -> None:
    block(draft, *ids(draft))

    page = client.get(address(draft))

    assert "No other store is left to launch." in words(page)
    assert 'id="draft-form"' not in text_of(page)
    assert "the check found that Ecwid would refuse them" in words(client.post(address(draft)))
    assert "Clone into 37 stores" in words(client.get(address(draft), {"with_blocked": "1"}))


def test_a_check_that_goes_on_meanwhile_changes_nothing_until_it_blocks_a_store(client: Client, draft: Draft) -> None:
    draft.targets.update(check_status=CheckStatus.WAITING)
    seen = hidden(client.get(address(draft)))
    draft.targets.update(check_status=CheckStatus.PASSED, version=F("version") + 1)
    draft.targets.filter(store_id="9001").update(check_status=CheckStatus.BLOCKED)

    refused = client.post(address(draft), seen)

    assert "This changed while you looked at it" in words(refused)
    draft.targets.update(check_status=CheckStatus.RUNNING, version=F("version") + 1)
    client.post(address(draft), seen)
    assert len(launched()) == 37


@pytest.mark.parametrize(("count", "is_offered"), [(10, False), (11, True)])
def test_a_canary_is_offered_above_ten_targets(
    client: Client, sam: User, template: TemplateStore, count: int, *, is_offered: bool
) -> None:
    draft = draft_with(sam, template, " ".join(str(9001 + number) for number in range(count)))

    page = client.get(address(draft))

    assert ("First one store alone" in words(page)) == is_offered
    client.post(address(draft), {"canary": "on", **hidden(page)})
    assert Batch.objects.get().canary


@pytest.mark.parametrize("text", ["", "12a"])
def test_without_a_store_there_is_no_button(client: Client, sam: User, template: TemplateStore, text: str) -> None:
    draft = draft_with(sam, template, text)

    assert 'id="draft-form"' not in text_of(client.get(address(draft), {"only_valid": "1"}))
    assert client.post(address(draft), {"only_valid": "1"}).status_code == 422


def test_without_a_template_the_step_leads_to_choosing_one(client: Client, sam: User) -> None:
    draft = draft_with(sam, None, "9001")

    page = client.get(address(draft))

    assert "No template store is chosen." in words(page)
    assert 'id="draft-form"' not in text_of(page)
    assert client.post(address(draft)).status_code == 422


def test_an_archived_template_is_told_of(client: Client, draft: Draft, template: TemplateStore) -> None:
    TemplateStore.objects.update(archived_at=timezone.now())

    assert "“Fashion <b>” is archived." in words(client.get(address(draft)))
    assert client.post(address(draft)).status_code == 422
    assert ids(draft)


@pytest.mark.parametrize("name", ["two\nlines", "W" * 201, "\x1b"])
def test_a_name_that_is_none_is_refused_at_its_field(client: Client, draft: Draft, name: str) -> None:
    page = client.post(address(draft), {"name": name, "canary": "on"})

    assert page.status_code == 422
    assert 'aria-invalid="true"' in text_of(page)
    assert not Batch.objects.exists()


def test_name_and_canary_are_kept_where_a_launch_is_refused(client: Client, draft: Draft, sam: User) -> None:
    add_rows(draft, sam, [row_of(store_id="12a")])

    client.post(address(draft), {"name": "Spring", "canary": "on"})

    draft.refresh_from_db()
    assert (draft.name, draft.canary) == ("Spring", True)
