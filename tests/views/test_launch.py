import re
from datetime import timedelta
from html import unescape
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clones.choices import CloneScope, JobStatus
from clones.forms.launch import MOST_TARGETS, LaunchForm
from clones.models import Batch, CloneJob, Connection, TemplateStore
from clones.views import launch
from tests.factories import (
    MISSING,
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
)
from tests.people import admin, staff

pytestmark = pytest.mark.django_db
URL = reverse("clones:job_new")


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(name="Fashion <b>", store_id="1001", product_count=0, category_count=0)


def post(client: Client, template: TemplateStore, targets: str, **more: Any) -> Any:
    return client.post(URL, {"template": template.pk, "targets": targets, "scope": CloneScope.ALL, **more})


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_page_shows_the_templates_with_their_facts(client: Client, sam: User, template: TemplateStore) -> None:
    TemplateStoreFactory.create(name="Old one", archived_at=timezone.now())

    shown = text(client.get(URL))

    assert "Fashion &lt;b&gt;" in shown
    assert "0 products, 0 categories" in shown
    assert "Never cloned" in shown
    assert "Old one" not in shown


@pytest.mark.parametrize("between", ["\n", ",", " ", "\t", "; ", "\r\n\r\n"])
def test_a_launch_makes_a_batch_and_leads_there(
    client: Client, sam: User, template: TemplateStore, between: str
) -> None:
    answer = post(client, template, between.join(["9001", "9002", "9001"]), name="Autumn")

    batch = Batch.objects.get()
    assert answer.url == reverse("clones:batch_detail", args=[batch.pk])
    assert (batch.name, batch.created_by, batch.template) == ("Autumn", sam, template)
    assert sorted(batch.jobs.values_list("target__store_id", flat=True)) == ["9001", "9002"]


def test_the_options_are_kept(client: Client, sam: User, template: TemplateStore) -> None:
    post(client, template, "9001", scope=CloneScope.CATALOG, clone_demo_catalog="on")

    job = CloneJob.objects.get()
    assert (job.scope, job.clone_demo_catalog) == (CloneScope.CATALOG, True)


def test_every_wrong_id_is_named_and_what_was_typed_is_kept(client: Client, sam: User, template: TemplateStore) -> None:
    answer = post(client, template, "9001 12a 007 <i>", name="Autumn")

    shown = text(answer)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "3 of 4 are no store IDs: “<bdi>12a</bdi>”, “<bdi>007</bdi>”, “<bdi>&lt;i&gt;</bdi>”." in shown
    assert "9001 12a 007 &lt;i&gt;</textarea>" in shown
    assert 'value="Autumn"' in shown
    assert f'value="{template.pk}" class="form-selectgroup-input" checked' in shown
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"template": ""}, "Choose the template store to copy."),
        ({"template": MISSING}, "not there any more"),
        ({"targets": ""}, "Name at least one target store."),
        ({"targets": " , ;"}, "Name at least one target store."),
        ({"targets": " ".join(map(str, range(1, 5002)))}, "start at most 5,000 at once"),
        ({"scope": "EVERYTHING"}, "EVERYTHING"),
        ({"name": "two\nlines"}, "one line of text"),
    ],
)
def test_a_mistake_is_said_and_starts_nothing(
    client: Client, sam: User, template: TemplateStore, wrong: dict[str, str], sentence: str
) -> None:
    form = {"template": template.pk, "targets": "9001", "scope": CloneScope.ALL, **wrong}

    answer = client.post(URL, form)

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert sentence in text(answer)
    assert not Batch.objects.exists()


def test_template_stores_among_the_targets_are_all_named(client: Client, sam: User, template: TemplateStore) -> None:
    TemplateStoreFactory.create(connection=template.connection, store_id="1002", name="Shoes")

    shown = text(post(client, template, "9001 1001 1002 12a"))

    assert "1001 (“<bdi>Fashion &lt;b&gt;</bdi>”), 1002 (“<bdi>Shoes</bdi>”) cannot be cloned into" in shown
    assert "1 of 4 is no store ID: “<bdi>12a</bdi>”." in shown
    assert not Batch.objects.exists()


def test_an_archived_template_cannot_be_cloned(client: Client, sam: User, template: TemplateStore) -> None:
    archived = TemplateStoreFactory.create(connection=template.connection, archived_at=timezone.now())

    assert "not there any more, or archived" in text(post(client, archived, "9001"))
    assert not Batch.objects.exists()


def test_all_mistakes_are_said_at_once_each_at_its_field(client: Client, sam: User, template: TemplateStore) -> None:
    answer = client.post(URL, {"targets": "12a", "scope": CloneScope.ALL, "name": "two\nlines"})

    errors = answer.context["form"].errors
    assert set(errors) == {"template", "targets", "name"}
    shown = text(answer)
    for sentences in errors.values():
        assert f"<div>{sentences[0]}</div>" in shown


def test_of_very_many_wrong_ids_the_sentence_names_fifty(client: Client, sam: User, template: TemplateStore) -> None:
    shown = text(post(client, template, " ".join(f"x{number}" for number in range(1000)) + " " + "y" * 41))

    assert "1,001 of 1,001 are no store IDs" in shown
    assert shown.count("<bdi>x") == 50
    assert "“<bdi>x49</bdi>” and 951 more." in shown


def test_a_wrong_id_of_any_length_is_named_in_short(client: Client, sam: User, template: TemplateStore) -> None:
    assert f"<bdi>{'y' * 40}…</bdi>" in text(post(client, template, "y" * 41))


def test_as_many_stores_as_are_allowed_are_one_launch(template: TemplateStore) -> None:
    targets = " ".join(map(str, range(9001, 9001 + MOST_TARGETS)))

    form = LaunchForm({"template": template.pk, "targets": f"{targets} 9001", "scope": CloneScope.ALL})

    assert form.is_valid()
    assert len(form.cleaned_data["targets"]) == MOST_TARGETS


def busy_target(template: TemplateStore, store_id: str) -> CloneJob:
    target = TargetStoreFactory.create(connection=template.connection, store_id=store_id)
    return CloneJobFactory.create(batch__template=template, target=target, status=JobStatus.QUEUED)


def test_busy_stores_are_named_and_nothing_is_started(client: Client, sam: User, template: TemplateStore) -> None:
    busy = busy_target(template, "9001")

    answer = post(client, template, "9001 9002")

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert reverse("clones:job_detail", args=[busy.pk]) in text(answer)
    assert "Leave it out and clone into 1 store" in text(answer)
    assert "9001 9002</textarea>" in text(answer)
    assert CloneJob.objects.count() == 1


def test_enter_presses_no_button_that_leaves_stores_out(client: Client, sam: User, template: TemplateStore) -> None:
    busy_target(template, "9001")

    form = text(post(client, template, "9001 9002")).split('<form method="post" novalidate class="launch"')[1]

    first = re.search(r"<button[^>]*>", form)
    assert first is not None
    assert first[0] == "<button hidden>"
    assert 'name="leave_out_busy"' in form


def test_a_busy_store_of_the_same_id_at_another_connection_is_free_here(
    client: Client, sam: User, template: TemplateStore
) -> None:
    busy_target(TemplateStoreFactory.create(connection=ConnectionFactory.create(api_url="http://else/")), "9001")

    assert post(client, template, "9001").status_code == HTTPStatus.FOUND


def test_busy_stores_are_left_out_on_request(client: Client, sam: User, template: TemplateStore) -> None:
    busy = busy_target(template, "9001")

    answer = post(client, template, "9001 9002", leave_out_busy="1")

    assert [job.target.store_id for job in CloneJob.objects.exclude(pk=busy.pk)] == ["9002"]
    shown = text(client.get(answer.url))
    assert "Asked for 1 clone." in shown
    assert "Left out 1 store with another clone under way: 9001." in shown


def test_a_store_that_becomes_busy_in_the_last_moment_is_left_out_and_named(
    client: Client, sam: User, template: TemplateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = launch._busy

    def look_and_be_overtaken(form: LaunchForm) -> list[CloneJob]:
        found = looked(form)
        busy_target(template, "9001")
        return found

    monkeypatch.setattr(launch, "_busy", look_and_be_overtaken)
    answer = post(client, template, "9001 9002")

    assert [job.target.store_id for job in Batch.objects.latest("pk").jobs.all()] == ["9002"]
    assert "Left out 1 store with another clone under way: 9001." in text(client.get(answer.url))


def test_where_all_become_busy_in_the_last_moment_the_page_names_them(
    client: Client, sam: User, template: TemplateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy_target(template, "9001")
    monkeypatch.setattr(launch, "_busy", lambda _: [])

    answer = post(client, template, "9001")

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "None of the stores is free" in text(answer)


def test_where_all_are_busy_nothing_can_be_left_out(client: Client, sam: User, template: TemplateStore) -> None:
    busy_target(template, "9001")

    answer = post(client, template, "9001", leave_out_busy="1")

    assert "None of the stores is free" in text(answer)
    assert CloneJob.objects.count() == 1


def test_a_second_click_leads_where_the_first_one_did(client: Client, sam: User, template: TemplateStore) -> None:
    first = post(client, template, "9001 9002")
    second = post(client, template, "9001 9002")

    assert second.url == first.url
    assert Batch.objects.count() == 1


def test_a_second_click_on_leaving_out_leads_there_too(client: Client, sam: User, template: TemplateStore) -> None:
    busy_target(template, "9001")
    first = post(client, template, "9001 9002", leave_out_busy="1")
    second = post(client, template, "9001 9002", leave_out_busy="1")

    assert second.url == first.url
    assert Batch.objects.filter(created_by=sam).count() == 1


@pytest.mark.parametrize("other", [{"scope": CloneScope.CATALOG}, {"clone_demo_catalog": "on"}, {"name": "Autumn"}])
def test_another_order_for_the_same_stores_is_no_second_click(
    client: Client, sam: User, template: TemplateStore, other: dict[str, str]
) -> None:
    post(client, template, "9001")

    assert post(client, template, "9001", **other).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_more_stores_than_the_first_time_are_no_second_click(
    client: Client, sam: User, template: TemplateStore
) -> None:
    post(client, template, "9001")

    answer = post(client, template, "9001 9002")

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Leave it out and clone into 1 store" in text(answer)


def test_somebody_elses_order_is_no_second_click(client: Client, sam: User, template: TemplateStore) -> None:
    post(client, template, "9001")
    client.force_login(staff("rita"))

    assert post(client, template, "9001").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_the_same_order_an_hour_later_is_no_second_click(client: Client, sam: User, template: TemplateStore) -> None:
    post(client, template, "9001")
    Batch.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert post(client, template, "9001").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_the_address_may_fill_in_the_form(client: Client, sam: User, template: TemplateStore) -> None:
    TemplateStoreFactory.create(connection=template.connection, name="Other")

    query = f"template={template.pk}&targets=9001&targets=9002&scope=CATALOG&clone_demo_catalog=1&name=Autumn"
    shown = text(client.get(f"{URL}?{query}"))

    assert f'value="{template.pk}" class="form-selectgroup-input" checked' in shown
    assert "9001\n9002</textarea>" in shown
    assert chosen_scope(shown) == ["CATALOG"]
    assert re.search(r'name="clone_demo_catalog"[^>]* checked', shown)
    assert 'value="Autumn"' in shown
    assert not Batch.objects.exists()


@pytest.mark.parametrize("query", ["template=x", f"template={MISSING}", "scope=EVERYTHING", "clone_demo_catalog=false"])
def test_an_address_that_makes_no_sense_leaves_the_form_as_it_is(
    client: Client, sam: User, template: TemplateStore, query: str
) -> None:
    TemplateStoreFactory.create(connection=template.connection, name="Other")

    shown = text(client.get(f"{URL}?{query}"))

    assert 'form-selectgroup-input" checked' not in shown
    assert chosen_scope(shown) == ["ALL"]
    assert not re.search(r'name="clone_demo_catalog"[^>]* checked', shown)


def chosen_scope(page: str) -> list[str]:
    return re.findall(r'name="scope" value="(\w+)"[^>]* checked', page)


def test_the_only_template_is_chosen_already(client: Client, sam: User, template: TemplateStore) -> None:
    assert f'value="{template.pk}" class="form-selectgroup-input" checked' in text(client.get(URL))


def test_each_scope_says_what_is_copied_and_what_is_not(client: Client, sam: User, template: TemplateStore) -> None:
    shown = unescape(text(client.get(URL)))

    for scope in CloneScope:
        assert scope.label in shown
        assert f"<div>{scope.copies}</div>" in shown
        assert f"<div>{scope.leaves_out}</div>" in shown
    assert shown.count("overwritten") == 1


def test_a_card_tells_how_long_a_clone_of_the_catalog_usually_takes(
    client: Client, sam: User, template: TemplateStore
) -> None:
    took = {CloneScope.ALL: (60, 200, 300), CloneScope.STORE_SETTINGS: (1, 1, 1, 1, 1)}
    now = timezone.now()
    for scope, lengths in took.items():
        for seconds in lengths:
            times = {"accepted_at": now - timedelta(seconds=seconds), "finished_at": now}
            batch = BatchFactory.create(template=template, scope=scope)
            CloneJobFactory.create(batch=batch, status=JobStatus.COMPLETED, **times)

    assert "Last cloned" in text(client.get(URL))
    assert "Usually takes 3 min 20 s" in text(client.get(URL))


def test_a_card_says_what_is_not_known_of_a_template(client: Client, sam: User) -> None:
    TemplateStoreFactory.create(product_count=None)

    assert "not counted yet" in text(client.get(URL))


def test_a_card_tells_the_sandbox_and_of_several_connections_which_one(client: Client, sam: User) -> None:
    TemplateStoreFactory.create(connection__name="Shops", connection__is_sandbox=True)
    alone = text(client.get(URL))
    TemplateStoreFactory.create(connection__name="Elsewhere")

    assert "Sandbox" in alone
    assert "<bdi>Shops</bdi>" not in alone
    assert "<bdi>Shops</bdi>" in text(client.get(URL))


def test_the_page_says_where_nothing_would_be_sent(client: Client, sam: User, template: TemplateStore) -> None:
    Connection.objects.update(paused_at=timezone.now())

    shown = text(client.get(URL))

    assert "is paused</strong>" in shown
    assert "No worker is running" in shown
    assert "Start cloning" in shown


def test_without_a_template_staff_are_told_whom_to_ask(client: Client, sam: User) -> None:
    ConnectionFactory.create()

    assert "Ask an admin" in text(client.get(URL))


def test_without_a_template_admins_are_led_to_the_first_one(client: Client) -> None:
    client.force_login(admin())
    TemplateStoreFactory.create(archived_at=timezone.now())

    shown = text(client.get(URL))

    assert reverse("clones:template_new") in shown
    assert "Start cloning" not in shown


@pytest.mark.parametrize("count", [1, 30])
def test_the_page_takes_as_many_queries_for_many_templates(
    client: Client, sam: User, count: int, django_assert_max_num_queries: Any
) -> None:
    connection = ConnectionFactory.create()
    for _ in range(count):
        TemplateStoreFactory.create(connection=connection)

    with django_assert_max_num_queries(8):
        client.get(URL)
