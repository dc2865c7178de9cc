"""Copies one store's catalog into another under new IDs. What ends a clone is `cloning`'s."""

import json
from collections.abc import Iterable, Mapping
from typing import TypeVar

from django.db.models import QuerySet

from clones.sandbox.contract import MAPPING_PARTS
from clones.sandbox.database import writing
from clones.sandbox.models import CatalogRow, Category, CloneTicket, Product, ProductType, Store
from clones.sandbox.names import category_url, product_url
from clones.sandbox.stocking import take_ids

CHUNK = 500  # rows a transaction: other requests write in between
EVERY_NTH_IS_PADDED = 10

Row = TypeVar("Row", bound=CatalogRow)
NewIds = dict[int, int]


def copy_catalog(clone: CloneTicket) -> str:
    """Copy types, categories and products in short transactions; return the mapping as JSON text.

    May be started again after a kill: what the earlier start left in the target is removed first.
    """
    _remove_leftovers(clone)
    types = _copy_types(clone)
    categories = _copy_categories(clone)
    products = _copy_products(clone, categories, types)
    return _mapping_text(clone, products, categories)


def _remove_leftovers(clone: CloneTicket) -> None:
    with writing():
        for catalog in (Product, Category, ProductType):
            catalog.objects.filter(store_id=clone.target_id, came_with=clone.pk).delete()


def _copy_types(clone: CloneTicket) -> NewIds:
    rows = list(ProductType.objects.filter(store_id=clone.source_id).order_by("pk"))
    new_ids = _new_ids("next_type_id", rows)
    _insert(clone, rows, new_ids)
    return new_ids


def _copy_categories(clone: CloneTicket) -> NewIds:
    rows = list(_without_samples(clone, Category.objects.all()).order_by("pk"))
    new_ids = _new_ids("next_category_id", rows)
    for row in rows:
        row.parent_id = new_ids.get(row.parent_id) if row.parent_id else None
        row.url = category_url(clone.target.url, row.name, new_ids[row.pk])
    _insert(clone, rows, new_ids)
    return new_ids


def _copy_products(clone: CloneTicket, categories: NewIds, types: NewIds) -> NewIds:
    rows = list(_without_samples(clone, Product.objects.all()).order_by("pk"))
    new_ids = _new_ids("next_product_id", rows)
    for row in rows:
        row.category_ids = [categories[old] for old in row.category_ids if old in categories]
        row.type_id = types.get(row.type_id, 0)
        row.url = product_url(clone.target.url, row.name, new_ids[row.pk])
    _insert(clone, rows, new_ids)
    return new_ids


def _without_samples(clone: CloneTicket, rows: QuerySet[Row]) -> QuerySet[Row]:
    of_the_source = rows.filter(store_id=clone.source_id)
    return of_the_source if clone.demo else of_the_source.filter(is_sample=False)


def _new_ids(counter: str, rows: list[Row]) -> NewIds:
    with writing():
        return dict(zip((row.pk for row in rows), take_ids(counter, len(rows)), strict=True))


def _insert(clone: CloneTicket, rows: list[Row], new_ids: NewIds) -> None:
    for row in rows:
        row.pk = new_ids[row.pk]
        row.store_id = clone.target_id
        row.came_with = clone.pk
    for start in range(0, len(rows), CHUNK):
        table: QuerySet[Row] = QuerySet(type(rows[start]))
        with writing():
            table.bulk_create(rows[start : start + CHUNK])


def _mapping_text(clone: CloneTicket, products: NewIds, categories: NewIds) -> str:
    """Return the mapping as JSON; "" where source or target wants the answer to have none."""
    stores = (clone.source, clone.target)
    parts: dict[str, object] = {}
    for name, new_ids in zip(MAPPING_PARTS, (products, categories), strict=True):
        if all(store.mapping_parts is None or name in store.mapping_parts for store in stores):
            parts[name] = _shown(new_ids, stores)
    whole = parts | clone.source.extra_mapping | clone.target.extra_mapping
    return json.dumps(whole) if whole else ""


def _shown(new_ids: NewIds, stores: Iterable[Store]) -> Mapping[str, str | int]:
    """Return the pairs as text; or with new IDs as numbers; or with the first and every tenth one beginning with 0."""
    if any(store.numeric_ids for store in stores):
        return {str(old): new for old, new in new_ids.items()}
    pads = any(store.zero_padded_ids for store in stores)
    return {
        str(old): f"0{new}" if pads and number % EVERY_NTH_IS_PADDED == 0 else str(new)
        for number, (old, new) in enumerate(new_ids.items())
    }
