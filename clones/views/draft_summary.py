"""What a launch is going to do, counted for the step Review."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clones.choices import CloneScope, SiteChoice
from clones.models import Draft
from clones.operations.wanted import Wanted


@dataclass(frozen=True)
class Summary:
    """Counts of the stores that would be launched. `other_scopes`: (label, count) of what is not as for the batch."""

    existing: int
    to_create: int
    site_drafts: int
    sites_published: int
    other_scopes: list[tuple[str, int]]
    other_demo: int

    @classmethod
    def of(cls, draft: Draft, wanted: Sequence[Wanted]) -> "Summary":
        """Count."""
        scopes = Counter(one.scope for one in wanted)
        sites = Counter(one.instant_site for one in wanted)
        created = sum(not one.store_id for one in wanted)
        return cls(
            existing=len(wanted) - created,
            to_create=created,
            site_drafts=sites[SiteChoice.DRAFT],
            sites_published=sites[SiteChoice.PUBLISH],
            other_scopes=[(each.label, scopes[each]) for each in CloneScope if scopes[each] and each != draft.scope],
            other_demo=sum(one.clone_demo_catalog != draft.clone_demo_catalog for one in wanted),
        )
