from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clones.choices import CloneScope, JobStatus
from clones.models import Batch, CloneJob, TemplateStore
from tests.factories import CloneJobFactory, ConnectionFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import staff

pytestmark = pytest.mark.django_db
URL = reverse("clones:job_new")


@pytest.fixture
def sam(client: Client) -> User:
    user = staff()
    client.force_login(user)
    return user


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
    assert "3 of 4 are no store IDs: “12a”, “007”, “&lt;i&gt;”" in shown
    assert "9001 12a 007 &lt;i&gt;</textarea>" in shown
    assert 'value="Autumn"' in shown
    assert f'value="{template.pk}" class="form-selectgroup-input" checked' in shown
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"template": ""}, "Choose the template store to copy."),
        ({"template": "999"}, "not there any more"),
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

    shown = text(post(client, template, "9001 1001 1002"))

    assert "1001 (“Fashion &lt;b&gt;”), 1002 (“Shoes”)" in shown
    assert not Batch.objects.exists()


def busy_target(template: TemplateStore, store_id: str) -> CloneJob:
    target = TargetStoreFactory.create(connection=template.connection, store_id=store_id)
    return CloneJobFactory.create(batch__template=template, target=target, status=JobStatus.QUEUED)


def test_busy_stores_are_named_and_nothing_is_started(client: Client, sam: User, template: TemplateStore) -> None:
    busy = busy_target(template, "9001")

    answer = post(client, template, "9001 9002")

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert reverse("clones:job_detail", args=[busy.pk]) in text(answer)
    assert "Leave it out and clone into 1 store" in text(answer)
    assert CloneJob.objects.count() == 1


def test_busy_stores_are_left_out_on_request(client: Client, sam: User, template: TemplateStore) -> None:
    busy = busy_target(template, "9001")

    post(client, template, "9001 9002", leave_out_busy="1")

    assert [job.target.store_id for job in CloneJob.objects.exclude(pk=busy.pk)] == ["9002"]


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


def test_the_same_order_an_hour_later_is_no_second_click(client: Client, sam: User, template: TemplateStore) -> None:
    post(client, template, "9001")
    Batch.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert post(client, template, "9001").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_the_address_may_fill_in_the_form(client: Client, sam: User, template: TemplateStore) -> None:
    TemplateStoreFactory.create(connection=template.connection, name="Other")

    shown = text(client.get(URL, {"template": template.pk, "targets": "9001"}))

    assert f'value="{template.pk}" class="form-selectgroup-input" checked' in shown
    assert "9001</textarea>" in shown


def test_without_a_template_staff_are_told_whom_to_ask(client: Client, sam: User) -> None:
    ConnectionFactory.create()

    assert "Ask an admin" in text(client.get(URL))


@pytest.mark.parametrize("count", [1, 30])
def test_the_page_takes_as_many_queries_for_many_templates(
    client: Client, sam: User, count: int, django_assert_max_num_queries: Any
) -> None:
    connection = ConnectionFactory.create()
    for _ in range(count):
        TemplateStoreFactory.create(connection=connection)

    with django_assert_max_num_queries(8):
        client.get(URL)
