"""Fills an empty sandbox: applications, template stores, targets, test stores. And empties it again."""

from clones.sandbox.cloning import Ending, finish, undisturbed
from clones.sandbox.contract import OPEN_STATUSES, AppScope, Status
from clones.sandbox.database import writing
from clones.sandbox.models import App, Category, CloneTicket, Product, ProductType, RequestLog, SiteToken, Store, World
from clones.sandbox.names import shop_name
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
TARGETS = tuple(StoreSpec(9001 + number, shop_name(number)) for number in range(40))
TEST_APPS = {  # client ID → the scope that it lacks; all have the same secret
    "sandbox-no-clone": AppScope.CLONE_STORES,
    "sandbox-no-create": AppScope.CREATE_STORES,
    "sandbox-no-read": AppScope.READ_STORES,
}


def fill() -> None:
    """Make what the options ask for, if there is nothing yet; later, the test cases that a newer release came with.

    All or nothing: a kill leaves no half of it.
    """
    with writing():
        is_new = not World.objects.exists()
        if is_new:
            World.objects.create()
            App.objects.create(client_id=CLIENT_ID, secret=CLIENT_SECRET, scopes=list(AppScope))
        if options.seed:
            _add_test_apps()
            for spec in (*TEMPLATES, *TARGETS) if is_new else ():
                put_store(spec)
            known = set(Store.objects.values_list("pk", flat=True))
            for one in TEST_STORES:
                if one.spec.id not in known:
                    put_store(one.spec)


def _add_test_apps() -> None:
    for client_id, missing in TEST_APPS.items():
        scopes = [scope for scope in AppScope if scope != missing]
        App.objects.get_or_create(pk=client_id, defaults={"secret": CLIENT_SECRET, "scopes": scopes})


def put_test_stores() -> None:
    """Put every test store back as it was at first; what runs into one ends as FAILED."""
    own = [one.spec.id for one in TEST_STORES]
    running = CloneTicket.objects.filter(target_id__in=own, status__in=OPEN_STATUSES)
    for ticket in list(running.values_list("ticket", flat=True)):
        finish(ticket, Ending(Status.FAILED, "The test stores were put back"))
    with undisturbed(), writing():
        for one in TEST_STORES:
            put_store(one.spec)


def start_over() -> None:
    """Empty all tables and fill them again. Request IDs go on counting."""
    with undisturbed(), writing():
        for table in (RequestLog, SiteToken, Product, Category, ProductType, CloneTicket, Store, App, World):
            table.objects.all().delete()
        fill()
