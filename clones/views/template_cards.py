"""The template stores as cards to choose from: what each holds, and how long a clone of it usually takes."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import Final

from clones.choices import CloneScope, JobStatus
from clones.models import CloneJob, TemplateStore
from clones.tables.stores import with_history

SAMPLE: Final = 1_000  # the latest clones of all templates together: one query, however many templates there are


@dataclass(frozen=True)
class TemplateCard:
    """A template store in use; `usual_seconds` is None where no clone of its catalog completed lately."""

    store: TemplateStore
    usual_seconds: float | None


def template_cards() -> list[TemplateCard]:
    """Return the template stores in use, by name. Two queries."""
    usual = _usual_seconds()
    stores = with_history(TemplateStore.objects.filter(archived_at=None))
    return [TemplateCard(store, usual.get(store.pk)) for store in stores]


def _usual_seconds() -> dict[int, float]:
    """Return what half of the latest clones of each template took at most, from acceptance to the end."""
    done = CloneJob.objects.filter(status=JobStatus.COMPLETED, accepted_at__isnull=False)
    copied = done.exclude(scope=CloneScope.STORE_SETTINGS).order_by("-pk")
    columns = copied.values_list("template_id", "accepted_at", "finished_at")
    took: dict[int, list[float]] = defaultdict(list)
    for template_id, accepted_at, finished_at in columns[:SAMPLE]:
        if accepted_at and finished_at:
            took[template_id].append((finished_at - accepted_at).total_seconds())
    return {template_id: median(lengths) for template_id, lengths in took.items()}
