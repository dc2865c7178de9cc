"""Drafts with targets, as tests need them."""

from django.contrib.auth.models import User
from django.utils import timezone

from clones.models import Draft, DraftTarget, TemplateStore
from clones.secrets import Secret
from tests.sandbox_process import store_token


def make_draft(template: TemplateStore | None, **fields: object) -> Draft:
    """Begin a draft."""
    now = timezone.now()
    owner = User.objects.get_or_create(username="drafter")[0]
    made = {"created_by": owner, "created_at": now, "changed_at": now, "template": template, **fields}
    return Draft.objects.create(**made)


def add_row(draft: Draft, store_id: int | str = "", *, token: str | None = None, **cells: object) -> DraftTarget:
    """Add a target. Its token: that which the sandbox gives a store, unless there is another, or none ("")."""
    sealed = Secret.seal((store_token(int(store_id)) if store_id else "") if token is None else token)
    position = draft.targets.count()
    row = DraftTarget(draft=draft, position=position, line=position + 2, store_id=str(store_id), **cells)
    row.access_token = sealed
    row.save()
    return row


def add_rows(draft: Draft, store_ids: "range | list[int]", token: str) -> None:
    """Add many targets that all have the same token."""
    first = draft.targets.count()
    rows = [DraftTarget(draft=draft, position=at, store_id=str(one)) for at, one in enumerate(store_ids, first)]
    for row in rows:
        row.access_token = Secret.seal(token)
    DraftTarget.objects.bulk_create(rows)
