"""Makes stores and fills them with a generated catalog. Also the only place that hands out IDs."""

import time
from collections.abc import Iterable

from django.db.models import F

from clones.sandbox.contract import MAPPING_PARTS, REFUSAL_CODES, AccessScope, Status
from clones.sandbox.database import writing
from clones.sandbox.models import Category, Product, ProductType, Store, World
from clones.sandbox.names import category_name, category_url, email, product_name, product_url, site, token
from clones.sandbox.specs import StoreSpec
from clones.sandbox.standing import checked

CHILDREN_PER_CATEGORY = 3  # of the generated tree
EVERY_NTH_CATEGORY_IS_HIDDEN = 11
EVERY_NTH_PRODUCT_IS_HIDDEN = 13
EVERY_NTH_PRODUCT_HAS_NO_CATEGORY = 10
EVERY_NTH_SKU_IS_A_FORMULA = 50
IMAGES = 5  # a product has fewer than that
CATALOG_FIELDS = ("products", "categories", "types", "sample_products", "sample_categories")


def take_ids(counter: str, number: int) -> range:
    """Reserve `number` IDs of `World`'s `counter` (`next_product_id`, …). Call it while writing."""
    first: int = World.objects.values_list(counter, flat=True).get()
    World.objects.update(**{counter: F(counter) + number})
    return range(first, first + number)


def take_store_id() -> int:
    """Reserve the ID of a store that is created by an API call. Call it while writing."""
    while True:
        (store_id,) = take_ids("next_store_id", 1)
        if not Store.objects.filter(pk=store_id).exists():
            return store_id


def put_store(spec: StoreSpec) -> Store:
    """Create the store, or replace it with its whole catalog. ValueError: a word that the contract does not know."""
    _check(spec)
    with writing():
        store, _ = Store.objects.update_or_create(pk=spec.id, defaults=_facts(spec))
        for catalog in (Product, Category, ProductType):
            catalog.objects.filter(store=store).delete()
        _stock(store, spec)
    return store


def _check(spec: StoreSpec) -> None:
    if spec.refusal and not spec.refusal_message and spec.refusal not in REFUSAL_CODES:
        message = f"refusal: {spec.refusal!r} is not an errorCode of section 3, and refusal_message is not given"
        raise ValueError(message)
    for name, words, known in (
        ("scopes", spec.scopes, set(AccessScope)),
        ("status_words", spec.status_words, set(Status)),
        ("mapping_parts", spec.mapping_parts or [], set(MAPPING_PARTS)),
    ):
        if not set(words) <= known:
            message = f"{name}: {words!r} are not all among {', '.join(sorted(known))}"
            raise ValueError(message)
    for facts in spec.faults:
        checked(facts)


def _facts(spec: StoreSpec) -> dict[str, object]:
    facts = {name: value for name, value in vars(spec).items() if name not in {"id", *CATALOG_FIELDS}}
    name = spec.name or f"Store {spec.id}"
    settings = {"storeName": name, "currency": "EUR", "shipping": ["Parcel", "Pick-up"]} | spec.settings
    return {
        **facts,
        "name": name,
        "settings": settings,
        "site": {},
        "owner_name": spec.owner_name or f"Owner of store {spec.id}",
        "owner_email": spec.owner_email or email(spec.id),
        "url": spec.url or site(spec.id),
        "token": spec.token or token(spec.id),
        "catalog_updated_at": time.time(),
    }


def _stock(store: Store, spec: StoreSpec) -> None:
    types = take_ids("next_type_id", spec.types)
    ProductType.objects.bulk_create(
        ProductType(id=new, store=store, name=f"Type {number + 1}") for number, new in enumerate(types)
    )
    categories = take_ids("next_category_id", spec.categories + spec.sample_categories)
    Category.objects.bulk_create(_categories(store, categories, spec.categories))
    products = take_ids("next_product_id", spec.products + spec.sample_products)
    Product.objects.bulk_create(_products(store, products, spec.products, categories[: spec.categories], types))


def _categories(store: Store, ids: range, real: int) -> Iterable[Category]:
    """Grow one tree of the real ones: a few roots, `CHILDREN_PER_CATEGORY` below each. Samples are roots."""
    for number, new in enumerate(ids):
        name = category_name(number)
        is_child = CHILDREN_PER_CATEGORY <= number < real
        yield Category(
            id=new,
            store_id=store.pk,
            parent_id=ids[number // CHILDREN_PER_CATEGORY - 1] if is_child else None,
            name=name,
            url=category_url(store.url, name, new),
            enabled=not _is_nth(number, EVERY_NTH_CATEGORY_IS_HIDDEN),
            is_sample=number >= real,
        )


def _products(store: Store, ids: range, real: int, categories: range, types: range) -> Iterable[Product]:
    for number, new in enumerate(ids):
        name = product_name(number)
        yield Product(
            id=new,
            store_id=store.pk,
            name=name,
            sku=f"={number:05d}" if _is_nth(number, EVERY_NTH_SKU_IS_A_FORMULA) else f"SKU-{number + 1:05d}",
            url=product_url(store.url, name, new),
            enabled=not _is_nth(number, EVERY_NTH_PRODUCT_IS_HIDDEN),
            is_sample=number >= real,
            category_ids=_shelves(number, categories),
            images=number % IMAGES,
            type_id=(0, *types)[number % (len(types) + 1)],
        )


def _is_nth(number: int, every: int) -> bool:
    """Tell whether the `number`th, counted from 0, is the last of a round of `every`."""
    return number % every == every - 1


def _shelves(number: int, categories: range) -> list[int]:
    """Return the categories of the `number`th product: none, one or two."""
    if not categories or _is_nth(number, EVERY_NTH_PRODUCT_HAS_NO_CATEGORY):
        return []
    return sorted({categories[number % len(categories)], categories[number * 7 % len(categories)]})
