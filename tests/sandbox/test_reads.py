"""The reads of a store as raw requests see them: exact envelopes and fields of the contract's section 6."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sandbox.api import Api
from tests.sandbox_process import SandboxProcess

PRODUCT = {"id", "name", "sku", "url", "enabled", "isSampleProduct", "categoryIds", "productClassId", "media"}
CATEGORY = {"id", "name", "url", "productCount", "enabled"}
READS = ("profile", "products", "categories", "classes", "latest-stats")


def test_the_profile_says_who_the_store_is(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(
        7, name="Tea room", owner_email="tea@example.com", url="https://tea.example.com", product_limit=250
    )

    answer = api.read("profile", 7)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.json() == {
        "generalInfo": {"storeId": 7, "storeUrl": "https://tea.example.com", "websitePlatform": "instantsite"},
        "account": {
            "accountName": "Owner of store 7",
            "accountEmail": "tea@example.com",
            "suspended": False,
            "limitsAndRestrictions": {"maxProductLimit": 250},
        },
        "settings": {"storeName": "Tea room"},
    }


def test_a_store_that_is_told_nothing_has_a_profile_all_the_same(api: Api) -> None:
    profile = api.read("profile", 2).json()

    assert profile["generalInfo"]["storeUrl"] == "https://store2.company.site"
    assert profile["account"]["accountEmail"] == "owner-2@example.com"
    assert profile["account"]["limitsAndRestrictions"] == {"maxProductLimit": 1_000_000}
    assert profile["settings"] == {"storeName": "Store 2"}


def test_a_clone_of_the_settings_brings_the_name_but_neither_owner_nor_address(
    sandbox: SandboxProcess, api: Api
) -> None:
    sandbox.add_store(1, name="Fashion", owner_email="fashion@example.com", url="https://fashion.example.com")

    api.ended(api.accepted(scope="STORE_SETTINGS"))

    profile = api.read("profile", 2).json()
    assert profile["settings"] == {"storeName": "Fashion"}
    assert profile["account"]["accountEmail"] == "owner-2@example.com"
    assert profile["generalInfo"]["storeUrl"] == "https://store2.company.site"


def test_a_page_of_products_is_what_the_store_has(sandbox: SandboxProcess, api: Api) -> None:
    page = api.read("products").json()

    assert {name: page[name] for name in ("total", "count", "offset", "limit")} == {
        "total": 14,
        "count": 14,
        "offset": 0,
        "limit": 100,
    }
    assert all(set(item) == PRODUCT for item in page["items"])
    assert [
        (
            item["id"],
            item["name"],
            item["sku"],
            item["url"],
            item["enabled"],
            item["isSampleProduct"],
            item["categoryIds"],
            item["productClassId"],
            len(item["media"]["images"]),
        )
        for item in page["items"]
    ] == [
        (
            row["id"],
            row["name"],
            row["sku"],
            row["url"],
            row["enabled"],
            row["is_sample"],
            row["category_ids"],
            row["type_id"],
            row["images"],
        )
        for row in sandbox.store(1)["products"]
    ]


def test_demo_and_hidden_products_are_listed_and_marked(api: Api) -> None:
    items = api.read("products").json()["items"]

    assert [item["isSampleProduct"] for item in items] == [False] * 12 + [True] * 2
    assert {item["enabled"] for item in items} == {True, False}
    assert {item["productClassId"] for item in items} >= {0}
    assert all(item["url"].startswith("https://store1.company.site/products/") for item in items)


@pytest.mark.parametrize(
    ("query", "limit", "offset", "count"),
    [
        ({}, 100, 0, 100),
        ({"limit": 100, "offset": 200}, 100, 200, 50),
        ({"limit": 7, "offset": 3}, 7, 3, 7),
        ({"limit": 1000}, 100, 0, 100),
        ({"offset": 250}, 100, 250, 0),
        ({"offset": "9" * 18}, 100, 999_999_999_999_999_999, 0),
        ({"limit": 0}, 0, 0, 0),
    ],
)
def test_a_listing_comes_in_pages_of_a_hundred_at_most(
    sandbox: SandboxProcess, api: Api, query: dict[str, Any], limit: int, offset: int, count: int
) -> None:
    sandbox.add_store(1, products=250)
    ids = [row["id"] for row in sandbox.store(1)["products"]]

    page = api.read("products", **query).json()

    assert (page["total"], page["count"], page["offset"], page["limit"]) == (250, count, offset, limit)
    assert [item["id"] for item in page["items"]] == ids[offset : offset + limit]


@pytest.mark.parametrize(("offset", "hidden"), [(0, {}), (10, {"hidden_categories": "true"})])
def test_categories_come_in_the_same_envelope(
    sandbox: SandboxProcess, api: Api, offset: int, hidden: dict[str, Any]
) -> None:
    sandbox.add_store(1, products=60, categories=40, sample_categories=2)
    rows = [row for row in sandbox.store(1)["categories"] if row["enabled"] or hidden]

    page = api.read("categories", limit=20, offset=offset, **hidden).json()

    assert (page["total"], page["count"], page["offset"], page["limit"]) == (len(rows), 20, offset, 20)
    assert [(item["id"], item["name"], item["url"], item["enabled"]) for item in page["items"]] == [
        (row["id"], row["name"], row["url"], row["enabled"]) for row in rows[offset : offset + 20]
    ]


def test_hidden_categories_are_left_out_unless_asked_for(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1, categories=22)

    shown = api.read("categories").json()
    all_of_them = api.read("categories", hidden_categories="true").json()
    without = api.read("categories", hidden_categories="false").json()

    assert (shown["total"], all_of_them["total"], without["total"]) == (20, 22, 20)
    assert {item["enabled"] for item in shown["items"]} == {True}
    assert [item["enabled"] for item in all_of_them["items"]].count(False) == 2


def test_a_category_at_the_root_has_no_parent(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1, categories=12)
    parents = {row["id"]: row["parent_id"] for row in sandbox.store(1)["categories"]}

    items = api.read("categories", hidden_categories="true").json()["items"]

    assert {item["id"]: item.get("parentId") for item in items} == parents
    assert {frozenset(item) for item in items} == {frozenset(CATEGORY), frozenset(CATEGORY | {"parentId"})}


def test_a_category_counts_the_products_that_stand_in_it(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1, products=50, categories=5)
    sandbox.add_store(3, products=50, categories=5)
    shelves = [one for row in sandbox.store(1)["products"] for one in row["category_ids"]]

    items = api.read("categories", hidden_categories="true").json()["items"]

    assert {item["id"]: item["productCount"] for item in items} == {one: shelves.count(one) for one in set(shelves)}


def test_product_types_begin_with_the_default_one(sandbox: SandboxProcess, api: Api) -> None:
    own = [(row["id"], row["name"]) for row in sandbox.store(1)["types"]]

    types = api.read("classes").json()

    assert [(one["id"], one["name"]) for one in types] == [(0, "General"), *own]
    assert all({"id", "name"} == set(attribute) for one in types for attribute in one["attributes"])
    assert [one["id"] for one in api.read("classes", 2).json()] == [0]


def test_statistics_leave_demo_products_out(sandbox: SandboxProcess, api: Api) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    sandbox.add_store(1, products=12, categories=5, sample_products=2, sample_categories=1)

    stats = api.read("latest-stats", productCountRequired="true", categoryCountRequired="true").json()

    assert set(stats) == {"productsUpdated", "categoriesUpdated", "productCount", "categoryCount"}
    assert (stats["productCount"], stats["categoryCount"]) == (12, 6)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000", stats["productsUpdated"])
    assert before <= datetime.strptime(stats["productsUpdated"], "%Y-%m-%d %H:%M:%S %z") <= datetime.now(UTC)


def test_a_clone_of_the_catalog_and_of_nothing_less_updates_the_statistics(sandbox: SandboxProcess, api: Api) -> None:
    with closing(sqlite3.connect(sandbox.database)) as database, database:
        database.execute("UPDATE sandbox_store SET catalog_updated_at = 0")

    api.ended(api.accepted(scope="STORE_SETTINGS"))
    after_settings = api.read("latest-stats", 2).json()
    api.ended(api.accepted(scope="CATALOG"))
    after_catalog = api.read("latest-stats", 2).json()

    assert set(after_settings.values()) == {"1970-01-01 00:00:00 +0000"}
    assert all(not changed_at.startswith("1970") for changed_at in after_catalog.values())


def test_statistics_count_only_what_is_asked_for(api: Api) -> None:
    assert set(api.read("latest-stats").json()) == {"productsUpdated", "categoriesUpdated"}
    assert "categoryCount" not in api.read("latest-stats", productCountRequired="true").json()


def test_a_finished_clone_is_read_in_the_target(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1, products=12, categories=5, types=2, url="https://shop.example.com")

    mapping = api.ended(api.accepted())["clonedEntitiesMapping"]

    products = api.read("products", 2).json()["items"]
    categories = api.read("categories", 2, hidden_categories="true").json()["items"]
    assert [str(item["id"]) for item in products] == list(mapping["products"].values())
    assert [str(item["id"]) for item in categories] == list(mapping["categories"].values())
    assert all(item["url"].startswith("https://store2.company.site/") for item in products + categories)
    assert {one for item in products for one in item["categoryIds"]} <= {item["id"] for item in categories}
    assert len(api.read("classes", 2).json()) == 3


@pytest.mark.parametrize(
    ("path", "fields", "body"),
    [
        ("products", "total,limit", {"total": 14, "limit": 100}),
        ("categories", "count,items(enabled,price)", {"count": 6, "items": [{"enabled": True}] * 6}),
        ("profile", "generalInfo(storeId)", {"generalInfo": {"storeId": 1}}),
        ("latest-stats", "productCount", {}),
    ],
)
def test_response_fields_keep_an_answer_small(api: Api, path: str, fields: str, body: dict[str, object]) -> None:
    assert api.read(path, responseFields=fields).json() == body


def test_response_fields_keep_the_items_small(api: Api) -> None:
    page = api.read("products", responseFields="total,items(id,name,sku,url)").json()

    assert set(page) == {"total", "items"}
    assert [set(item) for item in page["items"]] == [{"id", "name", "sku", "url"}] * 14


def test_response_fields_reach_into_a_bare_list(api: Api) -> None:
    assert api.read("classes", responseFields="id").json()[0] == {"id": 0}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("products", {"limit": "-1"}),
        ("products", {"limit": "ten"}),
        ("products", {"offset": "1.5"}),
        ("products", {"offset": "9" * 19}),
        ("products", {"responseFields": "items("}),
        ("categories", {"hidden_categories": "yes"}),
        ("latest-stats", {"productCountRequired": "1"}),
    ],
)
def test_a_parameter_that_makes_no_sense_is_400(api: Api, path: str, query: dict[str, Any]) -> None:
    answer = api.read(path, **query)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "WRONG_PARAMETER")


@pytest.mark.parametrize("email", ["tea@example.com", "TEA@Example.com"])
def test_an_email_that_has_a_store_is_an_empty_object(sandbox: SandboxProcess, api: Api, email: str) -> None:
    sandbox.add_store(7, owner_email="tea@example.com")

    answer = api.look_up(email=email)

    assert (answer.status_code, answer.json()) == (200, {})


@pytest.mark.parametrize("email", ["tea+1@example.com", "tea", "%"])
def test_an_email_that_has_no_store_is_404(sandbox: SandboxProcess, api: Api, email: str) -> None:
    sandbox.add_store(7, owner_email="tea@example.com")

    answer = api.look_up(email=email)

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "STORE_NOT_FOUND")


def test_a_look_up_needs_the_application_and_an_email(sandbox: SandboxProcess, api: Api) -> None:
    with Api(sandbox, secret="not it") as stranger:
        assert stranger.look_up(email="owner-1@example.com").status_code == 403
    assert api.look_up().status_code == 400


@pytest.mark.parametrize("path", [f"1/{path}" for path in READS])
def test_what_only_reads_takes_no_post(sandbox: SandboxProcess, api: Api, path: str) -> None:
    answer = api.session.post(f"{sandbox.api_url}/{path}", timeout=120)

    assert answer.status_code == 404
    assert [row.call for row in sandbox.requests()] == ["unknown"]
