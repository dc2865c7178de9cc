"""Why a clone failed, in words for people: by Ecwid's errorCode where it tells more than the kind of the failure."""

from dataclasses import dataclass
from typing import Final

from clones.choices import FailureKind
from clones.ecwid import CloneErrorCode


@dataclass(frozen=True)
class Failure:
    """A few words for a row; one sentence each for what happened and for what to do about it."""

    label: str
    cause: str
    next_step: str


def failure_of(kind: FailureKind, error_code: str) -> Failure:
    """Return the words for a failed clone, with Ecwid's code as it came ("" where there is none).

    The code speaks only where it is why the clone failed: of a lost result, say, it is no more than the last answer.
    """
    code = CloneErrorCode.named(error_code)
    if code and kind in _SPOKEN_FOR_BY_CODE and code in _WORDS:
        return _WORDS[code]
    return Failure(kind.label, kind.cause, kind.next_step)


_SPOKEN_FOR_BY_CODE: Final = {FailureKind.TARGET, FailureKind.TEMPLATE, FailureKind.TRANSIENT}


def _not_empty(what: str) -> Failure:
    return Failure(
        f"Has {what}",
        f"The store has {what} already, and Ecwid clones into an empty catalog only.",
        f"Delete the store's {what} in its own control panel, then retry. Ecwid's demo products may stay.",
    )


def _over_the_limit(what: str, advice: str) -> Failure:
    return Failure(
        f"Too many {what}",
        f"The template has more {what} than the store's plan allows.",
        f"Move the store to a larger plan, or {advice}, then retry.",
    )


_WORDS: Final = {
    CloneErrorCode.SOURCE_NOT_FOUND: Failure(
        "Template not found",
        "Ecwid knows no store with the template's ID.",
        "Let an admin check the template store's ID, and clone again from a template that exists.",
    ),
    CloneErrorCode.TARGET_NOT_FOUND: Failure(
        "Store not found",
        "Ecwid knows no store with this ID.",
        "Check the ID with the customer, and start a clone into the right store.",
    ),
    CloneErrorCode.TARGET_NOT_ALLOWED_TO_CLONE: Failure(
        "Not allowed",
        "Ecwid does not allow cloning into this store.",
        "Check that the ID is right and that the store is one of yours; if it is, ask Ecwid's support.",
    ),
    CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY: _not_empty("products"),
    CloneErrorCode.TARGET_CATEGORIES_NOT_EMPTY: _not_empty("categories"),
    CloneErrorCode.TARGET_PRODUCT_TYPES_NOT_EMPTY: _not_empty("product types"),
    CloneErrorCode.TARGET_PRODUCTS_LIMIT: _over_the_limit("products", "clone a smaller template"),
    CloneErrorCode.TARGET_CATEGORIES_LIMIT: _over_the_limit("categories", "clone a smaller template"),
    CloneErrorCode.TARGET_DESTINATION_ZONES_LIMIT: _over_the_limit(
        "destination zones", "take zones out of the template"
    ),
    CloneErrorCode.SOURCE_NOT_RESPONDING: Failure(
        "A store did not respond",
        "Ecwid could not reach one of the two stores, several times in a row.",
        "Retry it later; if it fails again, look whether both stores open.",
    ),
}
