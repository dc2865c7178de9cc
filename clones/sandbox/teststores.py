"""The documented test stores, like test cards of a payment service: each gives one answer on purpose. Knows no Django.

A later page and `docs/sandbox.md` print this table.
"""

from dataclasses import dataclass

from clones.sandbox import contract
from clones.sandbox.contract import AccessScope, GeneralError, Refusal, Status
from clones.sandbox.specs import StoreSpec

BLOCKING_LIMIT = 1  # smaller than any template with a catalog


@dataclass(frozen=True)
class TestStore:
    """`use_as` is target or template; `gives` says what to expect, `code` is the errorCode if that is a refusal."""

    spec: StoreSpec
    use_as: str
    gives: str
    code: str = ""

    __test__ = False  # pytest takes it for tests otherwise


def _target(spec: StoreSpec, gives: str) -> TestStore:
    return TestStore(spec, "target", gives)


def _refuses(spec: StoreSpec, refusal: Refusal, use_as: str = "target") -> TestStore:
    return TestStore(spec, use_as, f"Refused: {refusal.message}", refusal.code)


def _flagged(store_id: int, refusal: Refusal, use_as: str = "target") -> TestStore:
    return _refuses(StoreSpec(store_id, refusal=refusal.code), refusal, use_as)


def _unreadable(spec: StoreSpec, error: GeneralError, what: str = "It") -> TestStore:
    return TestStore(spec, "template", f"{what} cannot be read: {error.code}; a clone of it is COMPLETED")


TEST_STORES = (
    _flagged(9101, contract.APP_UNKNOWN),
    _flagged(9102, contract.SOURCE_NOT_FOUND, "template"),
    _flagged(9103, contract.TARGET_NOT_FOUND),
    _flagged(9104, contract.NOT_ALLOWED),
    _flagged(9105, contract.BUSY),
    _refuses(StoreSpec(9106, products=5), contract.HAS_PRODUCTS),
    _refuses(StoreSpec(9107, categories=4), contract.HAS_CATEGORIES),
    _refuses(StoreSpec(9108, types=2), contract.HAS_TYPES),
    _refuses(StoreSpec(9109, product_limit=BLOCKING_LIMIT), contract.PRODUCTS_LIMIT),
    _refuses(StoreSpec(9110, category_limit=BLOCKING_LIMIT), contract.CATEGORIES_LIMIT),
    _refuses(StoreSpec(9111, zones=1, zone_limit=BLOCKING_LIMIT), contract.ZONES_LIMIT),
    _flagged(9112, contract.SOURCE_SILENT, "template"),
    _flagged(9113, contract.TARGET_SILENT),
    _flagged(9114, contract.IMPORT_FAILED),
    _flagged(9115, contract.INTERNAL),
    _target(
        StoreSpec(9116, refusal=contract.IMPORT_FAILED.code, refusal_times=2),
        "Refused twice with UNKNOWN_IMPORT_FAILED_TO_START, then accepted and COMPLETED",
    ),
    TestStore(
        StoreSpec(9117, refusal=contract.NOT_ALLOWED.code, refusal_http_status=200),
        "target",
        "Refused: Target store is not allowed to clone, with HTTP status 200",
        contract.NOT_ALLOWED.code,
    ),
    _target(StoreSpec(9120), "COMPLETED"),
    _target(StoreSpec(9121, fails_with="Import of products failed"), "FAILED: Import of products failed"),
    _target(StoreSpec(9122, fails_with="<b>100 %</b> “broken”, =1+1 ❌"), "FAILED with a hostile message"),
    _target(StoreSpec(9123, stays_in=Status.QUEUED), "QUEUED for ever"),
    _target(StoreSpec(9124, stays_in=Status.IN_PROGRESS), "IN_PROGRESS for ever"),
    _target(StoreSpec(9125, clone_seconds=60), "COMPLETED after a minute"),
    _target(StoreSpec(9126, zero_padded_ids=True), "COMPLETED; some new IDs begin with 0"),
    _target(
        StoreSpec(9127, extra_mapping={"promotions": {"7": "8"}}),
        "COMPLETED; the mapping has an entity type that the contract does not name",
    ),
    _target(StoreSpec(9128, sample_products=6, sample_categories=2), "COMPLETED; it holds nothing but samples"),
    _unreadable(StoreSpec(9131, suspended=True), contract.STORE_SUSPENDED),
    _unreadable(StoreSpec(9132, scopes=[AccessScope.STORE_PROFILE]), contract.SCOPE_MISSING, "Its catalog"),
    _unreadable(StoreSpec(9133, token="secret_sandbox_replaced"), contract.TOKEN_INVALID),  # noqa: S106  opens nothing
)
