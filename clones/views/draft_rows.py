"""One row of a draft by itself, and the files of the step Targets."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clones.filters.search import typed_search
from clones.imports import bad_rows_csv, example_csv
from clones.models import Draft, DraftTarget
from clones.operations.drafts.counting import HAS_NO_MISTAKE
from clones.operations.drafts.leaving_out import rows_with_reasons
from clones.operations.drafts.rows import TEXTS, change_rows, remove_rows
from clones.permissions import Capability
from clones.views.doors import needs
from clones.views.draft_cells import all_cells, cells_of
from clones.views.draft_check import listed as check_list
from clones.views.draft_frame import CHECK, TARGETS, on_draft, show_page, way_back
from clones.views.draft_places import Place, anchor_of
from clones.views.draft_targets import neighbours

CSV = "text/csv; charset=utf-8"


@needs(Capability.CLONE)
@require_safe
def draft_example_csv(request: HttpRequest) -> HttpResponse:
    disposition = 'attachment; filename="example.csv"'
    return HttpResponse(example_csv(), content_type=CSV, headers={"Content-Disposition": disposition})


@on_draft
@require_http_methods(["GET", "HEAD", "POST"])
def draft_row(request: HttpRequest, draft: Draft, row: int) -> HttpResponse:
    target = get_object_or_404(draft.targets, pk=row)
    step = CHECK if request.GET.get("step") == CHECK else TARGETS
    status = HTTPStatus.OK
    if request.method == "POST":
        place = _place(request, draft, target, step)
        typed = {name: text.replace("\0", "") for name, text in request.POST.dict().items()}
        kept = change_rows(draft, cast("User", request.user), {target.pk: cells_of({**typed, "accept": "1"})})
        if kept:
            messages.warning(request, "Somebody else changed this row meanwhile: look at its cells as they are now.")
            return redirect(request.get_full_path())
        after = draft.targets.filter(pk=row).first()  # None: it repeats another row, and so is gone
        if after is None or not after.errors:
            messages.success(request, "Saved." if after else "This row repeats another one, so only that one stays.")
            return redirect(way_back(request, draft, step) + place.anchor())
        target, status = after, HTTPStatus.UNPROCESSABLE_ENTITY
    beside = {
        "form": all_cells(target),
        "back": way_back(request, draft, step) + anchor_of(row),
        "is_check": step == CHECK,
    }
    return show_page(request, "clones/draft_row.html", draft, TARGETS, status=status, **beside)


@on_draft
@require_POST
def draft_row_remove(request: HttpRequest, draft: Draft, row: int) -> HttpResponse:
    target = get_object_or_404(draft.targets, pk=row)
    place = _place(request, draft, target, TARGETS)
    remove_rows(draft, cast("User", request.user), [target.pk])
    messages.success(request, "The row is off the list.")
    return redirect(way_back(request, draft, TARGETS) + place.anchor())


def _place(request: HttpRequest, draft: Draft, target: DraftTarget, step: str) -> Place:
    """Return where the row stands in the list of a step, as the address asks for it."""
    if step == CHECK:
        return Place.of(target.pk, check_list(request.GET, draft))
    return Place.of(target.pk, neighbours(draft, target, typed_search(request.GET)))


@on_draft
@require_safe
def draft_bad_rows_csv(request: HttpRequest, draft: Draft) -> HttpResponseBase:
    rows = draft.targets.exclude(HAS_NO_MISTAKE).iterator(500)
    wrong: Iterator[tuple[Mapping[str, str], Mapping[str, list[str]]]] = (
        ({column: getattr(row, column) for column in TEXTS}, row.errors) for row in rows
    )
    return _rows_csv(f"draft-{draft.pk}-rows-with-mistakes.csv", wrong)


@on_draft
@require_safe
def draft_rows_csv(request: HttpRequest, draft: Draft) -> HttpResponseBase:
    name = f"batch-{draft.left_out_of_id}-left-out.csv" if draft.left_out_of_id else f"draft-{draft.pk}.csv"
    return _rows_csv(name, rows_with_reasons(draft))


def _rows_csv(name: str, rows: Iterator[tuple[Mapping[str, str], Mapping[str, list[str]]]]) -> HttpResponseBase:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(bad_rows_csv(rows), content_type=CSV, headers=headers)
