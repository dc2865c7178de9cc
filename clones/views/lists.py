"""What all lists share: the page, its size as the person chose it last, the order out of the address."""

from django.core.paginator import Paginator
from django.http import HttpRequest
from django_tables2 import RequestConfig, Table

from clones.middleware import PAGE_SIZE_COOKIE, PAGE_SIZES


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
