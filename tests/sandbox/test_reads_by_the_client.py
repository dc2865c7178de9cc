"""The portal's own client reads the sandbox over real HTTP: the two have no code in common."""

from collections.abc import Callable, Iterator

import pytest
import requests

from clones.ecwid import (
    AppCredentials,
    CredentialsRefused,
    NotFound,
    PartnerClient,
    RateLimited,
    Refused,
    StoreClient,
    StoreCredentials,
    StoreProfile,
    make_session,
)
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, SandboxProcess, store_token

READS: dict[str, Callable[[StoreClient], object]] = {
    "profile": StoreClient.profile,
    "products": lambda client: list(client.products()),
    "categories": lambda client: list(client.categories()),
    "classes": StoreClient.product_types,
    "latest_stats": StoreClient.latest_stats,
}


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with make_session() as session:
        yield session


@pytest.fixture
def client(sandbox: SandboxProcess, session: requests.Session) -> Callable[..., StoreClient]:
    """Make a client of one store, with its own token unless told otherwise."""

    def make(store_id: int, token: str = "") -> StoreClient:
        return StoreClient(StoreCredentials(sandbox.api_url, str(store_id), token or store_token(store_id)), session)

    return make


@pytest.fixture
def partner(sandbox: SandboxProcess, session: requests.Session) -> Callable[..., PartnerClient]:
    def make(secret: str = CLIENT_SECRET) -> PartnerClient:
        return PartnerClient(AppCredentials(sandbox.api_url, CLIENT_ID, secret), session)

    return make


def test_the_profile_is_read(sandbox: SandboxProcess, client: Callable[..., StoreClient]) -> None:
    sandbox.add_store(7, name="Tea room", owner_email="tea@example.com", url="https://tea.example.com", product_limit=5)

    assert client(7).profile() == StoreProfile(
        store_id="7",
        store_url="https://tea.example.com",
        website_platform="instantsite",
        account_name="Owner of store 7",
        account_email="tea@example.com",
        suspended=False,
        max_product_limit=5,
        store_name="Tea room",
    )


def test_every_product_of_several_pages_is_read(sandbox: SandboxProcess, client: Callable[..., StoreClient]) -> None:
    sandbox.add_store(7, products=230, categories=4, types=2, sample_products=3)

    products = list(client(7).products())

    assert [
        (one.id, one.name, one.sku, one.url, one.enabled, one.is_sample, one.category_ids, one.product_type_id)
        for one in products
    ] == [
        (
            str(row["id"]),
            row["name"],
            row["sku"],
            row["url"],
            row["enabled"],
            row["is_sample"],
            tuple(str(category) for category in row["category_ids"]),
            str(row["type_id"]),
        )
        for row in sandbox.store(7)["products"]
    ]
    assert len(sandbox.requests(call="products")) == 3


def test_products_are_read_with_a_few_fields(sandbox: SandboxProcess, client: Callable[..., StoreClient]) -> None:
    sandbox.add_store(7, products=1)

    (product,) = client(7).products(("sku",))

    assert (product.sku, product.name, product.enabled) == ("SKU-00001", "", None)


def test_every_category_is_read_hidden_ones_included(
    sandbox: SandboxProcess, client: Callable[..., StoreClient]
) -> None:
    sandbox.add_store(7, products=300, categories=120)

    categories = list(client(7).categories())

    assert [(one.id, one.name, one.url, one.parent_id, one.enabled) for one in categories] == [
        (
            str(row["id"]),
            row["name"],
            row["url"],
            str(row["parent_id"]) if row["parent_id"] else None,
            row["enabled"],
        )
        for row in sandbox.store(7)["categories"]
    ]
    assert sum(one.product_count or 0 for one in categories) == sum(
        len(row["category_ids"]) for row in sandbox.store(7)["products"]
    )


def test_product_types_and_statistics_are_read(sandbox: SandboxProcess, client: Callable[..., StoreClient]) -> None:
    sandbox.add_store(7, products=9, categories=4, types=2, sample_products=3)

    types, stats = client(7).product_types(), client(7).latest_stats()

    assert [one.is_default for one in types] == [True, False, False]
    assert types[0].attributes == ("UPC", "Brand")
    assert (stats.product_count, stats.category_count) == (9, 4)
    assert stats.products_updated.endswith(" +0000")


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_every_refusal_of_a_read_is_understood(
    sandbox: SandboxProcess, client: Callable[..., StoreClient], read: Callable[[StoreClient], object]
) -> None:
    sandbox.add_store(7)
    sandbox.add_store(8, suspended=True)
    sandbox.add_store(9, scopes=[])

    for store_id, token, kind, code in [
        (7, store_token(8), CredentialsRefused, "INVALID_API_TOKEN"),
        (8, "", Refused, "STORE_IS_SUSPENDED"),
        (9, "", CredentialsRefused, "INSUFFICIENT_APP_SCOPE"),
        (404, "", NotFound, "STORE_NOT_FOUND"),
    ]:
        with pytest.raises(Refused) as caught:
            read(client(store_id, token))
        assert (type(caught.value), caught.value.code) == (kind, code)


@pytest.mark.parametrize(("call", "read"), READS.items(), ids=READS)
def test_a_rate_limit_of_a_read_is_understood(
    sandbox: SandboxProcess, client: Callable[..., StoreClient], call: str, read: Callable[[StoreClient], object]
) -> None:
    sandbox.add_store(7)
    sandbox.fault("rate_limit", call=call, retry_after="30")

    with pytest.raises(RateLimited) as caught:
        read(client(7))

    assert caught.value.retry_after == 30


def test_an_email_is_looked_up(sandbox: SandboxProcess, partner: Callable[..., PartnerClient]) -> None:
    sandbox.add_store(7, owner_email="tea+shop@example.com")

    assert partner().email_has_store("tea+shop@example.com") is True
    assert partner().email_has_store("nobody@example.com") is False


def test_a_look_up_with_a_wrong_key_says_nothing_about_the_email(
    sandbox: SandboxProcess, partner: Callable[..., PartnerClient]
) -> None:
    sandbox.add_store(7)

    with pytest.raises(CredentialsRefused):
        partner("not it").email_has_store("owner-7@example.com")
