"""The pages with one form: what they share."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import ConnectionFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import admin, staff

pytestmark = pytest.mark.django_db

# The form → where "Cancel" leads. Each address may need to look for something.
FORMS: dict[str, tuple[Callable[[], int], str, str]] = {
    "new person": (lambda: 0, "/people/new/", "/people/"),
    "a person": (lambda: User.objects.get(username="sam").pk, "/people/{}/edit/", "/people/{}/"),
    "a person's password": (lambda: User.objects.get(username="sam").pk, "/people/{}/password/", "/people/{}/"),
    "own password": (lambda: 0, "/accounts/password_change/", "/accounts/profile/"),
    "new connection": (lambda: 0, "/connections/new/", "/connections/"),
    "a connection": (lambda: ConnectionFactory.create().pk, "/connections/{}/edit/", "/connections/{}/"),
    "new template": (lambda: 0, "/templates/new/", "/templates/"),
    "a template": (lambda: TemplateStoreFactory.create().pk, "/templates/{}/edit/", "/templates/{}/"),
    "new targets": (lambda: 0, "/targets/new/", "/targets/"),
    "a target": (lambda: TargetStoreFactory.create().pk, "/targets/{}/edit/", "/targets/{}/"),
}


@pytest.mark.parametrize("name", FORMS)
def test_cancel_leads_back_to_where_one_came_from(client: Client, name: str) -> None:
    staff()
    ConnectionFactory.create()
    client.force_login(admin())
    make, address, back = FORMS[name]
    pk = make()

    page = client.get(address.format(pk)).content.decode()

    assert re.findall(r'<a class="btn" href="([^"]*)">Cancel</a>', page) == [back.format(pk)]


@pytest.mark.parametrize(
    "address",
    ["/clones/new/", *(FORMS[name][1] for name in ("new person", "own password", "new connection", "new template"))],
)
def test_a_form_with_mistakes_names_its_fields_and_leads_to_each(client: Client, address: str) -> None:
    TemplateStoreFactory.create()
    client.force_login(admin())

    page = client.post(address).content.decode()

    named = re.findall(
        r'<a class="link-underlined" href="#([^"]+)">', page.split('<ul class="mistakes">')[1].split("</ul>")[0]
    )
    assert named
    assert [place for place in named if f'id="{place}"' not in page] == []
