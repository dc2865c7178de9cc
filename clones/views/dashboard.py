"""The first page: what runs, what wants a person, what came of the last days."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clones import charts, reports, standstill
from clones.choices import TERMINAL
from clones.models import CloneJob, WorkerBeat, with_steps
from clones.permissions import Capability
from clones.views.doors import needs
from clones.views.rows import Beside, live

LIVE = "clones/_dashboard_live.html"


@needs(Capability.WATCH)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "clones/dashboard.html", _panels(reports.fingerprint(timezone.now())))


@needs(Capability.WATCH)
@require_safe
def dashboard_live(request: HttpRequest) -> HttpResponse:
    token = reports.fingerprint(timezone.now())
    # Active, since new work may come at any time.
    beside = Beside(LIVE, token, is_active=True, context=lambda: _refreshed(request, token))
    return live(request, CloneJob.objects.none(), beside)


def _refreshed(request: HttpRequest, token: str) -> dict[str, Any]:
    """Return what the panels show, and whether the banners are not as the page has them."""
    panels = _panels(token)
    stopped = sum(each.pk for each in panels["connections"] if each.paused_at or each.is_blocked(panels["now"]))
    now_stands = standstill.token(works=bool(panels["workers"]), stopped=stopped)
    return {**panels, "with_banners": request.GET.get("standstill", "") not in {"", now_stands}}


def _panels(token: str) -> dict[str, Any]:
    """Return what the panels show; `token` is the state that they were read in, or an earlier one."""
    now = timezone.now()
    days = reports.last_days(now, timezone.get_current_timezone())
    failed, wanting = reports.lately_failed(now), reports.wanting_person()
    return {
        "token": token,
        "now": now,
        "first_steps": reports.first_steps(now),
        "active": reports.active_counts(),
        "running": reports.running_batches(),
        "held_batches": reports.held_batches(),
        "wanting_count": wanting.count(),
        "wanting": with_steps(wanting.select_related("target", "connection"))[: reports.SHOWN],
        "failed_count": failed.count(),
        "failed": failed.select_related("target", "template", "connection")[: reports.SHOWN],
        "held_up": reports.held_up().select_related("target", "template", "connection")[: reports.SHOWN],
        "finished": reports.lately_finished().select_related("target", "template", "connection")[: reports.SHOWN],
        "bars": charts.bars(days),
        "chart": {"width": charts.WIDTH, "height": charts.HEIGHT, "total": sum(day.total for day in days)},
        "ends": TERMINAL,
        "workers": list(WorkerBeat.objects.alive(now)),
        "last_beat": WorkerBeat.objects.order_by("-beat_at").first(),
        "connections": standstill.all_connections(),
    }
