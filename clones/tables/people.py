"""The list of people."""

from typing import Any

import django_tables2 as tables
from django.contrib.auth.models import User
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django_tables2.data import TableQuerysetData

from clones.tables.base import PortalTable, TimeColumn


class PersonColumn(tables.Column):
    """A cell with a template of its own, which is given the row as `person`."""

    empty_values = ()

    def __init__(self, template_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template_name = template_name

    def render(self, record: User) -> SafeString:
        """Draw the cell."""
        return render_to_string(self.template_name, {"person": record})


class PeoplePages(TableQuerysetData):
    """People by the page; how many there are is known from the tabs already."""

    def __init__(self, people: QuerySet[User], total: int) -> None:
        super().__init__(people)
        self._length = total


class PersonTable(PortalTable):
    """People by name."""

    caption = "People"

    name = PersonColumn(
        "clones/_person_name.html", order_by=("sorted_name", "pk"), attrs={"td": {"class": "person-name"}}
    )
    role = PersonColumn(
        "clones/_person_role.html", order_by=("is_superuser", "is_admin_of_portal", "is_staff_of_portal", "pk")
    )
    email = tables.Column(verbose_name="E-mail", order_by=("email", "pk"), attrs={"td": {"class": "person-email"}})
    last_login = TimeColumn(
        verbose_name="Last sign-in", default="Never", attrs={"td": {"class": "nowrap", "data-label": "Last sign-in"}}
    )

    class Meta(PortalTable.Meta):
        order_by = "name"

    def order_last_login(
        self,
        queryset: QuerySet[User],
        is_descending: bool,  # noqa: FBT001  as django-tables2 calls it
    ) -> tuple[QuerySet[User], bool]:
        """Sort by time; who never signed in counts as the longest ago, on every kind of database."""
        last = F("last_login")
        order = last.desc(nulls_last=True) if is_descending else last.asc(nulls_first=True)
        return queryset.order_by(order, "pk"), True
