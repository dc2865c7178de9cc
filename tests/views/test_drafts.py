"""The wizard's beginning, its frame, and its step Template."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from clones.choices import CheckStatus, CloneScope
from clones.models import Draft, TemplateStore
from clones.operations.drafts.launching import launch_draft
from tests.drafts import draft_with, ids, text_of
from tests.factories import MISSING, BatchFactory, CloneJobFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sam")]


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1001", name="Fashion")


def at(draft: Draft, step: str = "") -> str:
    return f"/batches/new/{draft.pk}/{step}"


# Beginning ------------------------------------------------------------------------------------------------------------


def test_a_draft_is_begun_by_a_button_and_leads_to_its_first_step(client: Client, sam: User) -> None:
    response = client.post("/batches/new/", follow=True)

    draft = Draft.objects.get()
    assert response.redirect_chain[-1][0] == at(draft, "template/")
    assert (draft.created_by, draft.changed_by, draft.template) == (sam, sam, None)


def test_a_draft_begun_for_a_template_leads_to_the_targets(client: Client, template: TemplateStore) -> None:
    response = client.post("/batches/new/", {"template": template.pk}, follow=True)

    assert response.redirect_chain[-1][0] == at(Draft.objects.get(), "targets/")


@pytest.mark.parametrize("text", ["0", "x", "99999999999999999999999", "-1", "²"])
def test_a_template_that_makes_no_sense_is_passed_over(client: Client, text: str) -> None:
    assert client.post("/batches/new/", {"template": text}).status_code == 302
    assert Draft.objects.get().template is None


def test_a_batch_is_cloned_again_with_changes(client: Client, template: TemplateStore) -> None:
    batch = BatchFactory.create(template=template, name="Spring")
    CloneJobFactory.create(
        batch=batch, target=TargetStoreFactory.create(connection=template.connection, store_id="9001")
    )

    response = client.post("/batches/new/", {"batch": batch.pk}, follow=True)

    draft = Draft.objects.get()
    assert response.redirect_chain[-1][0] == at(draft, "template/")
    assert (draft.name, draft.origin, ids(draft)) == ("Spring", batch, ["9001"])
    assert f'href="/batches/{batch.pk}/"' in text_of(response)


@pytest.mark.parametrize("batch", [str(MISSING), "99999999999999999999999"])
def test_a_batch_that_is_not_there_is_not_found(client: Client, batch: str) -> None:
    assert client.post("/batches/new/", {"batch": batch}).status_code == 404


def test_open_drafts_of_all_people_are_listed_and_launched_ones_are_not(
    client: Client, sam: User, template: TemplateStore
) -> None:
    mine = draft_with(sam, template, "9001 12a 12b")
    theirs = draft_with(staff("kim"), None)
    launched = draft_with(sam, template, "9005")
    launch_draft(launched, sam)

    page = text_of(client.get("/batches/new/"))

    assert all(f'href="{at(each)}"' in page for each in (mine, theirs))
    assert f'href="{at(launched)}"' not in page
    assert "3 stores, 2 with mistakes" in page
    assert "no stores yet" in page


def test_a_draft_is_discarded(client: Client, sam: User) -> None:
    draft = draft_with(sam, None, "9001")

    response = client.post(at(draft, "discard/"), follow=True)

    assert response.redirect_chain == [("/batches/new/", 302)]
    assert not Draft.objects.exists()
    assert client.get(at(draft, "targets/")).status_code == 404


# The frame ------------------------------------------------------------------------------------------------------------


def test_a_draft_leads_to_the_step_that_is_next(client: Client, sam: User, template: TemplateStore) -> None:
    nothing = draft_with(sam, None)
    no_stores = draft_with(sam, template)
    mistakes = draft_with(sam, template, "9001 12a")
    unchecked = draft_with(sam, template, "9002")
    checked = draft_with(sam, template, "9003")
    checked.targets.update(check_status=CheckStatus.UNCHECKED)

    steps = [client.get(at(each)).headers["Location"] for each in (nothing, no_stores, mistakes, unchecked, checked)]

    assert [step.split("/")[-2] for step in steps] == ["template", "targets", "targets", "check", "review"]


@pytest.mark.parametrize("step", ["template/", "targets/", "check/", "review/"])
def test_a_colleague_sees_who_changed_it_last_and_goes_on(client: Client, template: TemplateStore, step: str) -> None:
    kim = staff("kim")
    User.objects.filter(pk=kim.pk).update(first_name="Kim", last_name="<b>Lee</b>")
    draft = draft_with(kim, template, "9001")
    Draft.objects.update(changed_at=timezone.now() - timedelta(minutes=3))

    page = text_of(client.get(at(draft, step)))

    assert "last changed by <bdi>Kim &lt;b&gt;Lee&lt;/b&gt;</bdi>" in page
    assert "3\N{NO-BREAK SPACE}minutes ago" in page
    assert f'href="{at(draft, step)}" class="wizard-step' in page
    assert page.count('aria-current="step"') == 1


@pytest.mark.parametrize("step", ["", "template/", "targets/", "check/", "review/"])
def test_a_launched_draft_leads_to_its_batch(client: Client, sam: User, template: TemplateStore, step: str) -> None:
    draft = draft_with(sam, template, "9001")
    batch = launch_draft(draft, sam).batch
    assert batch is not None

    assert client.get(at(draft, step)).headers["Location"] == f"/batches/{batch.pk}/"


def test_what_was_not_checked_is_never_marked_as_done(client: Client, sam: User, template: TemplateStore) -> None:
    draft = draft_with(sam, template, "9001 9002")
    draft.targets.update(check_status=CheckStatus.UNCHECKED)
    assert text_of(client.get(at(draft, "review/"))).count("is-done") == 2

    draft.targets.update(check_status=CheckStatus.PASSED)
    assert text_of(client.get(at(draft, "review/"))).count("is-done") == 3


# Template -------------------------------------------------------------------------------------------------------------


def test_template_and_options_are_stored_and_lead_to_the_targets(
    client: Client, sam: User, template: TemplateStore
) -> None:
    draft = draft_with(sam, None, "9001 1001")
    chosen = {"template": template.pk, "scope": "CATALOG", "clone_demo_catalog": "on"}

    response = client.post(at(draft, "template/"), chosen)

    draft.refresh_from_db()
    assert response.headers["Location"] == at(draft, "targets/")
    assert (draft.template, draft.scope, draft.clone_demo_catalog) == (template, CloneScope.CATALOG, True)
    assert [bool(row.errors) for row in draft.targets.all()] == [False, True]  # one of them is the template now


def test_what_was_chosen_is_chosen_still(client: Client, sam: User, template: TemplateStore) -> None:
    TemplateStoreFactory.create(connection=template.connection)
    draft = draft_with(sam, template)
    Draft.objects.update(scope=CloneScope.CATALOG, clone_demo_catalog=True)

    page = text_of(client.get(at(draft, "template/")))

    assert f'value="{template.pk}" class="form-selectgroup-input" checked' in page
    assert page.count("checked") == 3


def test_an_archived_template_is_told_of_and_not_offered(client: Client, sam: User, template: TemplateStore) -> None:
    TemplateStoreFactory.create(connection=template.connection, name="Other")
    draft = draft_with(sam, template, "9001")
    TemplateStore.objects.filter(pk=template.pk).update(archived_at=timezone.now())

    page = text_of(client.get(at(draft, "template/")))
    refused = client.post(at(draft, "template/"), {"template": template.pk, "scope": "ALL"})

    assert "“<bdi>Fashion</bdi>” was archived" in page
    assert f'value="{template.pk}"' not in page
    assert refused.status_code == 422


def test_a_deleted_template_is_told_of(client: Client, sam: User, template: TemplateStore) -> None:
    TemplateStoreFactory.create(name="Other")
    draft = draft_with(sam, template, "9001")
    template.delete()

    assert "has been deleted since" in text_of(client.get(at(draft, "template/")))
    assert ids(draft) == ["9001"]


def test_without_any_template_store_the_step_says_what_to_do(client: Client, sam: User) -> None:
    assert "Ask an admin to add one" in text_of(client.get(at(draft_with(sam, None), "template/")))


@pytest.mark.parametrize("page", ["/clones/new/", "/batches/", "/"])
def test_other_pages_lead_to_the_wizard(client: Client, template: TemplateStore, page: str) -> None:
    assert 'href="/batches/new/"' in text_of(client.get(page))
