"""What stands around each step of the wizard: the draft, the four steps, who changed it last, the ways back and on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from clones.choices import CheckStatus
from clones.models import Draft
from clones.operations.drafts.changing import LaunchedError
from clones.operations.drafts.counting import Counts, count_rows
from clones.permissions import Capability
from clones.templatetags.portal import stores
from clones.views.doors import needs

P = ParamSpec("P")
DraftView = Callable[Concatenate[HttpRequest, Draft, P], HttpResponseBase]

TEMPLATE, TARGETS, CHECK, REVIEW = STEPS = ("template", "targets", "check", "review")
_NEEDED: Final = ("template__connection", "created_by", "changed_by", "origin")


@dataclass(frozen=True)
class Step:
    """A step in the bar. `words` say what was chosen in it so far, `is_done` that nothing is missing there."""

    name: str
    address: str
    words: str
    is_done: bool
    is_here: bool

    @property
    def label(self) -> str:
        """What the bar calls it."""
        return self.name.capitalize()


def on_draft(view: DraftView[P]) -> Callable[..., HttpResponseBase]:
    """Let in who may clone, and hand the view the draft of the address; what was launched leads to its batch."""

    @wraps(view)
    def found(request: HttpRequest, pk: int, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        draft = get_object_or_404(Draft.objects.select_related(*_NEEDED), pk=pk)
        if draft.batch_id:
            return to_batch(request, draft.batch_id)
        try:
            return view(request, draft, *args, **kwargs)
        except LaunchedError as error:  # a moment ago, by somebody else
            return to_batch(request, error.batch_id)
        except Draft.DoesNotExist:
            raise Http404 from None

    return needs(Capability.CLONE)(cast("Callable[..., HttpResponseBase]", found))  # which takes `pk` by its name


def to_batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Lead to what became of a draft."""
    messages.info(request, "These stores were launched already: this is their batch.")
    return redirect("clones:batch_detail", batch_id)


def way_back(request: HttpRequest, draft: Draft, step: str) -> str:
    """Return the address of a step, with the page and the search that the address of the request names."""
    query = request.GET.urlencode()
    return f"{reverse(f'clones:draft_{step}', args=[draft.pk])}{'?' if query else ''}{query}"


def show_step(request: HttpRequest, draft: Draft, step: str, /, *, status: int = 200, **context: Any) -> HttpResponse:
    """Draw `clones/draft_<step>.html`, which extends `clones/draft_page.html`, with what that needs."""
    return show_page(request, f"clones/draft_{step}.html", draft, step, status=status, **context)


def show_page(
    request: HttpRequest, page: str, draft: Draft, step: str, /, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Draw a page that belongs to a step, with what `clones/draft_page.html` needs."""
    counts = context.get("counts") or count_rows(draft)
    bar = steps_of(draft, counts, step)
    here = STEPS.index(step)
    frame = {
        "draft": draft,
        "counts": counts,
        "steps": bar,
        "step_before": bar[here - 1] if here else None,
        "step_after": bar[here + 1] if here + 1 < len(bar) else None,
    }
    return render(request, page, {**frame, **context}, status=status)


def next_step(draft: Draft, counts: Counts) -> str:
    """Return the first step where something is left to do; what no check can tell leaves nothing to do there."""
    waits = {TEMPLATE: not _is_done(draft, counts, TEMPLATE), TARGETS: not _is_done(draft, counts, TARGETS)}
    waits[CHECK] = counts.not_asked > 0
    return next((step for step, is_waiting in waits.items() if is_waiting), REVIEW)


def steps_of(draft: Draft, counts: Counts, here: str) -> list[Step]:
    """Return the bar of steps, with `here` as the current one."""
    words = {TEMPLATE: draft.template.name if draft.template else "", TARGETS: _targets(counts), CHECK: _checks(counts)}
    return [
        Step(
            step,
            reverse(f"clones:draft_{step}", args=[draft.pk]),
            words.get(step, ""),
            _is_done(draft, counts, step),
            step == here,
        )
        for step in STEPS
    ]


def _is_done(draft: Draft, counts: Counts, step: str) -> bool:
    if step == TEMPLATE:
        return draft.template is not None and draft.template.archived_at is None
    if step == TARGETS:
        return bool(counts.total) and not counts.wrong
    if step == CHECK:
        return bool(counts.right) and counts.checks[CheckStatus.PASSED] == counts.right
    return False


def _targets(counts: Counts) -> str:
    if not counts.total:
        return ""
    return f"{stores(counts.total)}, {counts.wrong:,} with mistakes" if counts.wrong else stores(counts.total)


def _checks(counts: Counts) -> str:
    """Name what the check came to; nothing where it was not asked for."""
    return ", ".join(f"{count:,} {status.label.lower()}" for status, count in counts.checked)
