"""Control calls about stores and the whole world. `controls` describes each."""

from typing import Any

from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, JsonResponse

from clones.sandbox.control import ControlError, control, read_spec
from clones.sandbox.holding import held_answers
from clones.sandbox.models import CatalogRow, Category, Product, ProductType, Store
from clones.sandbox.mover import mover
from clones.sandbox.seed import put_test_stores, start_over
from clones.sandbox.specs import StoreSpec
from clones.sandbox.stocking import put_store
from clones.sandbox.teststores import TEST_STORES
from clones.sandbox.traffic import traffic
from clones.sandbox.views.control_faults import clear_everything

LISTED = ("id", "name", "owner_email", "token", "suspended")
FACTS = (*LISTED, "owner_name", "url", "scopes", "settings", "site", "zones")


@control("POST", "GET")
def stores(request: HttpRequest) -> HttpResponse:
    """Create or replace a store, or list them."""
    if request.method == "GET":
        email = request.GET.get("email", "")
        found = Store.objects.filter(owner_email__iexact=email) if email else Store.objects.all()
        return JsonResponse({"stores": list(found.order_by("pk").values(*LISTED))})
    try:
        store = put_store(read_spec(request, StoreSpec))
    except ValueError as error:
        raise ControlError(str(error)) from error
    return JsonResponse({"id": store.pk})


@control("GET")
def store(_: HttpRequest, store_id: int) -> HttpResponse:
    """Show one store with its catalog."""
    found = Store.objects.filter(pk=store_id).first()
    if found is None:
        return JsonResponse({"error": f"There is no store {store_id}"}, status=404)
    facts = model_to_dict(found, fields=FACTS)
    catalog = {
        "products": _rows(Product, store_id),
        "categories": _rows(Category, store_id),
        "types": _rows(ProductType, store_id),
    }
    return JsonResponse(facts | catalog)


@control("POST")
def put_back(_: HttpRequest) -> HttpResponse:
    """Put the test stores back."""
    put_test_stores()
    return JsonResponse({"stores": [one.spec.id for one in TEST_STORES]})


@control("POST")
def reset(_: HttpRequest) -> HttpResponse:
    """Start over. Calls that are on their way end first: none may reach into the new world."""
    with traffic.stopped(hurry=held_answers.interrupt):
        clear_everything()
        start_over()
    mover.ring()
    return JsonResponse({})


def _rows(catalog: type[CatalogRow], store_id: int) -> list[dict[str, Any]]:
    rows: QuerySet[CatalogRow] = QuerySet(catalog)
    return [dict(row) for row in rows.filter(store_id=store_id).order_by("pk").values()]
