"""The pages of what goes wrong; each keeps the navigation."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from clones.views.doors import ClosedDoorError


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 and name what is missing."""
    sentence = str(exception) if isinstance(exception, ClosedDoorError) else ""
    return render(request, "403.html", {"sentence": sentence}, status=HTTPStatus.FORBIDDEN)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404; the address may be wrong, or what was there is gone."""
    return render(request, "404.html", status=HTTPStatus.NOT_FOUND)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; without the navigation where even that needs a database, or a store of sessions, that is away."""
    try:
        page = render_to_string("500.html", request=request)
    except Exception:  # noqa: BLE001  whatever broke the first page may break this one too, and is in the log already
        page = render_to_string("500.html")
    return HttpResponse(page, status=HTTPStatus.INTERNAL_SERVER_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that was open while somebody signed in or out elsewhere."""
    return render(request, "403_csrf.html", status=HTTPStatus.FORBIDDEN)
