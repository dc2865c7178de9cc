"""The one place that knows a page from a fragment."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


def wants_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a part of a page: not for a boosted one, nor for one out of the history."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # the middleware's
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request
