"""The error codes of Ecwid's API that the contract names, what each says and what it means for a clone.

Owns no behaviour: what becomes of a refusal is decided in `refusals`.
"""

from enum import StrEnum
from typing import Self


class RefusalKind(StrEnum):
    """What a refusal means for whoever asked: who has to act, and whether asking again can help."""

    CREDENTIALS = "credentials"
    TEMPLATE = "template"
    TARGET = "target"
    NOT_EMPTY = "not_empty"
    LIMIT = "limit"
    BUSY = "busy"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"


class CloneErrorCode(StrEnum):
    """The errorCodes of "start a clone" (contract, section 3), with Ecwid's own messages."""

    kind: RefusalKind
    messages: tuple[str, ...]

    def __new__(cls, code: str, kind: RefusalKind, *messages: str) -> Self:
        """Make the member: its value is the code alone, so that `CloneErrorCode(code)` finds it."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.kind = kind
        member.messages = messages
        return member

    AUTH_APP_DOESNT_EXIST = ("AUTH_APP_DOESNT_EXIST", RefusalKind.CREDENTIALS, "Application does not exist")
    SOURCE_NOT_FOUND = ("SOURCE_NOT_FOUND", RefusalKind.TEMPLATE, "Store #<id> not found")
    TARGET_NOT_FOUND = ("TARGET_NOT_FOUND", RefusalKind.TARGET, "Store #<id> not found")
    TARGET_NOT_ALLOWED_TO_CLONE = (
        "TARGET_NOT_ALLOWED_TO_CLONE",
        RefusalKind.TARGET,
        "Target store is not allowed to clone",
    )
    TARGET_PRODUCTS_NOT_EMPTY = (
        "TARGET_PRODUCTS_NOT_EMPTY",
        RefusalKind.NOT_EMPTY,
        "Target store products should be empty",
    )
    TARGET_CATEGORIES_NOT_EMPTY = (
        "TARGET_CATEGORIES_NOT_EMPTY",
        RefusalKind.NOT_EMPTY,
        "Target store categories should be empty",
    )
    TARGET_PRODUCT_TYPES_NOT_EMPTY = (
        "TARGET_PRODUCT_TYPES_NOT_EMPTY",
        RefusalKind.NOT_EMPTY,
        "Target store product types should be empty",
    )
    TARGET_PRODUCTS_LIMIT = (
        "TARGET_PRODUCTS_LIMIT",
        RefusalKind.LIMIT,
        "Target store products limit will be exceeded",
    )
    TARGET_CATEGORIES_LIMIT = (
        "TARGET_CATEGORIES_LIMIT",
        RefusalKind.LIMIT,
        "Target store categories limit will be exceeded",
    )
    TARGET_DESTINATION_ZONES_LIMIT = (
        "TARGET_DESTINATION_ZONES_LIMIT",
        RefusalKind.LIMIT,
        "Target store destination zones count will be exceeded",
    )
    TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET = (
        "TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET",
        RefusalKind.BUSY,
        "Not allowed to clone to #<id> while previous clone is still in progress with ticket <ticket>",
    )
    # The reference gives one code for both sides; only the message tells which store kept silent.
    SOURCE_NOT_RESPONDING = (
        "SOURCE_NOT_RESPONDING",
        RefusalKind.TRANSIENT,
        "Source store failed to respond",
        "Target store failed to respond",
    )
    UNKNOWN_IMPORT_FAILED_TO_START = (
        "UNKNOWN_IMPORT_FAILED_TO_START",
        RefusalKind.TRANSIENT,
        "Failed to start import",
    )
    UNKNOWN_INTERNAL_ERROR = ("UNKNOWN_INTERNAL_ERROR", RefusalKind.TRANSIENT, "Internal error")

    @classmethod
    def named(cls, code: str) -> Self | None:
        """The member that a code as it came stands for; None for one that the contract does not name."""
        return cls.__members__.get(meant(code))


class GeneralErrorCode(StrEnum):
    """The codes of any other call (contract, section 8), with the HTTP status that they come with."""

    http_status: int
    kind: RefusalKind

    def __new__(cls, code: str, http_status: int, kind: RefusalKind) -> Self:
        """Make the member: its value is the code alone."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.http_status = http_status
        member.kind = kind
        return member

    WRONG_PARAMETER = ("WRONG_PARAMETER", 400, RefusalKind.UNKNOWN)
    STORE_IS_SUSPENDED = ("STORE_IS_SUSPENDED", 402, RefusalKind.UNKNOWN)
    NOT_AVAILABLE_ON_CURRENT_PLAN = ("NOT_AVAILABLE_ON_CURRENT_PLAN", 402, RefusalKind.UNKNOWN)
    INSUFFICIENT_APP_SCOPE = ("INSUFFICIENT_APP_SCOPE", 403, RefusalKind.CREDENTIALS)
    INVALID_API_TOKEN = ("INVALID_API_TOKEN", 403, RefusalKind.CREDENTIALS)
    STORE_NOT_FOUND = ("STORE_NOT_FOUND", 404, RefusalKind.UNKNOWN)
    TIMEOUT = ("TIMEOUT", 408, RefusalKind.TRANSIENT)
    CONSTRAINT_VIOLATION = ("CONSTRAINT_VIOLATION", 409, RefusalKind.UNKNOWN)
    RATE_LIMITED = ("RATE_LIMITED", 429, RefusalKind.TRANSIENT)
    INTERNAL_ERROR = ("INTERNAL_ERROR", 500, RefusalKind.TRANSIENT)

    @classmethod
    def named(cls, code: str) -> Self | None:
        """The member that a code as it came stands for; None for one that the contract does not name."""
        return cls.__members__.get(meant(code))


def meant(word: str) -> str:
    """A code or status without the stray backslashes, blanks and letter case that it may have come with."""
    return word.replace("\\", "").strip().upper()


def kind_of(code: str) -> RefusalKind:
    """What a code as it came means; UNKNOWN for one that the contract does not name."""
    known = CloneErrorCode.named(code) or GeneralErrorCode.named(code)
    return known.kind if known else RefusalKind.UNKNOWN
