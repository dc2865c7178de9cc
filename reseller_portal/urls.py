"""All addresses of the portal."""

from django.contrib import admin
from django.urls import include, path

from clones.views import health, metrics

handler403 = "clones.views.errors.forbidden"
handler404 = "clones.views.errors.not_found"
handler500 = "clones.views.errors.server_error"

urlpatterns = [
    path("", include("clones.urls")),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
