"""Clones that were ticked in the list, or all that match it: asked about once, then retried, canceled or exported."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from clones import exports
from clones.filters.jobs import JobFilter
from clones.models import CloneJob
from clones.operations.errors import InvalidRequestError
from clones.permissions import Capability
from clones.templatetags.portal import clones
from clones.views import confirmation
from clones.views.doors import needs
from clones.views.downloads import csv_response
from clones.views.outcomes import cancel_and_tell, retry_and_tell

MOST_JOBS: Final = 10_000  # what one transaction may lock without holding up the workers for long
MOST_SHOWN: Final = 200
TOO_MANY: Final = f"That is more than {MOST_JOBS:,} clones at once: narrow the list by a template, a batch or a person."


class Action(StrEnum):
    """What can be done with several clones."""

    RETRY = "retry"
    CANCEL = "cancel"
    EXPORT = "export"


ALLOWED: Final = {Action.RETRY: confirmation.IS_RETRIED, Action.CANCEL: confirmation.IS_CANCELED}
RULES: Final = {
    Action.RETRY: "Only failed and canceled clones can be retried.",
    Action.CANCEL: "Only clones that surely wait can be canceled: Ecwid has no cancel call.",
}


@dataclass(frozen=True)
class Selection:
    """What was ticked: `jobs`; or `matching`, the query of the list that stands for all of its pages."""

    action: Action
    jobs: QuerySet[CloneJob]
    matching: JobFilter | None

    @classmethod
    def of(cls, form: QueryDict) -> "Selection":
        """Read it. Raises InvalidRequestError."""
        if form.get("action") not in set(Action):
            raise InvalidRequestError("Choose what to do with the clones: retry, cancel or export.")
        action = Action(form.get("action", ""))
        if form.get("all_matching"):
            matching = JobFilter(QueryDict(form.get("all_matching", "").removeprefix("?")))
            if matching.passed_over:  # without that filter it would be many more than were seen
                raise InvalidRequestError(" ".join(matching.passed_over))
            return cls(action, matching.qs, matching)
        return cls(action, CloneJob.objects.filter(pk__in=_ids(form)), None)


def _ids(form: QueryDict) -> set[int]:
    """Return the ids of the ticked boxes, or those that the page before asked about."""
    texts = [*form.getlist("job"), *form.get("jobs", "").split(",")]
    ids = {text for text in texts if text}
    if not all(text.isascii() and text.isdigit() and len(text) < len(str(2**63)) for text in ids):
        raise InvalidRequestError("One of the selected clones has no number. Reload the list and select them anew.")
    if not ids:
        raise InvalidRequestError("Select at least one clone first.")
    if len(ids) > MOST_JOBS:
        raise InvalidRequestError(TOO_MANY)
    return {int(text) for text in ids}


@needs(Capability.CLONE)
@require_POST
def job_selected(request: HttpRequest) -> HttpResponseBase:
    try:
        selection = Selection.of(request.POST)
        if selection.action is Action.EXPORT:
            return _export(selection)
        if selection.matching is None and ("confirmed" in request.POST or selection.jobs.count() == 1):
            return _carry_out(request, selection)
        return _ask(request, selection)
    except InvalidRequestError as error:
        messages.error(request, str(error))
        return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """Return the list as the person left it."""
    query = QueryDict(request.POST.get("back", "")).urlencode()
    return f"{reverse('clones:job_list')}?{query}".removesuffix("?")


def _export(selection: Selection) -> HttpResponseBase:
    if selection.matching:
        return redirect(f"{reverse('clones:job_list_csv')}?{selection.matching.query()}")
    name = f"clones-selected-{timezone.now():%Y-%m-%d}.csv"
    return csv_response(name, exports.JOB_COLUMNS, exports.job_rows(selection.jobs.order_by("-pk")))


def _carry_out(request: HttpRequest, selection: Selection) -> HttpResponse:
    """Do it, and say what came of it; a retry that made one batch leads there."""
    ids = list(selection.jobs.order_by("pk").values_list("pk", flat=True))
    batches = retry_and_tell(request, ids) if selection.action is Action.RETRY else []
    if selection.action is Action.CANCEL:
        cancel_and_tell(request, ids)
    return redirect("clones:batch_detail", batches[0].pk) if len(batches) == 1 else redirect(_back(request))


def _ask(request: HttpRequest, selection: Selection) -> HttpResponse:
    """Show what would be done, and carry the very same clones along: the list may be another one by then."""
    ids = _allowed(selection)
    left_out: list[confirmation.Obstructed] = []
    if selection.action is Action.RETRY:
        ids, left_out = confirmation.retriable(ids)
    others = confirmation.by_status(selection.jobs.exclude(ALLOWED[selection.action]))
    if not ids:
        raise InvalidRequestError(_nothing_to_do(selection.action, others, left_out))
    wanted = CloneJob.objects.filter(pk__in=ids)
    context = {
        "action": selection.action,
        "back": _back(request),
        "query": request.POST.get("back", ""),
        "count": len(ids),
        "ids": ",".join(map(str, ids)),
        "jobs": CloneJob.objects.filter(pk__in=ids[:MOST_SHOWN]).select_related("target", "template", "connection"),
        "failures": confirmation.failures(wanted),
        "left_out": left_out,
        "others": others,
        "rule": RULES[selection.action],
    }
    return render(request, "clones/job_selected.html", context)


def _allowed(selection: Selection) -> list[int]:
    """Return the clones whose status the action is for, the newest first. Raises InvalidRequestError: too many."""
    allowed = selection.jobs.filter(ALLOWED[selection.action]).order_by("-pk")
    ids = list(allowed.values_list("pk", flat=True)[: MOST_JOBS + 1])
    if len(ids) > MOST_JOBS:
        raise InvalidRequestError(TOO_MANY)
    return ids


def _nothing_to_do(action: Action, others: str, left_out: list[confirmation.Obstructed]) -> str:
    """Say why none of the selected clones is left."""
    if not left_out:
        return f"{RULES[action]} Selected: {others or 'none that still exist'}."
    reasons = ", ".join(f"{clones(each.count)} ({each.obstacle.lower()})" for each in left_out)
    rest = f" The others are {others}." if others else ""
    return f"None of the selected clones can be retried now: {reasons}.{rest}"
