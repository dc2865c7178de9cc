"""The reasons for which Ecwid refuses a clone, in the order in which the sandbox looks at them."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from clones.sandbox import contract
from clones.sandbox.cloning import Wish
from clones.sandbox.contract import OPEN_STATUSES, Refusal, Side
from clones.sandbox.models import Category, CloneTicket, Product, ProductType, Store
from clones.sandbox.options import options


@dataclass(frozen=True)
class Refused:
    """A refusal as it is answered."""

    code: str
    message: str
    http_status: int


def first_refusal(wish: Wish) -> Refused | None:
    """Return the first reason against the wish. Call it while writing: it uses up refusals that are counted."""
    for store in (wish.target, wish.source):
        if store is not None and store.refusal_message and store.flagged(store.refusal):
            store.use_up_refusal()
            return Refused(store.refusal, store.refusal_message, _http_status(wish, HTTPStatus.BAD_REQUEST))
    for refusal, applies in CHECKS:
        flagged = _flagged_store(wish, refusal)
        if flagged is not None:
            flagged.use_up_refusal()
        if flagged is not None or applies(wish):
            return _worded(wish, refusal)
    return None


def _flagged_store(wish: Wish, refusal: Refusal) -> Store | None:
    asked = {
        Side.SOURCE: (wish.source,),
        Side.TARGET: (wish.target,),
        Side.EITHER: (wish.source, wish.target),
    }[refusal.side]
    return next((store for store in asked if store is not None and store.flagged(refusal.code)), None)


def _worded(wish: Wish, refusal: Refusal) -> Refused:
    ticket = _open_ticket(wish) if refusal is contract.BUSY else ""
    text = refusal.text(str(wish.source_id), str(wish.target_id), ticket)
    return Refused(refusal.code, text, _http_status(wish, refusal.http_status))


def _http_status(wish: Wish, usual: int) -> int:
    own = (store.refusal_http_status for store in (wish.target, wish.source) if store is not None)
    return next((status for status in own if status), options.refusal_http_status or usual)


def _open_ticket(wish: Wish) -> str:
    """Return the ticket that fills the target; for a target that is busy on purpose, always the same foreign one."""
    running = CloneTicket.objects.filter(target_id=wish.target_id, status__in=OPEN_STATUSES)
    foreign = str(uuid.uuid5(uuid.NAMESPACE_OID, str(wish.target_id)))
    return running.values_list("ticket", flat=True).first() or foreign


def _never(_: Wish) -> bool:
    return False


def _is_busy(wish: Wish) -> bool:
    return CloneTicket.objects.filter(target_id=wish.target_id, status__in=OPEN_STATUSES).exists()


def _must_be_empty(wish: Wish) -> bool:
    """Whatever the scope, as the contract says; some test stores take settings all the same."""
    takes_settings = wish.target is not None and wish.target.settings_when_full
    return wish.scope.has_catalog or not takes_settings


def _has_products(wish: Wish) -> bool:
    return _must_be_empty(wish) and Product.objects.filter(store_id=wish.target_id, is_sample=False).exists()


def _has_categories(wish: Wish) -> bool:
    return _must_be_empty(wish) and Category.objects.filter(store_id=wish.target_id, is_sample=False).exists()


def _has_types(wish: Wish) -> bool:
    return _must_be_empty(wish) and ProductType.objects.filter(store_id=wish.target_id).exists()


def _exceeds_products(wish: Wish) -> bool:
    limit = wish.target.product_limit if wish.target else None
    return limit is not None and wish.scope.has_catalog and _copied(wish, Product) > limit


def _exceeds_categories(wish: Wish) -> bool:
    limit = wish.target.category_limit if wish.target else None
    return limit is not None and wish.scope.has_catalog and _copied(wish, Category) > limit


def _copied(wish: Wish, catalog: type[Product | Category]) -> int:
    rows = catalog.objects.filter(store_id=wish.source_id)
    return rows.count() if wish.demo else rows.filter(is_sample=False).count()


def _exceeds_zones(wish: Wish) -> bool:
    if wish.source is None or wish.target is None or wish.target.zone_limit is None:
        return False
    return wish.scope.has_settings and wish.target.zones + wish.source.zones > wish.target.zone_limit


CHECKS: tuple[tuple[Refusal, Callable[[Wish], bool]], ...] = (
    (contract.APP_UNKNOWN, _never),  # the credentials themselves were looked at before the parameters
    (contract.SOURCE_NOT_FOUND, lambda wish: wish.source is None),
    (contract.TARGET_NOT_FOUND, lambda wish: wish.target is None),
    (contract.NOT_ALLOWED, _never),
    (contract.BUSY, _is_busy),
    (contract.HAS_PRODUCTS, _has_products),
    (contract.HAS_CATEGORIES, _has_categories),
    (contract.HAS_TYPES, _has_types),
    (contract.PRODUCTS_LIMIT, _exceeds_products),
    (contract.CATEGORIES_LIMIT, _exceeds_categories),
    (contract.ZONES_LIMIT, _exceeds_zones),
    (contract.SOURCE_SILENT, _never),
    (contract.TARGET_SILENT, _never),
    (contract.IMPORT_FAILED, _never),
    (contract.INTERNAL, _never),
)
