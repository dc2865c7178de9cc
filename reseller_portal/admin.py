"""Django's own admin at /admin/: for superusers, who look after accounts when nobody else can."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest


class SuperuserSite(AdminSite):
    """The admin site without Django's "staff" people: the portal's roles are other ones."""

    site_header = site_title = "Reseller portal: accounts"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in active superusers only."""
        return bool(request.user.is_active and request.user.is_superuser)


class PortalAdminConfig(AdminConfig):
    """django.contrib.admin with that site."""

    default_site = "reseller_portal.admin.SuperuserSite"
