"""Beginning a draft, and throwing one away."""

from django.contrib.auth.models import User
from django.utils import timezone

from clones.models import Draft, TemplateStore


def new_draft(user: User, template: TemplateStore | None = None) -> Draft:
    """Begin a draft without targets."""
    now = timezone.now()
    return Draft.objects.create(created_by=user, changed_by=user, created_at=now, changed_at=now, template=template)


def discard(draft: Draft) -> None:
    """Forget a draft and its targets, unless it was launched."""
    Draft.objects.filter(pk=draft.pk, batch=None).delete()
