"""The "Test" of a template store, against the sandbox over HTTP."""

import json
from datetime import datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from pytest_django import Settings

from clones.models import TemplateStore
from clones.operations.stores import StoreFacts, change_template, make_template
from clones.operations.template_trial import try_template
from clones.secrets import Secret
from tests.conftest import connect_to
from tests.ecwid.servers import LocalServer, answering, plain
from tests.factories import ConnectionFactory, TemplateStoreFactory
from tests.sandbox_process import CLIENT_SECRET, SandboxProcess, store_token

pytestmark = pytest.mark.django_db(transaction=True)

TESTED = (
    "tested_at",
    "tested_name",
    "tested_url",
    "tested_product_count",
    "tested_category_count",
    "tested_product_limit",
)
NEVER = (None, "", "", None, None, None)
TOKEN = "secret_of-store-1003"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def template(sandbox: SandboxProcess) -> TemplateStore:
    """Return a template with its token, at the sandbox."""
    sandbox.add_store(
        1003,
        name="Tea room",
        url="https://tea.example.com",
        products=1234,
        categories=7,
        sample_products=3,
        product_limit=2500,
    )
    return make_template(connect_to(sandbox), "1003", StoreFacts("Tea", store_token(1003)))


def remembered(template: TemplateStore) -> tuple[object, ...]:
    """Return the tested_ columns as the database has them."""
    return tuple(TemplateStore.objects.values_list(*TESTED).get(pk=template.pk))


def asked(sandbox: SandboxProcess) -> list[str]:
    return [request.call for request in sandbox.requests()]


def test_a_store_tells_who_it_is_and_what_it_holds(
    template: TemplateStore, sandbox: SandboxProcess, now: datetime
) -> None:
    trial = try_template(template, now)

    assert (trial.ok, trial.headline) == (True, "Store 1003 answers.")
    assert trial.facts == (
        ("Name", "Tea room"),
        ("Address", "https://tea.example.com"),
        ("Products", "1,234"),
        ("Categories", "7"),
        ("Products that its plan allows", "2,500"),
        ("Suspended", "no"),
    )
    assert asked(sandbox) == ["profile", "latest_stats"]


def test_what_the_store_told_is_remembered(template: TemplateStore, now: datetime) -> None:
    try_template(template, now)

    at, *told = TemplateStore.objects.values_list(*TESTED).get(pk=template.pk)
    assert now <= at <= timezone.now()
    assert told == ["Tea room", "https://tea.example.com", 1234, 7, 2500]


def test_a_failed_test_leaves_what_was_remembered(
    template: TemplateStore, sandbox: SandboxProcess, now: datetime
) -> None:
    try_template(template, now)
    before = remembered(template)
    sandbox.fault("html", call="latest_stats")

    trial = try_template(template, now + timedelta(minutes=1))

    assert not trial.ok
    assert "No usable answer" in trial.headline
    assert remembered(template) == before


def test_without_a_token_the_key_is_tested_and_that_proves_no_store(
    template: TemplateStore, sandbox: SandboxProcess, now: datetime
) -> None:
    TemplateStore.objects.update(product_count=40, category_count=3)
    bare = change_template(template, StoreFacts("Tea", ""))

    trial = try_template(bare, now)

    assert not trial.ok
    assert trial.headline.startswith("No store token: ")
    assert trial.facts == (
        ("Connection", "Ecwid accepts the key of connection Sandbox."),
        ("Products in the last clone of it", "40"),
        ("Categories in the last clone of it", "3"),
    )
    assert asked(sandbox) == ["store_lookup"]
    assert remembered(template) == NEVER


def test_without_a_token_a_refused_key_is_told(template: TemplateStore, now: datetime) -> None:
    bare = change_template(template, StoreFacts("Tea", ""))
    bare.connection.client_secret = Secret.seal("sesame-opens-nothing")
    bare.connection.save()

    trial = try_template(bare, now)

    assert "Application does not exist" in dict(trial.facts)["Connection"]


def test_a_wrong_token_is_told_and_not_shown(template: TemplateStore, now: datetime) -> None:
    trial = try_template(change_template(template, StoreFacts("Tea", TOKEN)), now)

    assert not trial.ok
    assert "INVALID_API_TOKEN" in trial.headline
    assert "Set a new token of store 1003" in trial.headline
    assert TOKEN not in repr(trial)
    assert remembered(template) == NEVER


def test_a_wrong_token_stops_no_clones(template: TemplateStore, now: datetime) -> None:
    try_template(change_template(template, StoreFacts("Tea", TOKEN)), now)

    template.connection.refresh_from_db()
    assert template.connection.standstill(now) == ""


def test_a_store_that_is_not_there_is_told(template: TemplateStore, now: datetime) -> None:
    elsewhere = make_template(template.connection, "1404", StoreFacts("Gone", TOKEN))

    trial = try_template(elsewhere, now)

    assert not trial.ok
    assert "Check the store ID 1404" in trial.headline


def test_a_suspended_store_is_told(template: TemplateStore, sandbox: SandboxProcess, now: datetime) -> None:
    sandbox.add_store(1003, suspended=True)

    trial = try_template(template, now)

    assert not trial.ok
    assert "is suspended" in trial.headline


def test_a_token_without_the_catalog_shows_and_remembers_the_rest(
    template: TemplateStore, sandbox: SandboxProcess, now: datetime
) -> None:
    sandbox.add_store(1003, name="Tea room", scopes=["read_store_profile"], product_limit=2500)

    trial = try_template(template, now)

    _, name, _, *counts = remembered(template)
    assert not trial.ok
    assert "read_catalog" in trial.headline
    assert dict(trial.facts).keys() == {"Name", "Address", "Products that its plan allows", "Suspended"}
    assert (name, counts) == ("Tea room", [None, None, 2500])


def test_a_rate_limit_of_a_token_is_heeded_until_its_end(
    template: TemplateStore, sandbox: SandboxProcess, now: datetime
) -> None:
    sandbox.fault("rate_limit", call="profile", retry_after="30")

    first = try_template(template, now)
    sandbox.clear_faults()
    within = try_template(template, now + timedelta(seconds=29))
    asked_within = len(asked(sandbox))
    after = try_template(template, now + timedelta(minutes=1))

    assert "30 s" in first.headline
    assert "nothing was sent" in within.headline
    assert (within.ok, asked_within) == (False, 1)
    assert after.ok


def test_a_token_that_cannot_be_decrypted_is_told_and_nothing_is_sent(
    template: TemplateStore, sandbox: SandboxProcess, now: datetime, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    trial = try_template(template, now)

    assert not trial.ok
    assert "store the secret again" in trial.headline
    assert asked(sandbox) == []


def test_the_second_question_is_not_asked_when_the_first_took_all_the_time(
    template: TemplateStore, sandbox: SandboxProcess, now: datetime
) -> None:
    # It begins, and the first question has all its time, also on its thread; from then on ten seconds are over.
    clock = iter([0.0, 0.0, 0.0])

    trial = try_template(template, now, lambda: next(clock, 10.0))

    assert not trial.ok
    assert "the time was used up" in trial.headline
    assert asked(sandbox) == ["profile"]
    assert remembered(template) == NEVER


def answered(body: object, now: datetime) -> tuple[TemplateStore, str, tuple[tuple[str, str], ...], list[bytes]]:
    """Test store 1003 at a server that answers everything with `body`; return template, headline, facts, requests."""
    with LocalServer(answering(plain(json.dumps(body).encode()))) as server:
        connection = ConnectionFactory.create(api_url=f"{server.url}/api/v3")
        template = TemplateStoreFactory.create(connection=connection, store_id="1003", token=Secret.seal(TOKEN))
        trial = try_template(template, now)
        return template, f"{trial.ok}: {trial.headline}", trial.facts, server.requests


def test_the_profile_of_another_store_is_told_and_not_remembered(now: datetime) -> None:
    template, said, facts, requests = answered({"generalInfo": {"storeId": 1004}}, now)

    assert said.startswith("False: The token belongs to store 1004")
    assert (facts, len(requests), remembered(template)) == ((), 1, NEVER)


def test_a_profile_that_says_suspended_is_no_success(now: datetime) -> None:
    body = {"generalInfo": {"storeId": "1003"}, "account": {"suspended": True}, "settings": {"storeName": "Tea room"}}

    template, said, facts, _ = answered(body, now)

    assert said.startswith("False: Store 1003 is suspended")
    assert facts == (("Name", "Tea room"), ("Suspended", "yes"))
    assert remembered(template)[1] == "Tea room"


def test_what_no_column_takes_is_cut_or_left_out(now: datetime) -> None:
    body = {
        "generalInfo": {"storeId": 1003, "storeUrl": f"https://example.com/{'u' * 400}"},
        "account": {"accountName": "n" * 400, "limitsAndRestrictions": {"maxProductLimit": 2**40}},
        "productCount": -1,
        "categoryCount": 2**31,
    }

    template, said, facts, _ = answered(body, now)

    _, name, url, *counts = remembered(template)
    assert said.startswith("True: ")
    assert (len(str(name)), len(str(url)), counts) == (255, 300, [None, None, None])
    assert dict(facts).keys() == {"Name", "Address"}


def test_no_secret_is_in_a_result(template: TemplateStore, now: datetime) -> None:
    trial = try_template(template, now)

    assert store_token(1003) not in repr(trial)
    assert CLIENT_SECRET not in repr(trial)
