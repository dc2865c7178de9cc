"""A store is a template or a target, at one address of Ecwid's: a clone into a template would spoil it."""

from collections.abc import Sequence
from typing import Final

from django.db.models import QuerySet

from clones.models import Connection, TemplateStore
from clones.operations.errors import InvalidRequestError

NEVER_A_TARGET: Final = "{} cannot be cloned into: a template store is never a target."
MOST_NAMED: Final = 20


def templates_among(connection: Connection, store_ids: Sequence[str]) -> QuerySet[TemplateStore]:
    """Return the template stores, archived ones too, that are among these stores.

    Whoever's template it is: the stores behind one address are the same for every connection.
    """
    return TemplateStore.objects.filter(connection__api_url=connection.api_url, store_id__in=store_ids)


def refuse_templates(connection: Connection, store_ids: Sequence[str], field: str = "") -> None:
    """Raise InvalidRequestError, about `field`, where a template store is among these targets."""
    found = [f"{template.store_id} (“{template.name}”)" for template in templates_among(connection, store_ids)]
    if found:
        more = f" and {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
        raise InvalidRequestError(NEVER_A_TARGET.format(", ".join(found[:MOST_NAMED]) + more), field)
