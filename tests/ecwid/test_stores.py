"""Reading one store (contract, section 6)."""

import json
from collections.abc import Callable

import pytest
import requests
import responses
from responses import matchers

from clones.ecwid import (
    CredentialsRefused,
    NoAnswer,
    NotFound,
    RateLimited,
    Refused,
    StoreClient,
    StoreCredentials,
)
from tests.ecwid.conftest import API, STORE_SECRET

STORE = f"{API}/1003"


def test_the_profile_gives_what_the_portal_needs(
    api: responses.RequestsMock, store: StoreClient, sample: Callable[[str], str]
) -> None:
    bearer = matchers.header_matcher({"Authorization": f"Bearer {STORE_SECRET}"})
    api.get(f"{STORE}/profile", body=sample("profile.json"), match=[bearer])

    profile = store.profile()

    assert (profile.store_id, profile.store_name, profile.website_platform) == ("1003", "Garden tools", "instantsite")
    assert (profile.account_name, profile.account_email) == ("Ann Example", "ann@example.com")
    assert (profile.suspended, profile.max_product_limit) == (False, 2500)


def test_what_the_profile_does_not_say_is_not_known(api: responses.RequestsMock, store: StoreClient) -> None:
    api.get(f"{STORE}/profile", json={"generalInfo": {"storeId": "1003"}, "account": []})

    profile = store.profile()

    assert (profile.suspended, profile.max_product_limit, profile.store_name) == (None, None, "")


def test_products_are_read_with_the_fields_asked_for(
    api: responses.RequestsMock, store: StoreClient, sample: Callable[[str], str]
) -> None:
    query = {"limit": "100", "offset": "0", "responseFields": "total,count,offset,limit,items(id,name,sku)"}
    api.get(f"{STORE}/products", body=sample("products.json"), match=[matchers.query_param_matcher(query)])

    spade, rake = store.products(fields=("name", "sku"))

    assert (spade.id, spade.sku, spade.category_ids, spade.product_type_id) == ("54321", "00001", ("777", "778"), "0")
    assert (rake.name, rake.enabled, rake.is_sample) == ("Rake <b>", False, True)


def test_categories_are_read_hidden_ones_included(
    api: responses.RequestsMock, store: StoreClient, sample: Callable[[str], str]
) -> None:
    hidden = matchers.query_param_matcher({"hidden_categories": "true"}, strict_match=False)
    api.get(f"{STORE}/categories", body=sample("categories.json"), match=[hidden])

    tools, hand_tools = store.categories()

    assert (tools.parent_id, tools.product_count) == (None, 2)
    assert (hand_tools.id, hand_tools.parent_id, hand_tools.enabled) == ("778", "777", False)


def test_250_products_take_three_requests(api: responses.RequestsMock, store: StoreClient) -> None:
    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        offset = int(request.params["offset"])  # type: ignore[attr-defined]
        items = [{"id": number} for number in range(offset, min(offset + 100, 250))]
        return 200, {}, json.dumps({"total": 250, "items": items})

    api.add_callback(responses.GET, f"{STORE}/products", answer)

    assert [product.id for product in store.products()] == [str(number) for number in range(250)]
    assert len(api.calls) == 3


def test_a_server_that_repeats_its_first_page_is_not_believed(api: responses.RequestsMock, store: StoreClient) -> None:
    api.get(f"{STORE}/products", json={"total": 200, "items": [{"id": number} for number in range(100)]})

    with pytest.raises(NoAnswer):
        list(store.products())

    assert len(api.calls) == 2


def test_product_types_name_the_default_one(
    api: responses.RequestsMock, store: StoreClient, sample: Callable[[str], str]
) -> None:
    api.get(f"{STORE}/classes", body=sample("classes.json"))

    general, books = store.product_types()

    assert (general.is_default, books.is_default) == (True, False)
    assert books.attributes == ("Author", "Year")


def test_statistics_are_asked_for_with_their_counts(
    api: responses.RequestsMock, store: StoreClient, sample: Callable[[str], str]
) -> None:
    query = matchers.query_param_matcher({"productCountRequired": "true", "categoryCountRequired": "true"})
    api.get(f"{STORE}/latest-stats", body=sample("latest_stats.json"), match=[query])

    stats = store.latest_stats()

    assert (stats.product_count, stats.category_count) == (40, 7)
    assert stats.products_updated == "2026-01-14 14:42:45 +0000"


@pytest.mark.parametrize(
    ("status", "code", "exception"),
    [
        (400, "WRONG_PARAMETER", Refused),
        (402, "STORE_IS_SUSPENDED", Refused),
        (402, "NOT_AVAILABLE_ON_CURRENT_PLAN", Refused),
        (403, "INSUFFICIENT_APP_SCOPE", CredentialsRefused),
        (403, "INVALID_API_TOKEN", CredentialsRefused),
        (404, "STORE_NOT_FOUND", NotFound),
        (200, "STORE_NOT_FOUND", NotFound),
        (408, "TIMEOUT", NoAnswer),
        (429, "RATE_LIMITED", RateLimited),
        (500, "INTERNAL_ERROR", NoAnswer),
    ],
)
def test_every_general_error_has_its_exception(
    api: responses.RequestsMock, store: StoreClient, status: int, code: str, exception: type[Exception]
) -> None:
    api.get(f"{STORE}/profile", json={"errorCode": code, "errorMessage": "No"}, status=status)

    with pytest.raises(exception) as caught:
        store.profile()

    assert type(caught.value) is exception


@pytest.mark.parametrize("body", ["null", "[1]", "7", '"profile"', "{}", '{"generalInfo": 7}'])
def test_a_profile_of_another_shape_is_no_answer(api: responses.RequestsMock, store: StoreClient, body: str) -> None:
    api.get(f"{STORE}/profile", body=body)

    with pytest.raises(NoAnswer):
        store.profile()


@pytest.mark.parametrize("store_id", ["", ".", "..", "1/2", "1?x", "1#x", "1 2", "\uff11"])
def test_a_store_id_that_would_change_the_path_is_refused(session: requests.Session, store_id: str) -> None:
    with pytest.raises(ValueError, match="store ID"):
        StoreClient(StoreCredentials(API, store_id, STORE_SECRET), session)
