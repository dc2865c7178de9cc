"""The page for people at `/`: what this sandbox offers, and what happens in it. It changes nothing.

The keys and tokens that it shows open nothing but this sandbox.
"""

import time
from datetime import UTC, datetime

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clones.sandbox.blocks import blocks
from clones.sandbox.cloning import paused
from clones.sandbox.controls import CONTROLS
from clones.sandbox.faults import FAULT_WORDS, fault_book
from clones.sandbox.models import App, CloneTicket, Product, RequestLog, Store
from clones.sandbox.options import NUMBERS, option_of, options
from clones.sandbox.seed import CLIENT_SECRET
from clones.sandbox.testemails import TEST_EMAILS
from clones.sandbox.teststores import TEST_STORES, TEST_STORES_BY_ID

LATEST = 50
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def page(request: HttpRequest) -> HttpResponse:
    """Show everything on one page."""
    context = {
        "here": request.build_absolute_uri("/").rstrip("/"),
        "secret": CLIENT_SECRET,
        "apps": App.objects.order_by("pk"),
        "stores": _stores(),
        "test_stores": TEST_STORES,
        "test_emails": TEST_EMAILS,
        "controls": CONTROLS,
        "fault_words": FAULT_WORDS.items(),
        "faults": fault_book.standing(),
        "blocks": len(blocks.running(time.time())),
        "paused": paused(),
        "options": [(option_of(name), f"{getattr(options, name):g}", words) for name, words in NUMBERS.items()],
        "clones": CloneTicket.objects.defer("mapping").order_by("-pk")[:LATEST],
        "requests": [(_clock(row.at), row) for row in RequestLog.objects.order_by("-pk")[:LATEST]],
    }
    return _strict(render(request, "sandbox/page.html", context))


def style(request: HttpRequest) -> HttpResponse:
    """Give the page its look."""
    return _strict(render(request, "sandbox/page.css", content_type="text/css; charset=utf-8"))


def _stores() -> list[tuple[Store, int]]:
    """Return the stores that are no test stores, with the number of their products."""
    counts = dict(Product.objects.values_list("store_id").annotate(number=Count("pk")).order_by())
    stores = Store.objects.exclude(pk__in=TEST_STORES_BY_ID).only("name", "owner_email", "token", "suspended")
    return [(store, counts.get(store.pk, 0)) for store in stores.order_by("pk")]


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _strict(response: HttpResponse) -> HttpResponse:
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
