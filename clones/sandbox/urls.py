"""Ecwid's addresses under /api/v3 and /vuega, the control calls under /control, and a page for people."""

from django.urls import path, re_path

from clones.sandbox.views import (
    clones,
    control_clones,
    control_faults,
    control_limits,
    control_stores,
    listings,
    page,
    partners,
    sites,
    stores,
    unknown,
)

urlpatterns = [
    path("api/v3/stores/clone", clones.stores_clone),
    path("api/v3/stores", partners.stores),
    path("api/v3/<str:store_id>/profile", stores.profile),
    path("api/v3/<str:store_id>/products", listings.products),
    path("api/v3/<str:store_id>/categories", listings.categories),
    path("api/v3/<str:store_id>/classes", stores.classes),
    path("api/v3/<str:store_id>/latest-stats", stores.latest_stats),
    re_path(r"^api/v3/", unknown.unknown_call),
    path("vuega/api/v1/oauth/token", sites.token),
    path("vuega/api/v1/<str:store_id>/clone", sites.clone),
    re_path(r"^vuega/", unknown.unknown_call),
    path("", page.page),
    path("sandbox.css", page.style),
    path("control/stores", control_stores.stores),
    path("control/stores/<int:store_id>", control_stores.store),
    path("control/apps", control_limits.apps),
    path("control/limits", control_limits.limits),
    path("control/test-stores", control_stores.put_back),
    path("control/reset", control_stores.reset),
    path("control/faults", control_faults.faults),
    path("control/held", control_faults.held),
    path("control/release", control_faults.release),
    path("control/clones", control_clones.clones),
    path("control/tickets/<str:ticket>/finish", control_clones.finish),
    path("control/log", control_clones.log),
    path("control/log/<str:ticket>/mapping", control_clones.mapping),
    path("control/requests", control_clones.requests),
]
