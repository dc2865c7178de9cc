"""What one answer of Ecwid's means for one job: decided without database or network, carried out by `settle`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from clones.choices import BlockReason
from clones.ecwid import CredentialsRefused, EcwidError, IdMapping, RateLimited
from clones.engine.budget import PROBE_EVERY, RATE_LIMIT_MARGIN
from clones.lifecycle import Change


@dataclass(frozen=True)
class Block:
    """Traffic of the connection is to stop until `until`."""

    reason: BlockReason
    until: datetime
    message: str


@dataclass(frozen=True)
class Outcome:
    """`change`: what a page shows (None: nothing new). `fields`: bookkeeping to write in any case, as columns.

    `mapping` comes with a change to COMPLETED. `block` stops the connection.
    """

    fields: Mapping[str, Any]
    change: Change | None = None
    mapping: IdMapping = field(default_factory=dict)
    block: Block | None = None


def block_for(error: EcwidError, now: datetime) -> Block | None:
    """Return the block that `error` asks for: a reached limit or a refused key; None for all other errors."""
    if isinstance(error, RateLimited):
        until = now + timedelta(seconds=error.retry_after) + RATE_LIMIT_MARGIN
        return Block(BlockReason.RATE_LIMITED, until, "")
    if isinstance(error, CredentialsRefused):
        return Block(BlockReason.CREDENTIALS, now + PROBE_EVERY, str(error))
    return None
