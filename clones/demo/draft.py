"""The list that somebody is still at when the demo starts."""

from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User

from clones.demo.plan import DRAFT, DRAFT_FILE, DRAFT_NAME
from clones.demo.shops import BOUTIQUE
from clones.imports import read_csv
from clones.models import Draft, TemplateStore
from clones.operations.drafts.making import new_draft
from clones.operations.drafts.rows import add_rows, source_of

BEGUN: Final = timedelta(minutes=20)
CHANGED: Final = timedelta(minutes=12)


def begin_draft(user: User, now: datetime) -> None:
    """Begin a draft out of a spreadsheet with mistakes, as if a while ago."""
    draft = new_draft(user, TemplateStore.objects.get(store_id=BOUTIQUE))
    table = read_csv(DRAFT.encode("utf-8-sig"))
    add_rows(draft, user, table.rows, source=source_of(DRAFT_FILE, table))
    Draft.objects.filter(pk=draft.pk).update(name=DRAFT_NAME, created_at=now - BEGUN, changed_at=now - CHANGED)
