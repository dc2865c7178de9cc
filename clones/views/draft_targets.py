"""The step Targets of the wizard."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from clones.models import Draft
from clones.views.draft_frame import TARGETS, on_draft, show_step


@on_draft
@require_http_methods(["GET", "HEAD", "POST"])
def draft_targets(request: HttpRequest, draft: Draft) -> HttpResponse:
    return show_step(request, draft, TARGETS)
