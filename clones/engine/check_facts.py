"""What a check speaks of: what is known of a target, what was told about it, what was found."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from clones.choices import CheckStatus, CloneScope
from clones.ecwid import EcwidError
from clones.engine.store_visit import Visit
from clones.secrets import Secret


@dataclass(frozen=True)
class Finding:
    """Something against a clone, or that nobody could see. `code`: the errorCode that it prevents, or ""."""

    level: CheckStatus
    code: str
    text: str

    def as_json(self) -> dict[str, str]:
        """Return it as `DraftTarget.findings` holds it."""
        return {"level": self.level.value, "code": self.code, "text": self.text}


@dataclass(frozen=True)
class Filled:
    """The last clone that may have left something in the store."""

    job: int
    at: datetime | None


@dataclass(frozen=True)
class Known:
    """What is asked for, and what the portal knows about it. Of `store_id` and `email` one is empty.

    `is_template`: the name of the template that the store is. `created`: the ID of the store that the portal made, or
    is making (""), for this e-mail.
    """

    store_id: str
    email: str = ""
    scope: CloneScope = CloneScope.ALL
    template_products: int | None = None
    token: Secret = Secret()  # noqa: RUF009  it cannot be changed
    is_template: str | None = None
    is_own_template: bool = False
    active_job: int | None = None
    filled: Filled | None = None
    created: str | None = None


@dataclass(frozen=True)
class Unasked:
    """Nobody was asked; the sentence says why and what to do."""

    why: str


@dataclass(frozen=True)
class LookedUp:
    """Whether a store has the e-mail, or what the question ended in."""

    told: bool | EcwidError


Told: TypeAlias = Visit | LookedUp | Unasked
