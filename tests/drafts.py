"""Drafts as tests fill them."""

from typing import Any

from django.contrib.auth.models import User

from clones.imports import read_csv, read_pasted
from clones.models import Draft, DraftTarget, TemplateStore
from clones.operations.drafts.making import new_draft
from clones.operations.drafts.rows import add_rows

HOSTILE_CSV = (
    "store_id,email,name,label,access_token,scope,clone_demo_catalog,instant_site\n"
    "12a<script>document.title='taken'</script>,,,,secret_hidden,,,\n"
    ',<img src=x onerror=alert(1)>,"</p>\'"" onfocus=",,secret hidden,<b>foo</b>,{{ settings.SECRET_KEY }},=1+1\n'
    f",,,{'W' * 300},,,,\n"
    "9901,,,<script>document.title='taken'</script>&amp;,secret_hidden,catalog,yes,\n"
)


def draft_with(user: User, template: TemplateStore | None, text: str = "") -> Draft:
    """Make a draft with pasted stores."""
    draft = new_draft(user, template)
    if text:
        add_rows(draft, user, read_pasted(text))
    return Draft.objects.get(pk=draft.pk)


def add_file(draft: Draft, user: User, text: str) -> None:
    """Add the rows of a CSV file."""
    add_rows(draft, user, read_csv(text.encode()).rows)


def rows(draft: Draft) -> list[DraftTarget]:
    """Return its rows in their order."""
    return list(draft.targets.all())


def ids(draft: Draft) -> list[str]:
    """Return its rows' store IDs in their order."""
    return [row.store_id for row in rows(draft)]


def text_of(response: Any) -> str:
    """Return a page's text."""
    return str(response.content.decode())
