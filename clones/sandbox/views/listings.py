"""The listings of one store, page by page: products and categories; section 6 of the contract."""

from collections.abc import Callable
from typing import TypeVar

from django.db import connection
from django.db.models import QuerySet

from clones.sandbox.calls import Call
from clones.sandbox.contract import AccessScope
from clones.sandbox.fields import asks_for
from clones.sandbox.models import CatalogRow, Category, Product, Store
from clones.sandbox.views.reading import store_read, wanted_of

MOST_ITEMS = 100  # a page; who asks for more gets these, and the envelope says so

Row = TypeVar("Row", bound=CatalogRow)


@store_read("products", AccessScope.CATALOG)
def products(call: Call, store: Store) -> object:
    """List all products, demo ones and disabled ones included."""
    return _page(call, Product.objects.filter(store=store), _product)


@store_read("categories", AccessScope.CATALOG)
def categories(call: Call, store: Store) -> object:
    """List the categories; the hidden ones with `hidden_categories=true` only."""
    rows = Category.objects.filter(store=store)
    rows = rows if call.boolean("hidden_categories") else rows.filter(enabled=True)
    counts = _product_counts(store) if asks_for(wanted_of(call), "items", "productCount") else {}
    return _page(call, rows, lambda row: _category(row, counts.get(row.pk, 0)))


def _page(call: Call, rows: QuerySet[Row], shown: Callable[[Row], object]) -> dict[str, object]:
    """Return one page in its envelope. Reads no row of any other page."""
    limit = min(call.whole_number("limit", MOST_ITEMS), MOST_ITEMS)
    offset = call.whole_number("offset", 0)
    total = rows.count()
    page = rows.order_by("pk")[offset : offset + limit] if offset < total else []
    items = [shown(row) for row in page]
    return {"total": total, "count": len(items), "offset": offset, "limit": limit, "items": items}


def _product(row: Product) -> object:
    return {
        "id": row.pk,
        "name": row.name,
        "sku": row.sku,
        "url": row.url,
        "enabled": row.enabled,
        "isSampleProduct": row.is_sample,
        "categoryIds": row.category_ids,
        "productClassId": row.type_id,
        "media": {"images": [_image(row, number) for number in range(row.images)]},
    }


def _image(row: Product, number: int) -> object:
    url = f"{row.url.partition('/products/')[0].partition('/#!/')[0]}/images/{row.pk}/{number}.jpg"
    return {"id": str(number), "isMain": number == 0, "orderBy": number, "imageOriginalUrl": url}


def _category(row: Category, product_count: int) -> object:
    parent = {} if row.parent_id is None else {"parentId": row.parent_id}
    return {
        "id": row.pk,
        "name": row.name,
        "url": row.url,
        **parent,
        "productCount": product_count,
        "enabled": row.enabled,
    }


def _product_counts(store: Store) -> dict[int, int]:
    """Return how many products stand in each category itself; the database counts, in one pass over the products."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shelf.value, COUNT(*) FROM sandbox_product, json_each(category_ids) AS shelf"
            " WHERE store_id = %s GROUP BY shelf.value",
            [store.pk],
        )
        return dict(cursor.fetchall())
