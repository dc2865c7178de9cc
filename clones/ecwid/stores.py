"""The REST API's calls about one store: their requests, and what their answers say. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from clones.ecwid.schemas import Category, LatestStats, Product, ProductType, StoreProfile
from clones.ecwid.values import (
    Json,
    flag,
    identifier,
    optional_identifier,
    record,
    sequence,
    text,
    whole_number,
)
from clones.ecwid.wire import READ_STATUSES, Request

PAGE_SIZE = 100
PRODUCT_FIELDS = ("id", "name", "sku", "url", "enabled", "isSampleProduct", "categoryIds", "productClassId")
CATEGORY_FIELDS = ("id", "name", "url", "parentId", "productCount", "enabled")
_STORE_ID = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)


def check_store_id(store_id: str) -> str:
    """Give the ID back; raise ValueError for one that would change the path of a URL."""
    if not _STORE_ID.fullmatch(store_id):
        raise ValueError("A store ID is made of digits.")
    return store_id


def read_request(store: Request, path: str, *query: tuple[str, str]) -> Request:
    """Build a GET below the store's own request (base URL with the store's ID, and headers)."""
    return replace(store, method="GET", url=f"{store.url}/{path}", query=query, settled_by=READ_STATUSES)


def page_query(offset: int, fields: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The query of one page of a listing; `id` is asked for in any case, since paging is checked by it."""
    wanted = ",".join(dict.fromkeys(("id", *fields)))
    return (
        ("limit", str(PAGE_SIZE)),
        ("offset", str(offset)),
        ("responseFields", f"total,count,offset,limit,items({wanted})"),
    )


def read_profile(body: Json) -> StoreProfile:
    """The parts of a profile that the portal needs."""
    fields = record(body, "the profile")
    general = record(fields.get("generalInfo"), "generalInfo")
    account = record(fields.get("account"), "account")
    limits = record(account.get("limitsAndRestrictions"), "limitsAndRestrictions")
    settings = record(fields.get("settings"), "settings")
    return StoreProfile(
        store_id=identifier(general.get("storeId"), "the profile"),
        store_url=text(general.get("storeUrl")),
        website_platform=text(general.get("websitePlatform")),
        account_name=text(account.get("accountName")),
        account_email=text(account.get("accountEmail")),
        suspended=flag(account.get("suspended")),
        max_product_limit=whole_number(limits.get("maxProductLimit")),
        store_name=text(settings.get("storeName")),
    )


def read_product(item: Json) -> Product:
    """One item of the product listing."""
    fields = record(item, "a product")
    categories = sequence(fields.get("categoryIds"), "categoryIds")
    return Product(
        id=identifier(fields.get("id"), "a product"),
        name=text(fields.get("name")),
        sku=text(fields.get("sku")),
        url=text(fields.get("url")),
        enabled=flag(fields.get("enabled")),
        is_sample=flag(fields.get("isSampleProduct")),
        category_ids=tuple(identifier(category, "a product's category") for category in categories),
        product_type_id=optional_identifier(fields.get("productClassId"), "a product's type"),
    )


def read_category(item: Json) -> Category:
    """One item of the category listing."""
    fields = record(item, "a category")
    return Category(
        id=identifier(fields.get("id"), "a category"),
        name=text(fields.get("name")),
        url=text(fields.get("url")),
        parent_id=optional_identifier(fields.get("parentId"), "a category's parent"),
        product_count=whole_number(fields.get("productCount")),
        enabled=flag(fields.get("enabled")),
    )


def read_product_types(body: Json) -> tuple[ProductType, ...]:
    """The product types, the default one (0) included."""
    return tuple(_read_product_type(item) for item in sequence(body, "the product types"))


def _read_product_type(item: Json) -> ProductType:
    fields = record(item, "a product type")
    attributes = (record(one, "an attribute") for one in sequence(fields.get("attributes"), "attributes"))
    return ProductType(
        id=identifier(fields.get("id"), "a product type"),
        name=text(fields.get("name")),
        attributes=tuple(text(attribute.get("name")) for attribute in attributes),
    )


def read_stats(body: Json) -> LatestStats:
    """A store's counts; None where Ecwid did not say."""
    fields = record(body, "the statistics")
    return LatestStats(
        product_count=whole_number(fields.get("productCount")),
        category_count=whole_number(fields.get("categoryCount")),
        products_updated=text(fields.get("productsUpdated")),
        categories_updated=text(fields.get("categoriesUpdated")),
    )
