"""The first page: what runs, what wants a person, what came of the last days."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clones import charts, reports
from clones.choices import TERMINAL
from clones.models import CloneJob, WorkerBeat, with_steps
from clones.permissions import Capability
from clones.views.doors import needs
from clones.views.navigation import around
from clones.views.rows import Beside, live

LIVE = "clones/_dashboard_live.html"


@needs(Capability.WATCH)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return render(request, "clones/dashboard.html", _panels(reports.Glance.at(now), now))


@needs(Capability.WATCH)
@require_safe
def dashboard_live(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    seen = reports.Glance.at(now)
    # Active, since new work may come at any time.
    beside = Beside(LIVE, seen.token, is_active=True, context=lambda: _refreshed(request, seen, now))
    return live(request, CloneJob.objects.none(), beside)


def _refreshed(request: HttpRequest, seen: reports.Glance, now: datetime) -> dict[str, Any]:
    """Return what the panels show, and whether the banners are not as the page has them."""
    panels = _panels(seen, now)
    with_banners = request.GET.get("standstill", "") not in {"", panels["standstills"]["token"]}
    return {**panels, "with_banners": with_banners}


def _panels(seen: reports.Glance, now: datetime) -> dict[str, Any]:
    """Return what the panels show, and the banners: what was seen for the token is not asked for again."""
    days = reports.last_days(now, timezone.get_current_timezone())
    failed, wanting = reports.lately_failed(now), reports.wanting_person()
    held, running = reports.open_batches()
    return {
        "token": seen.token,
        "now": now,
        "first_steps": reports.first_steps(now),
        "active": seen.active,
        "running": running,
        "held_batches": held,
        "wanting_count": wanting.count(),
        "wanting": with_steps(wanting.select_related("target", "connection"))[: reports.SHOWN],
        "failed_count": failed.count(),
        "failed": failed.select_related("target", "template", "connection")[: reports.SHOWN],
        "held_up": reports.held_up().select_related("target", "template", "connection")[: reports.SHOWN],
        "finished": reports.lately_finished().select_related("target", "template", "connection")[: reports.SHOWN],
        "bars": charts.bars(days),
        "chart": {"width": charts.WIDTH, "height": charts.HEIGHT, "total": sum(day.total for day in days)},
        "ends": TERMINAL,
        "workers": seen.workers,
        "last_beat": None if seen.workers else WorkerBeat.objects.order_by("-beat_at").first(),
        "connections": seen.connections,
        **around(seen.connections, now, works=bool(seen.workers)),
    }
