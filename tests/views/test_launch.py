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
from clones.forms.launch import LaunchForm
from clones.forms.typed_stores import MOST_TARGETS
from clones.models import Batch, CloneJob, Connection, TemplateStore
from clones.views import launch
from tests.drafts import draft_with
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
WHAT_TO_DO = (
    "are no store IDs, or doubtful. Remove what is no store; where a number is one, write “Store ID” before it."
)


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


@pytest.mark.parametrize(
    ("words", "is_ticked"),
    [
        ("on", True),
        ("true", True),
        ("1", True),
        ("", False),
        ("0", False),
        ("False", False),
        ("no", False),
        ("off", False),
    ],
)
def test_a_script_may_say_in_words_whether_demo_products_go_along(
    client: Client, sam: User, template: TemplateStore, words: str, is_ticked: bool
) -> None:
    post(client, template, "9001", clone_demo_catalog=words)

    assert CloneJob.objects.get().clone_demo_catalog is is_ticked


def test_every_wrong_id_is_named_and_what_was_typed_is_kept(client: Client, sam: User, template: TemplateStore) -> None:
    answer = post(client, template, "9001 12a\n<i7> 9,305", name="Autumn")

    shown = text(answer)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.context["form"].errors["targets"] == [
        f"3 of 4 {WHAT_TO_DO}",
        "Line 1: '12a' is not a store ID: a store ID is a number without leading zeros, like 1003.",
        "Line 2: 'i7' is not a store ID: a store ID is a number without leading zeros, like 1003.",
        "Line 2: '9,305' has signs between its thousands: write it with digits only, 9305, if that is the store.",
    ]
    assert "9001 12a\n&lt;i7&gt; 9,305</textarea>" in shown
    assert 'value="Autumn"' in shown
    assert f'value="{template.pk}" class="form-selectgroup-input" checked' in shown
    assert not Batch.objects.exists()


def test_a_number_that_may_be_no_store_is_told_with_its_line(
    client: Client, sam: User, template: TemplateStore
) -> None:
    answer = post(client, template, "Hi,\nplease clone:\n9001\nThanks, Kim, Tel. 4012345 <kim@example.com>")

    assert answer.context["form"].errors["targets"] == [
        f"2 of 3 {WHAT_TO_DO}",
        "Line 4: Is 4012345 a store? It stands in “Thanks, Kim, Tel. 4012345 <kim@example.com>”. Say so, or remove it.",
        "Line 4: To have a store created for kim@example.com, prepare a batch in steps. Here, remove it.",
    ]
    assert not Batch.objects.exists()


def test_what_is_called_a_store_id_and_what_stands_alone_is_launched(
    client: Client, sam: User, template: TemplateStore
) -> None:
    post(client, template, "Hi,\nplease clone into Store ID 77 for Anna, and:\n9001: Bert\n9002\nThanks")

    assert set(CloneJob.objects.values_list("target__store_id", flat=True)) == {"77", "9001", "9002"}


def test_a_pasted_table_says_more_of_its_stores(client: Client, sam: User, template: TemplateStore) -> None:
    post(client, template, "Store ID\tLabel\tZIP\tScope\n9001\tAnna\t20095\tcatalog\n9002\tBert\t\t")

    jobs = CloneJob.objects.order_by("pk").values_list("target__store_id", "target__label", "scope")
    assert list(jobs) == [("9001", "Anna", CloneScope.CATALOG), ("9002", "Bert", CloneScope.ALL)]


def test_a_store_that_a_pasted_table_names_twice_is_told_with_its_lines(
    client: Client, sam: User, template: TemplateStore
) -> None:
    response = post(client, template, "Store ID\tLabel\n9001\tAnna\n9001\tBert")

    sentence = "Line 3: This store stands in line 2 already, with other cells: keep one of the two rows."
    assert sentence in response.content.decode()


TEXTS = [
    "9001 9002", "9,305", "31 000 001", "31\u00a0000\u00a0001", "3.1E+07", "1003.0", "12a 9001", "9001\n7",
    "Hi, 9001 is for Anna\n9002", "Tel. +49 40 1234567\n9001", "Store ID\tName\n9001\tAnna\n9,002\tBert",
    "9001 is urgent\n9001", "1001 9001", "0401234567", "Store ID 7, 9001 and 9002",
]  # fmt: skip


@pytest.mark.parametrize("typed", TEXTS)
def test_page_and_wizard_take_the_same_and_say_the_same(
    client: Client, sam: User, template: TemplateStore, typed: str
) -> None:
    draft = draft_with(sam, template, typed)
    right = {row.store_id for row in draft.targets.all() if not row.errors}
    said = [" ".join(sentence for each in row.errors.values() for sentence in each) for row in draft.targets.all()]

    post(client, template, typed)
    form = LaunchForm({"template": template.pk, "targets": typed, "scope": CloneScope.ALL})

    complaints = list(form.errors.get("targets", []))[1:]
    assert [str(sentence).partition(": ")[2] for sentence in complaints] == [each for each in said if each]
    launched = set(CloneJob.objects.values_list("target__store_id", flat=True))
    assert launched == (set() if complaints else right)


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ("", ""),
        (" \n", ""),
        ("9001", "1 store"),
        ("9001 9002 9001", "2 stores; 1 named twice and counted once"),
        ("9,305", "0 stores; 1 is no store ID, or doubtful: “9,305”"),
        (
            "9001: Anna\nTel. 040 123 45 67",
            "1 store; 1 is no store ID, or doubtful: “040 123 45 67”; 2 words passed over",
        ),
        (
            " ".join(f"{n}a" for n in range(6)),
            "0 stores; 6 are no store IDs, or doubtful: “0a”, “1a”, “2a”, “3a”, “4a”, …",
        ),
        (
            "9001 Anna, open 24/7\n9002 Bert, open 24/7",
            "2 stores; 1 is no store ID, or doubtful: “24/7”; 4 words passed over",
        ),
        (f"secret_{'a1' * 16}", "0 stores; 1 is no store ID, or doubtful: “secret_…”"),
        ("\n".join(map(str, range(9001, 14002))), "These are 5,001 stores: start at most 5,000 at once."),
    ],
    ids=range(10),
)
def test_the_count_says_what_is_typed_and_what_is_doubtful(
    client: Client, sam: User, template: TemplateStore, typed: str, count: str
) -> None:
    answer = client.post(URL, {"targets": typed, "count": "1", "counted": "-"}, headers={"HX-Request": "true"})

    assert unescape(re.sub(r"<[^>]*>", "", text(answer))).strip() == count
    assert not Batch.objects.exists()


def test_a_count_that_the_page_has_already_is_not_sent_again(
    client: Client, sam: User, template: TemplateStore
) -> None:
    answer = client.post(URL, {"targets": "9001", "count": "1", "counted": "1 store"})

    assert answer.status_code == HTTPStatus.NO_CONTENT


def test_the_page_counts_what_an_address_filled_in(client: Client, sam: User, template: TemplateStore) -> None:
    assert '<span id="launch-count">2 stores<' in text(client.get(f"{URL}?targets=9001&targets=9002"))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"template": ""}, "Choose the template store to copy."),
        ({"template": MISSING}, "not there any more"),
        ({"targets": ""}, "Name at least one target store."),
        ({"targets": " , ;"}, "Name at least one target store."),
        ({"targets": " ".join(map(str, range(9001, 14002)))}, "start at most 5,000 at once"),
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

    answer = post(client, template, "9001 1001 1002 12a")

    said = answer.context["form"].errors["targets"]
    assert said[1] == "Line 1: Store 1001 is the template itself: remove this row."
    assert "1002 (“Shoes”) cannot be cloned into" in said[2]
    assert "'12a' is not a store ID" in said[3]
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


def test_of_very_many_wrong_ids_fifty_are_told(client: Client, sam: User, template: TemplateStore) -> None:
    answer = post(client, template, " ".join(f"x{number}" for number in range(1000)) + " " + "y1" * 41)

    said = answer.context["form"].errors["targets"]
    assert said[0].startswith("1,001 of 1,001 are no store IDs")
    assert len(said) == 52
    assert said[-1] == "And 951 more."


def test_a_wrong_id_of_any_length_is_named_in_short(client: Client, sam: User, template: TemplateStore) -> None:
    assert f"{'y1' * 20}…" in text(post(client, template, "y1" * 21))


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
