"""Ecwid's words, copied from `docs/ecwid-api.md`, sections 1 to 4 and 8. Knows no Django.

Not the portal's enums on purpose. A test holds this table against the document's.
"""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Whose flag can provoke a refusal on purpose."""

    SOURCE = "source"
    TARGET = "target"
    EITHER = "either"


class Scope(StrEnum):
    """What a clone copies; a request that names no scope means both."""

    BOTH = ""
    STORE_SETTINGS = "STORE_SETTINGS"
    CATALOG = "CATALOG"

    @property
    def has_catalog(self) -> bool:
        """Products, categories and types are copied."""
        return self is not Scope.STORE_SETTINGS

    @property
    def has_settings(self) -> bool:
        """Settings and destination zones are copied."""
        return self is not Scope.CATALOG


class Status(StrEnum):
    """The life of a clone."""

    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class AppScope(StrEnum):
    """What the partner application may be allowed."""

    CLONE_STORES = "clone_stores"
    CREATE_STORES = "create_stores"
    READ_STORES = "read_stores"


class AccessScope(StrEnum):
    """What a store's token may be allowed."""

    STORE_PROFILE = "read_store_profile"
    CATALOG = "read_catalog"
    INSTANT_SITE = "manage_instant_site"


MAPPING_PARTS = ("products", "categories")
OPEN_STATUSES = (Status.QUEUED, Status.IN_PROGRESS)


@dataclass(frozen=True)
class Refusal:
    """A "no" to start-clone. `message` may name `{source}`, `{target}` and `{ticket}`."""

    code: str
    message: str
    http_status: int
    side: Side

    def text(self, source: str, target: str, ticket: str = "") -> str:
        """Return the errorMessage for these stores."""
        return self.message.format(source=source, target=target, ticket=ticket)


APP_UNKNOWN = Refusal("AUTH_APP_DOESNT_EXIST", "Application does not exist", 403, Side.EITHER)
SOURCE_NOT_FOUND = Refusal("SOURCE_NOT_FOUND", "Store #{source} not found", 404, Side.SOURCE)
TARGET_NOT_FOUND = Refusal("TARGET_NOT_FOUND", "Store #{target} not found", 404, Side.TARGET)
NOT_ALLOWED = Refusal("TARGET_NOT_ALLOWED_TO_CLONE", "Target store is not allowed to clone", 403, Side.TARGET)
BUSY = Refusal(
    "TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET",
    "Not allowed to clone to #{target} while previous clone is still in progress with ticket {ticket}",
    409,
    Side.TARGET,
)
HAS_PRODUCTS = Refusal("TARGET_PRODUCTS_NOT_EMPTY", "Target store products should be empty", 409, Side.TARGET)
HAS_CATEGORIES = Refusal("TARGET_CATEGORIES_NOT_EMPTY", "Target store categories should be empty", 409, Side.TARGET)
HAS_TYPES = Refusal("TARGET_PRODUCT_TYPES_NOT_EMPTY", "Target store product types should be empty", 409, Side.TARGET)
PRODUCTS_LIMIT = Refusal("TARGET_PRODUCTS_LIMIT", "Target store products limit will be exceeded", 402, Side.TARGET)
CATEGORIES_LIMIT = Refusal(
    "TARGET_CATEGORIES_LIMIT", "Target store categories limit will be exceeded", 402, Side.TARGET
)
ZONES_LIMIT = Refusal(
    "TARGET_DESTINATION_ZONES_LIMIT", "Target store destination zones count will be exceeded", 402, Side.TARGET
)
SOURCE_SILENT = Refusal("SOURCE_NOT_RESPONDING", "Source store failed to respond", 503, Side.SOURCE)
TARGET_SILENT = Refusal("SOURCE_NOT_RESPONDING", "Target store failed to respond", 503, Side.TARGET)
IMPORT_FAILED = Refusal("UNKNOWN_IMPORT_FAILED_TO_START", "Failed to start import", 500, Side.EITHER)
INTERNAL = Refusal("UNKNOWN_INTERNAL_ERROR", "Internal error", 500, Side.EITHER)

REFUSALS = (
    APP_UNKNOWN,
    SOURCE_NOT_FOUND,
    TARGET_NOT_FOUND,
    NOT_ALLOWED,
    BUSY,
    HAS_PRODUCTS,
    HAS_CATEGORIES,
    HAS_TYPES,
    PRODUCTS_LIMIT,
    CATEGORIES_LIMIT,
    ZONES_LIMIT,
    SOURCE_SILENT,
    TARGET_SILENT,
    IMPORT_FAILED,
    INTERNAL,
)
REFUSAL_CODES = frozenset(refusal.code for refusal in REFUSALS)


@dataclass(frozen=True)
class GeneralError:
    """An error of section 8, which any call may answer."""

    code: str
    http_status: int


WRONG_PARAMETER = GeneralError("WRONG_PARAMETER", 400)
STORE_SUSPENDED = GeneralError("STORE_IS_SUSPENDED", 402)
NOT_IN_PLAN = GeneralError("NOT_AVAILABLE_ON_CURRENT_PLAN", 402)
SCOPE_MISSING = GeneralError("INSUFFICIENT_APP_SCOPE", 403)
TOKEN_INVALID = GeneralError("INVALID_API_TOKEN", 403)
SITE_TOKEN_INVALID = GeneralError("INVALID_API_TOKEN", 401)  # the Instant Site API's own way to say it
NOT_FOUND = GeneralError("STORE_NOT_FOUND", 404)
TIMED_OUT = GeneralError("TIMEOUT", 408)
CONFLICT = GeneralError("CONSTRAINT_VIOLATION", 409)
RATE_LIMITED = GeneralError("RATE_LIMITED", 429)
INTERNAL_ERROR = GeneralError("INTERNAL_ERROR", 500)
GENERAL_ERRORS = (
    WRONG_PARAMETER,
    STORE_SUSPENDED,
    NOT_IN_PLAN,
    SCOPE_MISSING,
    TOKEN_INVALID,
    NOT_FOUND,
    TIMED_OUT,
    CONFLICT,
    RATE_LIMITED,
    INTERNAL_ERROR,
)
GENERAL_ERRORS_BY_CODE = {error.code: error for error in GENERAL_ERRORS}

CALLS_A_MINUTE = 600  # with one token; section 2
BAD_CALLS_A_MINUTE = 20  # with a token that does not work, before the long block
BAD_CALLS_FROM_ONE_ADDRESS = 600  # in all
