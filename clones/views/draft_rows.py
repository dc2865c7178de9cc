"""One row of a draft by itself, and the files of the step Targets."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clones.imports import bad_rows_csv, example_csv
from clones.models import Draft
from clones.operations.drafts.counting import HAS_NO_MISTAKE
from clones.operations.drafts.rows import TEXTS, change_rows, remove_rows
from clones.permissions import Capability
from clones.views.doors import needs
from clones.views.draft_cells import all_cells, cells_of, changed_meanwhile
from clones.views.draft_frame import TARGETS, on_draft, show_page

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
    status = HTTPStatus.OK
    if request.method == "POST":
        typed = {name: text.replace("\0", "") for name, text in request.POST.dict().items()}
        cells = cells_of({**typed, "accept": "1"})
        if change_rows(draft, cast("User", request.user), {target.pk: cells}):
            messages.warning(request, changed_meanwhile(1))
            return redirect("clones:draft_row", draft.pk, row)
        after = draft.targets.filter(pk=row).first()  # None: it repeats another row, and so is gone
        if after is None or not after.errors:
            messages.success(request, "Saved." if after else "This row repeats another one, so only that one stays.")
            return redirect("clones:draft_targets", draft.pk)
        target, status = after, HTTPStatus.UNPROCESSABLE_ENTITY
    return show_page(request, "clones/draft_row.html", draft, TARGETS, status=status, form=all_cells(target))


@on_draft
@require_POST
def draft_row_remove(request: HttpRequest, draft: Draft, row: int) -> HttpResponse:
    target = get_object_or_404(draft.targets, pk=row)
    remove_rows(draft, cast("User", request.user), [target.pk])
    messages.success(request, "The row is off the list.")
    return redirect("clones:draft_targets", draft.pk)


@on_draft
@require_safe
def draft_bad_rows_csv(request: HttpRequest, draft: Draft) -> HttpResponseBase:
    rows = draft.targets.exclude(HAS_NO_MISTAKE).iterator(500)
    wrong: Iterator[tuple[Mapping[str, str], Mapping[str, list[str]]]] = (
        ({column: getattr(row, column) for column in TEXTS}, row.errors) for row in rows
    )
    response = StreamingHttpResponse(bad_rows_csv(wrong), content_type=CSV)
    response["Content-Disposition"] = f'attachment; filename="draft-{draft.pk}-rows-with-mistakes.csv"'
    return response
