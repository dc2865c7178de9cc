"""What one answer of Ecwid's means for one job: decided without database or network, carried out by `settle`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from clones.choices import BlockReason
from clones.ecwid import CredentialsRefused, EcwidError, IdMapping, RateLimited
from clones.engine.budget import PROBE_AGAIN, PROBE_EVERY, RATE_LIMIT_MARGIN
from clones.lifecycle import Change
from clones.models import CloneJob

REFUSALS_TO_ONE: Final = 3  # of the key to one job, while others pass: then it is this job that Ecwid refuses


@dataclass(frozen=True)
class Block:
    """Traffic of the connection is to stop until `until`."""

    reason: BlockReason
    until: datetime
    message: str


@dataclass(frozen=True)
class Outcome:
    """`change`: what a page shows (None: nothing new). `fields`: bookkeeping to write in any case, as columns.

    `mapping` comes with a change to COMPLETED.
    """

    fields: Mapping[str, Any]
    change: Change | None = None
    mapping: IdMapping = field(default_factory=dict)


def block_of(job: CloneJob, error: EcwidError, now: datetime) -> Block | None:
    """Return the block that `error`, said to the request of `job`, asks for.

    A key that Ecwid takes from others and refuses to this job once more stops the connection for a moment only, for
    one of the others to show how it is; in the end it stops this job alone.
    """
    block = block_for(error, now)
    if not isinstance(error, CredentialsRefused) or block is None:
        return block
    refusals = refusals_to(job, error)
    if refusals >= REFUSALS_TO_ONE:
        return None
    return replace(block, until=now + PROBE_AGAIN) if refusals > 1 else block


def refusals_to(job: CloneJob, error: CredentialsRefused) -> int:
    """Count how often the key was refused to `job`, from its first time on, though others had it accepted between."""
    if not error.code or job.error_code != error.code or job.connection.block_reason:  # as a probe it showed the key
        return 1
    return job.tries + 1


def block_for(error: EcwidError, now: datetime) -> Block | None:
    """Return the block that `error` asks for: a reached limit or a refused key; None for all other errors."""
    if isinstance(error, RateLimited):
        until = now + timedelta(seconds=error.retry_after) + RATE_LIMIT_MARGIN
        return Block(BlockReason.RATE_LIMITED, until, "")
    if isinstance(error, CredentialsRefused):
        return Block(BlockReason.CREDENTIALS, now + PROBE_EVERY, str(error))
    return None
