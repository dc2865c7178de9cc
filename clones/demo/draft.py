"""The lists out of spreadsheets: one that somebody is still at when the demo starts, and one that is launched then."""

from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User

from clones.demo.plan import DRAFT, DRAFT_FILE, DRAFT_NAME, RUNNING, RUNNING_FILE, RUNNING_NAME, RUNNING_SCOPE
from clones.demo.shops import BOUTIQUE
from clones.imports import read_csv
from clones.models import Draft, TemplateStore
from clones.operations.drafts.launching import launch_draft, name_it
from clones.operations.drafts.making import choose, new_draft
from clones.operations.drafts.rows import add_rows, source_of

BEGUN: Final = timedelta(minutes=20)
CHANGED: Final = timedelta(minutes=12)


def begin_draft(user: User, now: datetime) -> None:
    """Begin a draft out of a spreadsheet with mistakes, as if a while ago."""
    draft = _draft(user, DRAFT, DRAFT_FILE)
    Draft.objects.filter(pk=draft.pk).update(name=DRAFT_NAME, created_at=now - BEGUN, changed_at=now - CHANGED)


def launch_running(user: User) -> None:
    """Launch what is to run when the demo starts, without the rows that have mistakes."""
    draft = _draft(user, RUNNING, RUNNING_FILE)
    choose(draft, user, TemplateStore.objects.get(store_id=BOUTIQUE), RUNNING_SCOPE, clone_demo_catalog=False)
    name_it(draft, user, RUNNING_NAME, canary=False)
    launch_draft(draft, user, only_valid=True)


def _draft(user: User, text: str, file: str) -> Draft:
    """Begin a draft out of a spreadsheet."""
    draft = new_draft(user, TemplateStore.objects.get(store_id=BOUTIQUE))
    table = read_csv(text.encode("utf-8-sig"))
    add_rows(draft, user, table.rows, source=source_of(file, table))
    return draft
