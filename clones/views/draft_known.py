"""The target stores that the portal knows, to choose from in the step Targets."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from django.db.models import Q, QuerySet

from clones.filters.search import searchable
from clones.models import Draft, DraftTarget, TargetStore

MOST_SHOWN: Final = 50


def known_targets(draft: Draft, text: str, ticked: Collection[str]) -> dict[str, Any]:
    """Return what the list of known stores shows: those that are ticked, then what was found. Three queries at most."""
    text = searchable(text)
    known = _known(draft)
    chosen = list(known.filter(pk__in=[int(pk) for pk in ticked])) if ticked else []
    found = known.exclude(pk__in=[store.pk for store in chosen])
    if text:
        found = found.filter(Q(store_id__startswith=text) | Q(label__icontains=text))
    shown = list(found.order_by("-pk")[: MOST_SHOWN + 1])
    return {"ticked": chosen, "known": shown[:MOST_SHOWN], "has_more_known": len(shown) > MOST_SHOWN, "q": text}


def _known(draft: Draft) -> QuerySet[TargetStore]:
    """Return the stores in use that are not on the list yet; of the template's connection, where there is one."""
    known = TargetStore.objects.filter(archived_at=None).exclude(store_id="")
    if draft.template:
        known = known.filter(connection_id=draft.template.connection_id)
    return known.exclude(store_id__in=draft.targets.exclude(store_id="").values("store_id"))


def with_known(draft: Draft, rows: Iterable[DraftTarget]) -> list[tuple[DraftTarget, str, bool]]:
    """Return the rows, each with its label: its own, else its store's; and whether the portal has the store's token.

    One query.
    """
    rows = list(rows)
    ids = [row.store_id for row in rows if row.store_id]
    known: dict[str, TargetStore] = {}
    if draft.template:
        stores = TargetStore.objects.filter(connection_id=draft.template.connection_id, store_id__in=ids)
        known = {store.store_id: store for store in stores.only("store_id", "label", "token")}
    return [_with_known(row, known.get(row.store_id)) for row in rows]


def _with_known(row: DraftTarget, store: TargetStore | None) -> tuple[DraftTarget, str, bool]:
    return row, row.label or (store.label if store else ""), bool(store and store.token)
