"""What a person does with a whole batch: retry what ended badly, cancel what waits, let a held one go on."""

from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from clones.choices import ENDED_BADLY, FailureKind, JobStatus
from clones.engine.holds import jobs_that_can_be_held
from clones.models import Batch, CloneJob
from clones.operations.errors import InvalidRequestError
from clones.operations.holding import continue_batch
from clones.operations.retriable import SITE_WANTS_A_PERSON
from clones.operations.retry import keeps_canary
from clones.permissions import Capability
from clones.views import confirmation
from clones.views.doors import needs
from clones.views.outcomes import cancel_rest_and_tell, retry_batch_and_tell

MOST_SHOWN: Final = 200


@needs(Capability.CLONE)
@require_http_methods(["GET", "HEAD", "POST"])
def batch_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a retry would take, and what it would leave out; then do it."""
    batch = get_object_or_404(Batch.objects.kept(), pk=pk)
    if request.method != "POST":
        return render(request, "clones/batch_retry.html", _question(batch))
    batches = retry_batch_and_tell(request, batch)
    return redirect("clones:batch_detail", batches[0].pk if batches else pk)


def _question(batch: Batch) -> dict[str, Any]:
    """Return what `operations.retry.retry_batch` would do now."""
    ended_badly = Q(status__in=ENDED_BADLY) | Q(site__status__in=SITE_WANTS_A_PERSON)
    ids, left_out = confirmation.retriable(_ids(batch.jobs.filter(ended_badly)))
    wanted = CloneJob.objects.filter(pk__in=ids)
    waiting = _ids(jobs_that_can_be_held(batch)) if batch.held_since else []
    storeless = wanted.filter(failure_kind=FailureKind.NO_STORE).count()
    canceled = wanted.filter(status=JobStatus.CANCELED).count()
    shown = CloneJob.objects.filter(pk__in=(ids + waiting)[:MOST_SHOWN])
    count = len(ids) + len(waiting)
    return {
        "batch": batch,
        "count": count,
        "first_goes_alone": keeps_canary(batch) and count > 1,
        "failed": len(ids) - canceled - storeless,
        "storeless": storeless,
        "canceled": canceled,
        "never_started": len(waiting),
        "jobs": shown.select_related("target").order_by("pk"),
        "failures": confirmation.failures(wanted),
        "left_out": left_out,
    }


def _ids(jobs: QuerySet[CloneJob]) -> list[int]:
    return list(jobs.order_by("pk").values_list("pk", flat=True))


@needs(Capability.CLONE)
@require_POST
def batch_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    cancel_rest_and_tell(request, get_object_or_404(Batch.objects.kept(), pk=pk))
    return redirect("clones:batch_detail", pk)


@needs(Capability.CLONE)
@require_POST
def batch_continue(request: HttpRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(Batch.objects.kept(), pk=pk)
    try:
        continue_batch(batch, cast("User", request.user))
    except InvalidRequestError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "The batch goes on: what waited is sent now.")
    return redirect("clones:batch_detail", pk)
