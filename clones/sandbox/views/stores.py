"""Facts about one store: its profile, product types and statistics; section 6 of the contract."""

from datetime import UTC, datetime

from clones.sandbox.calls import Call
from clones.sandbox.contract import AccessScope
from clones.sandbox.models import Category, Product, ProductType, Store
from clones.sandbox.views.reading import store_read

UNLIMITED_PLAN_PRODUCTS = 1_000_000  # what the profile tells of a store without a limit
DEFAULT_TYPE = {"id": 0, "name": "General", "attributes": [{"id": 1, "name": "UPC"}, {"id": 2, "name": "Brand"}]}


@store_read("profile", AccessScope.STORE_PROFILE)
def profile(_: Call, store: Store) -> object:
    """Tell who a store is. It has its name from its settings, so that a clone of settings brings the template's."""
    limit = UNLIMITED_PLAN_PRODUCTS if store.product_limit is None else store.product_limit
    return {
        "generalInfo": {"storeId": store.pk, "storeUrl": store.url, "websitePlatform": "instantsite"},
        "account": {
            "accountName": store.owner_name,
            "accountEmail": store.owner_email,
            "suspended": store.suspended,
            "limitsAndRestrictions": {"maxProductLimit": limit},
        },
        "settings": {"storeName": store.settings.get("storeName", store.name)},
    }


@store_read("classes", AccessScope.CATALOG)
def classes(_: Call, store: Store) -> object:
    """List the product types, the default one first."""
    own = ProductType.objects.filter(store=store).order_by("pk").values_list("pk", "name")
    return [DEFAULT_TYPE, *({"id": pk, "name": name, "attributes": [{"id": pk, "name": "Size"}]} for pk, name in own)]


@store_read("latest_stats", AccessScope.CATALOG)
def latest_stats(call: Call, store: Store) -> object:
    """Tell when the catalog last changed, and the counts that are asked for: demo products are left out of theirs."""
    changed_at = datetime.fromtimestamp(store.catalog_updated_at, UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
    stats: dict[str, object] = {"productsUpdated": changed_at, "categoriesUpdated": changed_at}
    if call.boolean("productCountRequired"):
        stats["productCount"] = Product.objects.filter(store=store, is_sample=False).count()
    if call.boolean("categoryCountRequired"):
        stats["categoryCount"] = Category.objects.filter(store=store).count()
    return stats
