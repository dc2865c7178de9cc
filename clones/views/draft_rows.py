"""One row of a draft by itself, and the files of the step Targets."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clones.models import Draft
from clones.permissions import Capability
from clones.views.doors import needs
from clones.views.draft_frame import on_draft


@needs(Capability.CLONE)
@require_safe
def draft_example_csv(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@on_draft
@require_http_methods(["GET", "HEAD", "POST"])
def draft_row(request: HttpRequest, draft: Draft, row: int) -> HttpResponse:
    return HttpResponse()


@on_draft
@require_POST
def draft_row_remove(request: HttpRequest, draft: Draft, row: int) -> HttpResponse:
    return HttpResponse()


@on_draft
@require_safe
def draft_bad_rows_csv(request: HttpRequest, draft: Draft) -> HttpResponse:
    return HttpResponse()
