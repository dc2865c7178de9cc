"""The two calls about a store that is to be created. Nothing here touches the database."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from clones.ecwid import (
    CreatedStore,
    CredentialsRefused,
    EcwidError,
    GeneralErrorCode,
    NewMerchant,
    NoAnswer,
    PartnerClient,
    RateLimited,
)
from clones.ecwid.watch import Fence
from clones.engine.calls import Silence
from clones.models import Connection, StoreCreation

logger = logging.getLogger(__name__)

Result: TypeAlias = CreatedStore | bool | EcwidError  # of the request: a store; of the look-up: whether there is one


@dataclass(frozen=True)
class Answer:
    """What came of one call over `used`, the connection as it was then. `asked_at` is when it was leased for it."""

    used: Connection
    result: Result
    asked_at: datetime


@dataclass(frozen=True)
class Call:
    """One request about the store of `row`: `creates` it, or looks it up."""

    row: StoreCreation
    creates: bool
    client: PartnerClient
    used: Connection
    asked_at: datetime
    silence: Silence
    fence: Fence

    def __call__(self) -> Answer:
        """Make it. Never raises: every failure is an answer too."""
        try:
            result: Result = self._create() if self.creates else self._look_up()
        except EcwidError as error:
            self._heed(error)
            result = error
        except Exception:
            # A bug of ours. The request may have left, so it must not count as failed.
            logger.exception("A call for creation %s broke", self.row.pk)
            result = NoAnswer("the portal could not read it")
        return Answer(self.used, result, self.asked_at)

    def _create(self) -> CreatedStore:
        return self.client.create_store(NewMerchant(self.row.email, self.row.name), fence=self.fence)

    def _look_up(self) -> bool:
        return self.client.email_has_store(self.row.email, fence=self.fence)

    def _heed(self, error: EcwidError) -> None:
        """Silence the other threads before the database hears of it. A missing scope is nothing to clones."""
        if isinstance(error, RateLimited):
            self.silence.begin(self.used.pk, error.retry_after)
        elif isinstance(error, CredentialsRefused) and not is_missing_scope(error):
            self.silence.begin(self.used.pk, 5.0)  # the breaker in the database takes over from here


def is_missing_scope(error: EcwidError) -> bool:
    """Tell a key that is known, but may not do this."""
    named = GeneralErrorCode.named(error.code) if isinstance(error, CredentialsRefused) else None
    return named is GeneralErrorCode.INSUFFICIENT_APP_SCOPE
