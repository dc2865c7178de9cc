"""Retry and cancel as pages do them: the operation, then a message that also names what was left out, and why."""

from collections.abc import Sequence
from typing import Final, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest

from clones.models import Batch, CloneJob
from clones.operations.cancel import Cancellation, cancel_jobs
from clones.operations.holding import cancel_rest
from clones.operations.left_out import LeftOut, by_reason
from clones.operations.retry import Retry, retry_batch, retry_jobs
from clones.templatetags.portal import clones

MOST_NAMED: Final = 5  # a message is kept in a cookie


def retry_and_tell(request: HttpRequest, ids: Sequence[int]) -> list[Batch]:
    """Ask for these clones again and return the new batches; none: every one was left out."""
    return _tell_retry(request, retry_jobs(CloneJob.objects.filter(pk__in=ids), cast("User", request.user)))


def retry_batch_and_tell(request: HttpRequest, batch: Batch) -> list[Batch]:
    """Ask again for all of a batch that a retry takes and return the new batch; none: everything was left out."""
    return _tell_retry(request, retry_batch(batch, cast("User", request.user)))


def _tell_retry(request: HttpRequest, came: Retry) -> list[Batch]:
    if came.jobs:
        messages.success(request, f"Asked for {clones(len(came.jobs))} again.")
    _tell(request, came.left_out)
    return came.batches


def cancel_and_tell(request: HttpRequest, ids: Sequence[int]) -> None:
    """Cancel those of these clones that Ecwid does not know of yet."""
    came = cancel_jobs(CloneJob.objects.filter(pk__in=ids), cast("User", request.user))
    _tell_canceled(request, came)
    _tell(request, came.left_out)


def cancel_rest_and_tell(request: HttpRequest, batch: Batch) -> None:
    """Cancel all of a batch that Ecwid does not know of yet, and count by reason what could not be stopped."""
    came = cancel_rest(batch, cast("User", request.user))
    _tell_canceled(request, came)
    if came.left_out:
        counts = " ".join(f"{count:,}: {reason}" for reason, count in by_reason(came.left_out))
        messages.warning(request, f"Could not stop {clones(len(came.left_out))}. {counts}")


def _tell_canceled(request: HttpRequest, came: Cancellation) -> None:
    if came.canceled:
        messages.success(request, f"Canceled {clones(len(came.canceled))}.")


def _tell(request: HttpRequest, left_out: list[LeftOut]) -> None:
    """Name what was left out with its reason; of many, the first."""
    if not left_out:
        return
    named = [f"Clone {each.job.pk} into {each.job.target}: {each.reason}" for each in left_out[:MOST_NAMED]]
    more = f" And {len(left_out) - MOST_NAMED:,} more." if len(left_out) > MOST_NAMED else ""
    messages.warning(request, f"Left out {clones(len(left_out))}. {' '.join(named)}{more}")
