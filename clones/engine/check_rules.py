"""What the portal knows and what a store told mean for a clone into it: findings, without database or network.

Each finding names the errorCode that Ecwid would refuse with, and says what to do.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from clones.choices import CheckStatus
from clones.ecwid import CloneErrorCode, CredentialsRefused, EcwidError, GeneralErrorCode, NotFound, Refused
from clones.engine.check_facts import Finding, Known, LookedUp, Told, Unasked
from clones.engine.store_visit import Visit

NO_TOKEN: Final = (
    "There is no token of this store, so nobody could look into it. The clone works without one; enter the token to "  # noqa: S105
    "have the store checked."
)
MAY_NOT_LOOK_UP: Final = (
    "The application lacks the scope read_stores, so nobody could look whether this e-mail has a store: ask Ecwid for "
    "that scope."
)
_WORST_FIRST: Final = (CheckStatus.BLOCKED, CheckStatus.WARNING, CheckStatus.UNCHECKED)


def examine(known: Known, told: Told) -> list[Finding]:
    """Return everything that is found, the worst first."""
    found = dict.fromkeys([*_by_portal(known, told), *_by_answer(known, told)])  # profile and refusal may say the same
    return sorted(found, key=lambda finding: _WORST_FIRST.index(finding.level))


def result_of(findings: Iterable[Finding]) -> CheckStatus:
    """Return the worst level; PASSED where nothing was found."""
    levels = {finding.level for finding in findings}
    return next((level for level in _WORST_FIRST if level in levels), CheckStatus.PASSED)


def _by_portal(known: Known, told: Told) -> Iterator[Finding]:
    if known.is_own_template:
        words = "This store is the template itself: remove the row."
        yield _blocked(CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY, words)
    elif known.is_template is not None:
        words = f"This store is the template “{known.is_template}”: remove the row, or choose another store."
        yield _blocked(CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY, words)
    if known.active_job is not None:
        words = f"Clone {known.active_job} into this store is still under way: wait for its end, then check again."
        yield _blocked(CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET, words)
    if known.filled and not _has_shown_its_catalog(told):
        on = f" on {known.filled.at:%Y-%m-%d}" if known.filled.at else ""
        words = f"Clone {known.filled.job} put something into this store{on}. Make sure that it was emptied since."
        yield Finding(CheckStatus.WARNING, CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY, words)
    if known.created:
        words = f"The portal made store {known.created} for this e-mail: enter that ID instead of the e-mail."
        yield _blocked(GeneralErrorCode.CONSTRAINT_VIOLATION, words)
    elif known.created is not None:
        words = "The portal is already making a store for this e-mail: remove the row."
        yield _blocked(GeneralErrorCode.CONSTRAINT_VIOLATION, words)


def _has_shown_its_catalog(told: Told) -> bool:
    return isinstance(told, Visit) and told.products is not None


def _by_answer(known: Known, told: Told) -> Iterator[Finding]:
    if isinstance(told, Unasked):
        yield _unchecked(told.why)
    elif isinstance(told, LookedUp):
        yield from _by_look_up(told)
    elif told.profile and told.profile.store_id != known.store_id:
        belongs = f"The token belongs to store {told.profile.store_id}, not to {known.store_id}"
        yield Finding(CheckStatus.WARNING, "", f"{belongs}: put the token, or the store ID, right.")
    else:
        yield from _by_visit(known, told)


def _by_look_up(answer: LookedUp) -> Iterator[Finding]:
    told = answer.told
    if isinstance(told, EcwidError):
        if lacks_scope(told):
            yield _unchecked(MAY_NOT_LOOK_UP)
        else:
            yield _unchecked(f"Nobody could look whether this e-mail has a store. {told} Check again later.")
    elif told:
        words = "A store has this e-mail already, so Ecwid would not create another: enter that store's ID instead."
        yield _blocked(GeneralErrorCode.CONSTRAINT_VIOLATION, words)


def _by_visit(known: Known, told: Visit) -> Iterator[Finding]:
    if told.profile and told.profile.suspended:
        yield _suspended()
    yield from _by_counts(known, told)
    yield from _by_limit(known, told)
    if told.trouble:
        yield _trouble(known, told.trouble, has_told_who_it_is=told.profile is not None)
    elif told.products is None or told.categories is None:
        yield _unchecked("Ecwid did not say how much the store holds: look into it before you clone.")


def _by_counts(known: Known, told: Visit) -> Iterator[Finding]:
    held = {}
    if told.products:
        held[CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY] = _count(told.products, "product")
    if told.categories and not told.has_demo_products:
        held[CloneErrorCode.TARGET_CATEGORIES_NOT_EMPTY] = _count(told.categories, "category", "categories")
    if told.types:
        held[CloneErrorCode.TARGET_PRODUCT_TYPES_NOT_EMPTY] = _count(told.types, "product type")
    yield from _not_empty(known, held)
    if told.categories and told.has_demo_products:
        words = (
            f"The store has {_count(told.categories, 'category', 'categories')} beside Ecwid's demo products. Ecwid's "
            "own demo categories do not count; delete any other."
        )
        yield Finding(CheckStatus.WARNING, CloneErrorCode.TARGET_CATEGORIES_NOT_EMPTY, words)


def _not_empty(known: Known, held: Mapping[CloneErrorCode, str]) -> Iterator[Finding]:
    """Say each thing that the store has, and after the last of them what to do."""
    level, advice = CheckStatus.BLOCKED, "Empty it first."
    if not known.scope.copies_catalog:
        level = CheckStatus.WARNING
        advice = "Only settings are copied, which Ecwid may refuse all the same: empty it to be sure."
    for left, (code, what) in zip(reversed(range(len(held))), held.items(), strict=True):
        words = f"The store has {what}."
        yield Finding(level, code, words if left else f"{words} {advice}")


def _by_limit(known: Known, told: Visit) -> Iterator[Finding]:
    limit = told.profile.max_product_limit if told.profile else None
    if limit is None or limit < 0 or known.template_products is None or not known.scope.copies_catalog:
        return
    if known.template_products > limit:
        words = (
            f"The store's plan allows {_count(limit, 'product')}, and the template has {known.template_products:,}: "
            "give it a larger plan, or choose a smaller template."
        )
        yield _blocked(CloneErrorCode.TARGET_PRODUCTS_LIMIT, words)


def _trouble(known: Known, error: EcwidError, *, has_told_who_it_is: bool) -> Finding:
    code = GeneralErrorCode.named(error.code) if isinstance(error, Refused) else None
    if code is GeneralErrorCode.STORE_IS_SUSPENDED:
        return _suspended()
    if isinstance(error, NotFound):
        words = f"Ecwid knows no store {known.store_id}: put the ID right."
        return _blocked(CloneErrorCode.TARGET_NOT_FOUND, words)
    if code is GeneralErrorCode.NOT_AVAILABLE_ON_CURRENT_PLAN:
        return _unchecked("The store's plan lets no application read it, so nobody could look into it.")
    if lacks_scope(error):
        missing = "read_catalog" if has_told_who_it_is else "read_store_profile"
        words = f"The token lacks the scope {missing}, so nobody could look into the store: add it, then check again."
        return _unchecked(words)
    if isinstance(error, CredentialsRefused):
        return _unchecked(f"{error} Nobody could look into the store: enter a new token, then check again.")
    return _unchecked(f"Nobody could look into the store. {error} Check again later.")


def lacks_scope(error: EcwidError) -> bool:
    """Tell a key or token that is known, but may not do this, from one that is refused."""
    named = GeneralErrorCode.named(error.code) if isinstance(error, Refused) else None
    return named is GeneralErrorCode.INSUFFICIENT_APP_SCOPE


def _suspended() -> Finding:
    words = "The store is suspended at Ecwid: ask its owner, or Ecwid, before you clone into it."
    return _blocked(GeneralErrorCode.STORE_IS_SUSPENDED, words)


def _blocked(code: str, text: str) -> Finding:
    return Finding(CheckStatus.BLOCKED, code, text)


def _unchecked(text: str) -> Finding:
    return Finding(CheckStatus.UNCHECKED, "", text)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
