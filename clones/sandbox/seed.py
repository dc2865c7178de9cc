"""Fills an empty sandbox: one application, template stores, targets, test stores. And empties it again."""

from clones.sandbox.cloning import undisturbed
from clones.sandbox.database import writing
from clones.sandbox.models import App, Category, CloneTicket, Product, ProductType, RequestLog, Store, World
from clones.sandbox.options import options
from clones.sandbox.specs import StoreSpec
from clones.sandbox.stocking import put_store
from clones.sandbox.teststores import TEST_STORES

CLIENT_ID = "sandbox-app"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105  opens nothing but this sandbox

TEMPLATES = (
    StoreSpec(1001, "Corner shop template", products=40, categories=6, types=1, sample_products=4, zones=1),
    StoreSpec(1002, "Boutique template", products=400, categories=25, types=3, sample_products=8, zones=2),
    StoreSpec(1003, "Household template", products=2_500, categories=120, types=6, zones=3),
    StoreSpec(1004, "Warehouse template", products=25_000, categories=600, types=12, zones=5, zero_padded_ids=True),
    StoreSpec(1005, "Empty template", zones=1),
)
TARGETS = tuple(StoreSpec(store_id, f"Customer store {store_id - 9000}") for store_id in range(9001, 9041))


def fill_if_empty() -> None:
    """Make what the options ask for, if there is nothing yet. All or nothing: a kill leaves no half of it."""
    with writing():
        if World.objects.exists():
            return
        World.objects.create()
        App.objects.create(client_id=CLIENT_ID, secret=CLIENT_SECRET)
        if options.seed:
            for spec in (*TEMPLATES, *TARGETS, *(test_store.spec for test_store in TEST_STORES)):
                put_store(spec)


def start_over() -> None:
    """Empty all tables and fill them again. Request IDs go on counting."""
    with undisturbed(), writing():
        for table in (RequestLog, Product, Category, ProductType, CloneTicket, Store, App, World):
            table.objects.all().delete()
        fill_if_empty()
