"""Django's own admin at /admin/: for superusers, who look after accounts when nobody else can."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from clones.views.doors import ClosedDoorError

View = Callable[..., HttpResponseBase]


class SuperuserSite(AdminSite):
    """The admin site without Django's "staff" people, and without a sign-in page of its own.

    Who is not signed in never gets here: LoginRequiredMiddleware leads to the portal's login page, and back.
    """

    site_header = site_title = "Reseller portal: accounts"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in active superusers only."""
        return bool(request.user.is_active and request.user.is_superuser)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]  # noqa: FBT001, FBT002
        """Answer 403 to everybody else, where Django would show a sign-in page."""
        inside = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            self._check(request)
            return inside(request, *args, **kwargs)

        return update_wrapper(guarded, inside)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        """Lead on: whoever comes here has signed in already."""
        self._check(request)
        return redirect("admin:index")

    def password_change(  # type: ignore[override]  # a page in Django's
        self,
        request: HttpRequest,  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Lead to the portal's own page for it."""
        return redirect("password_change")

    def _check(self, request: HttpRequest) -> None:
        if not self.has_permission(request):
            raise ClosedDoorError("You may not use Django's own admin: that takes a superuser.")
