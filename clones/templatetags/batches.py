"""How the pages draw how far a batch is."""

from typing import Any

from django import template

from clones import charts
from clones.progress import Progress

register = template.Library()


@register.inclusion_tag("clones/_batch_bar.html")
def batch_bar(progress: Progress) -> dict[str, Any]:
    """Draw a bar of how many clones are how far, while it runs; `clones/_batch_words.html` says the same."""
    return {"progress": progress, "stretches": charts.stretches(progress) if progress.active else ()}
