"""Control calls about stores and the whole world. None of them asks who calls.

- `POST /control/stores`: create a store, or replace it with its whole catalog. The fields are those of
  `specs.StoreSpec`; only `id` is needed. Answers `{"id": …}`.
- `GET /control/stores/<id>`: the store as it is now: `id`, `name`, `owner_email`, `url`, `token`, `scopes`,
  `suspended`, `settings`, `zones`, and `products`, `categories`, `types` as lists of all their fields. 404 when there
  is none.
- `POST /control/reset`: empty everything, end all faults, blocks, holds and pauses, fill it as at the first start.
"""

from typing import Any

from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, JsonResponse

from clones.sandbox.control import ControlError, control, read_spec
from clones.sandbox.faults import fault_book
from clones.sandbox.holding import held_answers
from clones.sandbox.models import CatalogRow, Category, Product, ProductType, Store
from clones.sandbox.mover import mover
from clones.sandbox.seed import start_over
from clones.sandbox.specs import StoreSpec
from clones.sandbox.stocking import put_store

FACTS = ("id", "name", "owner_email", "url", "token", "scopes", "suspended", "settings", "zones")


@control("POST")
def stores(request: HttpRequest) -> HttpResponse:
    """Create or replace a store."""
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
def reset(_: HttpRequest) -> HttpResponse:
    """Start over."""
    fault_book.clear()
    held_answers.release()
    start_over()
    mover.ring()
    return JsonResponse({})


def _rows(catalog: type[CatalogRow], store_id: int) -> list[dict[str, Any]]:
    rows: QuerySet[CatalogRow] = QuerySet(catalog)
    return [dict(row) for row in rows.filter(store_id=store_id).order_by("pk").values()]
