"""The documented test stores, like test cards of a payment service: each gives one answer on purpose. Knows no Django.

The sandbox's page and `docs/sandbox.md` print this table.
"""

from dataclasses import dataclass, replace

from clones.sandbox import contract
from clones.sandbox.contract import AccessScope, GeneralError, Refusal, Status
from clones.sandbox.specs import StoreSpec

BLOCKING_LIMIT = 1  # smaller than any template with a catalog
STILL_RUNS_SECONDS = 15.0
READS = ("profile", "products", "categories", "classes", "latest_stats")
UNKNOWN_CODE = "TARGET_IS_ON_HOLIDAY"  # which section 3 does not know


@dataclass(frozen=True)
class TestStore:
    """`use_as` is target or template; `gives` says what to expect, `code` is the errorCode if that is a refusal.

    `oddity` is the point of the contract's section 9 that it shows, "" for none.
    """

    spec: StoreSpec
    use_as: str
    gives: str
    code: str = ""
    oddity: str = ""

    __test__ = False  # pytest takes it for tests otherwise


def _target(spec: StoreSpec, gives: str, oddity: str = "") -> TestStore:
    return TestStore(spec, "target", gives, oddity=oddity)


def _refuses(spec: StoreSpec, refusal: Refusal, use_as: str = "target") -> TestStore:
    return TestStore(spec, use_as, f"Refused: {refusal.message}", refusal.code)


def _flagged(store_id: int, refusal: Refusal, use_as: str = "target") -> TestStore:
    return _refuses(StoreSpec(store_id, refusal=refusal.code), refusal, use_as)


def _refuses_oddly(spec: StoreSpec, how: str, oddity: str) -> TestStore:
    own = replace(spec, refusal=contract.NOT_ALLOWED.code)
    return TestStore(own, "target", f"Refused: {contract.NOT_ALLOWED.message}, {how}", own.refusal, oddity)


def _unreadable(spec: StoreSpec, error: GeneralError, what: str = "It") -> TestStore:
    return TestStore(spec, "template", f"{what} cannot be read: {error.code}; a clone of it is COMPLETED")


def _read_fault(**facts: object) -> list[dict[str, object]]:
    return [{"call": call, "times": None, **facts} for call in READS]


def _unreadable_by_fault(store_id: int, error: GeneralError) -> TestStore:
    return _unreadable(StoreSpec(store_id, faults=_read_fault(fault="error", error_code=error.code)), error)


def _lost(store_id: int, what: str, *, done: bool, **facts: object) -> TestStore:
    """Lose the first answer to start-clone. Where the clone did start, it still runs when somebody asks again."""
    fault = {"call": "clone_start", "times": 1, "done": done, **facts}
    became = "the clone did start" if done else "nothing was started; the second POST is answered"
    spec = StoreSpec(store_id, clone_seconds=STILL_RUNS_SECONDS if done else None, faults=[fault])
    return _target(spec, f"First answer lost ({what}): {became}; COMPLETED", "7")


def _unknown_ticket(*, times: int | None) -> dict[str, object]:
    return {"call": "clone_status", "fault": "error", "error_code": contract.NOT_FOUND.code, "times": times}


def _named(store_id: int, what: str, name: str) -> TestStore:
    return TestStore(
        StoreSpec(store_id, name, owner_name=name, products=15, categories=4),
        "template",
        f"COMPLETED; its name is {what}",
    )


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
    _refuses_oddly(StoreSpec(9117, refusal_http_status=200), "with HTTP status 200", "1"),
    _refuses_oddly(StoreSpec(9118, refusal_http_status=404), "with HTTP status 404", "1"),
    _refuses_oddly(StoreSpec(9119, refusal_http_status=500), "with HTTP status 500", "1"),
    _target(StoreSpec(9120), "COMPLETED"),
    _target(StoreSpec(9121, fails_with="Import of products failed"), "FAILED: Import of products failed"),
    _target(StoreSpec(9122, fails_with="<b>100 %</b> “broken”, =1+1 ❌"), "FAILED with a hostile message"),
    _target(StoreSpec(9123, stays_in=Status.QUEUED), "QUEUED for ever"),
    _target(StoreSpec(9124, stays_in=Status.IN_PROGRESS), "IN_PROGRESS for ever"),
    _target(StoreSpec(9125, clone_seconds=60), "COMPLETED after a minute"),
    _target(StoreSpec(9126, zero_padded_ids=True), "COMPLETED; some new IDs begin with 0", "3"),
    _target(
        StoreSpec(9127, extra_mapping={"promotions": {"7": "8"}}),
        "COMPLETED; the mapping has an entity type that the contract does not name",
        "4",
    ),
    _target(StoreSpec(9128, sample_products=6, sample_categories=2), "COMPLETED; it holds nothing but samples", "9"),
    _unreadable(StoreSpec(9131, suspended=True), contract.STORE_SUSPENDED),
    _unreadable(StoreSpec(9132, scopes=[AccessScope.STORE_PROFILE]), contract.SCOPE_MISSING, "Its catalog"),
    _unreadable(StoreSpec(9133, token="secret_sandbox_replaced"), contract.TOKEN_INVALID),  # noqa: S106  opens nothing
    _unreadable_by_fault(9134, contract.NOT_IN_PLAN),
    _unreadable_by_fault(9135, contract.TIMED_OUT),
    _unreadable(
        StoreSpec(9136, faults=_read_fault(fault="rate_limit", retry_after="30")),
        contract.RATE_LIMITED,
        "For a while it",
    ),
    _unreadable_by_fault(9137, contract.INTERNAL_ERROR),
    TestStore(
        StoreSpec(9138, faults=_read_fault(fault="html")), "template", "Its reads are HTML; a clone is COMPLETED"
    ),
    TestStore(
        StoreSpec(9139, faults=_read_fault(fault="empty")), "template", "Its reads are empty; a clone is COMPLETED"
    ),
    _target(StoreSpec(9141, success_as_text=True), 'COMPLETED; accepted with "success": "true"', "2"),
    _refuses_oddly(StoreSpec(9142, success_as_text=True), 'with "success": "false"', "2"),
    _target(StoreSpec(9143, numeric_ids=True), "COMPLETED; the new IDs are numbers", "3"),
    _target(StoreSpec(9144, mapping_parts=["categories"]), "COMPLETED; the mapping has no products", "4"),
    _target(StoreSpec(9145, mapping_parts=["products"]), "COMPLETED; the mapping has no categories", "4"),
    _target(StoreSpec(9146, mapping_parts=[]), "COMPLETED; there is no mapping", "4"),
    TestStore(
        StoreSpec(9147, refusal=UNKNOWN_CODE, refusal_message="The target store is on holiday"),
        "target",
        "Refused: The target store is on holiday (the contract does not know the errorCode)",
        UNKNOWN_CODE,
        "5",
    ),
    _target(
        StoreSpec(9148, clone_seconds=STILL_RUNS_SECONDS, status_words={Status.IN_PROGRESS: "COPYING_IMAGES"}),
        "COMPLETED; before that it is COPYING_IMAGES, a status that the contract does not know",
        "5",
    ),
    _target(
        StoreSpec(9149, clone_seconds=STILL_RUNS_SECONDS, status_words={Status.IN_PROGRESS: "IN\\_PROGRESS"}),
        "COMPLETED; before that its status has a stray backslash",
        "6",
    ),
    _lost(9151, "dropped", done=True, fault="drop_after"),
    _lost(9152, "dropped", done=False, fault="drop_before"),
    _lost(9153, "empty", done=True, fault="empty"),
    _lost(9154, "empty", done=False, fault="empty"),
    _lost(9155, "HTML", done=True, fault="html"),
    _lost(9156, "HTML", done=False, fault="html"),
    _lost(9157, '500 without "success"', done=True, fault="http_500"),
    _lost(9158, '500 without "success"', done=False, fault="http_500"),
    _target(
        StoreSpec(9159, queued_seconds=0, clone_seconds=0, faults=[{"call": "clone_start", "fault": "drop_after"}]),
        "First answer lost (dropped): the clone of a small template ends unseen; then refused as not empty",
        "7",
    ),
    _target(
        StoreSpec(9160, faults=[_unknown_ticket(times=3)]),
        "Its ticket is unknown (404) three times; then COMPLETED",
        "8",
    ),
    _target(StoreSpec(9161, faults=[_unknown_ticket(times=None)]), "Its ticket is unknown (404) for ever", "8"),
    TestStore(
        StoreSpec(9162, products=6, categories=3, sample_products=3, sample_categories=1),
        "template",
        "COMPLETED; 3 more products and 1 more category with demo products",
        oddity="9",
    ),
    _target(
        StoreSpec(9163, products=5, settings_when_full=True),
        "COMPLETED where only settings are copied, though it has products; refused otherwise",
        "10",
    ),
    _target(
        StoreSpec(9164, faults=[{"call": "clone_start", "fault": "rate_limit", "retry_after": "5"}]),
        "First answer 429 with Retry-After 5, for the whole application; then COMPLETED",
    ),
    _target(StoreSpec(9165, sleep=2), "COMPLETED; every answer takes 2 seconds"),
    _target(StoreSpec(9166, site_token_seconds=0), "COMPLETED; its Instant Site tokens have expired at once: 401"),
    _target(
        StoreSpec(9167, scopes=[AccessScope.STORE_PROFILE, AccessScope.CATALOG]),
        "COMPLETED; its token opens no Instant Site: 403 INSUFFICIENT_APP_SCOPE",
    ),
    _target(
        StoreSpec(9168, faults=[{"call": "clone_status", "fault": "html", "times": 3}]),
        "COMPLETED; the first three looks at it are answered with HTML",
    ),
    _lost(9169, "half of it", done=True, fault="truncated"),
    _named(9171, "HTML", "<script>alert('sold')</script><b>Bold & \"co\"</b>"),
    _named(
        9172,
        "written from right to left",
        "\u0645\u062a\u062c\u0631 \u0627\u0644\u0645\u064a\u0646\u0627\u0621 \u202e(reversed)\u202c",
    ),
    _named(9173, "emoji", "\U0001f389\U0001f469\u200d\U0001f469\u200d\U0001f466 Party \U0001f382"),
    _named(9174, "200 characters long", "L" + "o" * 190 + "ng store"),
    _named(9175, "a formula", "=SUM(A1)"),
)
TEST_STORES_BY_ID = {one.spec.id: one for one in TEST_STORES}
