"""How the pages write a person's role and what it allows."""

from django import template
from django.contrib.auth.models import User

from clones.permissions import main_role, words_for

register = template.Library()


@register.filter
def role_name(person: User) -> str:
    """Write a person's role, also of one who is deactivated; nothing where there is none."""
    role = main_role(person)
    return f"{role} (superuser)" if person.is_superuser else str(role or "")


@register.filter
def may_words(person: User) -> str:
    """Write what the role allows, as the end of a sentence that begins with "May"; nothing where there is none."""
    role = main_role(person)
    return words_for(role) if role else ""
