"""Creating stores and looking them up: by a plain client, and by the portal's own with every test e-mail."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from clones.ecwid import (
    AppCredentials,
    Conflict,
    CreatedStore,
    CredentialsRefused,
    EcwidError,
    NewMerchant,
    NoAnswer,
    PartnerClient,
    RateLimited,
    Refused,
    make_session,
)
from clones.sandbox.testemails import TEST_EMAILS
from tests.sandbox.api import Api
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, SandboxProcess, store_token

MERCHANT = {"email": "new@example.com", "name": "New Shop"}
APP_SCOPES = ["clone_stores", "create_stores", "read_stores"]


@pytest.fixture
def partner(sandbox: SandboxProcess) -> Iterator[PartnerClient]:
    with make_session() as session:
        yield PartnerClient(AppCredentials(sandbox.api_url, CLIENT_ID, CLIENT_SECRET), session)


def verdict(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


def test_a_created_store_can_be_read_at_once_with_its_token(sandbox: SandboxProcess, api: Api) -> None:
    created = api.create({"merchant": MERCHANT, "profile": {"settings": {"storeName": "Corner"}}}).json()

    profile = api.read("profile", created["id"], token=created["token"]).json()
    products = api.read("products", created["id"], token=created["token"]).json()

    assert set(created) == {"id", "token"}
    assert isinstance(created["id"], int)
    assert created["token"].startswith("secret_")
    assert (profile["account"]["accountName"], profile["account"]["accountEmail"]) == ("New Shop", "new@example.com")
    assert profile["settings"]["storeName"] == "Corner"
    assert {item["isSampleProduct"] for item in products["items"]} == {True}
    assert api.look_up(email="NEW@example.com").json() == {}


def test_a_created_store_can_be_cloned_into(sandbox: SandboxProcess, api: Api) -> None:
    created = api.create({"merchant": MERCHANT}).json()

    assert api.ended(api.accepted(1, created["id"]))["status"] == "COMPLETED"


@pytest.mark.parametrize("wish", [None, "false"])
def test_a_token_comes_only_when_asked_for(api: Api, wish: str | None) -> None:
    assert set(api.create({"merchant": MERCHANT}, returnApiToken=wish).json()) == {"id"}


def test_the_id_of_a_store_that_is_there_is_not_given_again(sandbox: SandboxProcess, api: Api) -> None:
    first = api.create({"merchant": MERCHANT}).json()["id"]
    sandbox.add_store(first + 1)

    second = api.create({"merchant": {**MERCHANT, "email": "second@example.com"}}).json()["id"]

    assert second == first + 2


@pytest.mark.parametrize("email", ["owner-1@example.com", "OWNER-1@example.com"])
def test_an_email_that_has_a_store_is_409(sandbox: SandboxProcess, api: Api, email: str) -> None:
    answer = api.create({"merchant": {**MERCHANT, "email": email}})

    assert verdict(answer) == (409, "CONSTRAINT_VIOLATION")
    assert len(sandbox.stores()) == 2


def test_of_simultaneous_calls_for_one_email_one_is_created(sandbox: SandboxProcess, api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = [answer.status_code for answer in pool.map(api.create, [{"merchant": MERCHANT}] * 8)]

    assert sorted(statuses) == [200, *[409] * 7]
    assert len(sandbox.stores("new@example.com")) == 1


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"merchant": "new@example.com"},
        {"merchant": {"name": "New"}},
        *(
            {"merchant": {**MERCHANT, "email": bad}}
            for bad in ("", "new", "@example.com", "a b@c.de", "a@b", 7, "x" * 300)
        ),
        *({"merchant": {**MERCHANT, "name": bad}} for bad in ("", " ", None, 7, "x" * 201)),
        *({"merchant": {**MERCHANT, "password": bad}} for bad in ("12345", 123456)),
        {"merchant": MERCHANT, "profile": "none"},
        {"merchant": MERCHANT, "profile": {"settings": 7}},
        {"merchant": MERCHANT, "affiliatePartner": "me"},
    ],
)
def test_a_body_that_makes_no_sense_is_400(sandbox: SandboxProcess, api: Api, body: object) -> None:
    assert verdict(api.create(body)) == (400, "WRONG_PARAMETER")
    assert len(sandbox.stores()) == 2


def test_a_wrong_key_is_403(sandbox: SandboxProcess) -> None:
    with Api(sandbox, secret="not it") as stranger:
        assert verdict(stranger.create({"merchant": MERCHANT})) == (403, "AUTH_APP_DOESNT_EXIST")
    assert sandbox.stores() == []


CALLS_BY_SCOPE: dict[str, Callable[[Api], requests.Response]] = {
    "clone_stores": Api.start,
    "create_stores": lambda api: api.create({"merchant": MERCHANT}),
    "read_stores": lambda api: api.look_up(email="owner-1@example.com"),
}


@pytest.mark.parametrize("missing", APP_SCOPES)
def test_an_application_does_what_its_scopes_allow(sandbox: SandboxProcess, api: Api, missing: str) -> None:
    sandbox.add_app(CLIENT_ID, CLIENT_SECRET, [scope for scope in APP_SCOPES if scope != missing])

    answers = {scope: call(api).status_code for scope, call in CALLS_BY_SCOPE.items()}

    assert answers == {scope: 403 if scope == missing else 200 for scope in APP_SCOPES}
    assert verdict(CALLS_BY_SCOPE[missing](api)) == (403, "INSUFFICIENT_APP_SCOPE")


def test_following_a_clone_needs_the_scope_too(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_app(CLIENT_ID, CLIENT_SECRET, [])

    assert verdict(api.status("any")) == (403, "INSUFFICIENT_APP_SCOPE")


def test_an_application_with_a_scope_that_nobody_knows_is_a_mistake(sandbox: SandboxProcess) -> None:
    with pytest.raises(AssertionError, match="read_orders"):
        sandbox.add_app("own", "secret", ["read_orders"])


def create(partner: PartnerClient, email: str) -> CreatedStore | type[EcwidError]:
    """Return the new store, or what the portal's client takes the answer for."""
    try:
        return partner.create_store(NewMerchant(email, "New Shop"))
    except EcwidError as error:
        return type(error)


def look_up(partner: PartnerClient, email: str) -> bool | type[EcwidError]:
    try:
        return partner.email_has_store(email)
    except EcwidError as error:
        return type(error)


# What create store gives first, what the look-up says then, what a second try gives. CreatedStore: a store.
READINGS: dict[str, tuple[type, object, type]] = {
    "lost-created": (NoAnswer, True, Conflict),
    "lost-nothing": (NoAnswer, False, CreatedStore),
    "empty-created": (NoAnswer, True, Conflict),
    "html-created": (NoAnswer, True, Conflict),
    "error-created": (NoAnswer, True, Conflict),
    "error-nothing": (NoAnswer, False, CreatedStore),
    "unclear-created": (NoAnswer, NoAnswer, Conflict),
    "no-token": (CreatedStore, True, Conflict),
    "taken": (Conflict, False, Conflict),
    "invalid": (Refused, False, Refused),
    "forbidden": (CredentialsRefused, False, CredentialsRefused),
    "limited": (RateLimited, RateLimited, RateLimited),
}


def kind(found: CreatedStore | type[EcwidError]) -> type:
    return found if isinstance(found, type) else type(found)


@pytest.mark.parametrize("name", [one.name for one in TEST_EMAILS])
def test_the_portals_client_reads_a_test_email_as_its_table_says(
    sandbox: SandboxProcess, partner: PartnerClient, name: str
) -> None:
    email = f"{name}+7@example.com"

    first, looked_up, second = create(partner, email), look_up(partner, email), create(partner, email)

    assert (kind(first), looked_up, kind(second)) == READINGS[name]
    gives = next(one.gives for one in TEST_EMAILS if one.name == name)
    was_created = gives.startswith("The store is created") or isinstance(second, CreatedStore)
    assert len(sandbox.stores(email)) == was_created


def test_the_portals_client_creates_a_store(sandbox: SandboxProcess, partner: PartnerClient) -> None:
    created = partner.create_store(NewMerchant("new@example.com", "New Shop", password="sesame"))

    (store,) = sandbox.stores("new@example.com")
    assert created == CreatedStore(str(store["id"]), store_token(store["id"]))


def test_a_lost_token_is_told_from_none(sandbox: SandboxProcess, partner: PartnerClient) -> None:
    created = create(partner, "no-token@example.com")

    assert isinstance(created, CreatedStore)
    assert (created.store_id != "", created.token) == (True, "")


def test_after_a_limited_email_all_goes_on_once_the_block_is_over(
    sandbox: SandboxProcess, partner: PartnerClient
) -> None:
    assert create(partner, "limited@example.com") is RateLimited

    sandbox.clear_limits()

    assert isinstance(create(partner, "limited@example.com"), CreatedStore)
