"""Applications of others, as this project wants them."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """django.contrib.admin with a site of ours."""

    default_site = "reseller_portal.admin.SuperuserSite"
