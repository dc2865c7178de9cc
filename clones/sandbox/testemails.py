"""The documented test e-mails: what *create store* and the look-up do with each on purpose. Knows no Django."""

from dataclasses import dataclass

from clones.sandbox import contract
from clones.sandbox.faults import FaultKind, FaultSpec


@dataclass(frozen=True)
class TestEmail:
    """`name` stands before the @, with or without `+anything` behind it; the domain does not matter.

    `create` strikes *create store* as long as nobody has the e-mail, only the first time where `once`; `look_up` always
    strikes the look-up. `token` tells whether the answer has one.
    """

    name: str
    gives: str
    create: FaultSpec | None = None
    look_up: FaultSpec | None = None
    once: bool = False
    token: bool = True

    __test__ = False  # pytest takes it for tests otherwise


def _error(error: contract.GeneralError, *, done: bool = False) -> FaultSpec:
    return FaultSpec(FaultKind.ERROR, error_code=error.code, done=done)


TEST_EMAILS = (
    TestEmail("lost-created", "The store is created, the answer is dropped", FaultSpec(FaultKind.DROP_AFTER)),
    TestEmail(
        "lost-nothing", "The first call is dropped, nothing is created", FaultSpec(FaultKind.DROP_BEFORE), once=True
    ),
    TestEmail("empty-created", "The store is created, the answer is empty", FaultSpec(FaultKind.EMPTY, done=True)),
    TestEmail("html-created", "The store is created, the answer is HTML", FaultSpec(FaultKind.HTML, done=True)),
    TestEmail("error-created", "The store is created, the answer is 500", _error(contract.INTERNAL_ERROR, done=True)),
    TestEmail("error-nothing", "The first call is 500, nothing is created", _error(contract.INTERNAL_ERROR), once=True),
    TestEmail(
        "unclear-created",
        "The store is created, the answer is dropped, and the look-up is 500",
        FaultSpec(FaultKind.DROP_AFTER),
        _error(contract.INTERNAL_ERROR),
    ),
    TestEmail("no-token", "The store is created, the answer has an ID and no token", token=False),
    TestEmail("taken", "Refused: 409", _error(contract.CONFLICT)),
    TestEmail("invalid", "Refused: 400", _error(contract.WRONG_PARAMETER)),
    TestEmail("forbidden", "Refused: 403", _error(contract.SCOPE_MISSING)),
    TestEmail(
        "limited", "The first call is 429, Retry-After 5", FaultSpec(FaultKind.RATE_LIMIT, retry_after="5"), once=True
    ),
)
_BY_NAME = {one.name: one for one in TEST_EMAILS}


def known_email(email: str) -> TestEmail | None:
    """Return what `email` does on purpose, None where it is like any other."""
    return _BY_NAME.get(email.partition("@")[0].partition("+")[0].lower())
