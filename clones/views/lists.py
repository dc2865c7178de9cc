"""What lists share: the page, its size as chosen last, the order out of the address, and what filters offer."""

from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest
from django_tables2 import RequestConfig, Table

from clones.filters.address import AddressFilter
from clones.middleware import PAGE_SIZE_COOKIE, PAGE_SIZES
from clones.models import TemplateStore


def filter_choices(listed: AddressFilter) -> dict[str, Any]:
    """Return what `clones/_filter_choices.html` offers, and whether the address asks for what is not there."""
    templates, people = list(TemplateStore.objects.all()), list(User.objects.order_by("username"))
    template, user = (listed.chosen.get(name) for name in ("template", "user"))
    return {
        "templates": templates,
        "people": people,
        "template_is_unknown": template and template not in {store.pk for store in templates},
        "person_is_unknown": user and user not in {person.pk for person in people},
    }


def per_page(request: HttpRequest) -> int:
    """Return the rows on a page: as the address says, else as chosen last, else 50."""
    asked = (request.GET.get("per_page", ""), request.COOKIES.get(PAGE_SIZE_COOKIE, ""))
    sizes = {str(size): size for size in PAGE_SIZES}
    return next((sizes[text] for text in asked if text in sizes), 50)


def arrange(request: HttpRequest, table: Table) -> Table:
    """Sort and cut a table as the address says; what makes no sense there is passed over."""
    RequestConfig(request, paginate=False).configure(table)
    # Not by RequestConfig, which takes whatever size the address asks for, and breaks at a negative one.
    table.paginator = Paginator(table.rows, per_page(request))
    table.page = table.paginator.get_page(request.GET.get("page"))
    return table
