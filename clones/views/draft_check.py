"""The step Check of the wizard."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from clones.models import Draft
from clones.views.draft_frame import CHECK, on_draft, show_step


@on_draft
@require_http_methods(["GET", "HEAD", "POST"])
def draft_check(request: HttpRequest, draft: Draft) -> HttpResponse:
    return show_step(request, draft, CHECK)


@on_draft
@require_safe
def draft_check_live(request: HttpRequest, draft: Draft) -> HttpResponse:
    return show_step(request, draft, CHECK)
