"""A job with the steps before and after it: the store that is created for it, and its Instant Site."""

from django.db.models import OuterRef, Q, QuerySet, Subquery

from clones.choices import CreationStatus, SiteStatus
from clones.models.creation import StoreCreation
from clones.models.job import CloneJob
from clones.models.site import SiteClone


def needing_person(jobs: QuerySet[CloneJob]) -> QuerySet[CloneJob]:
    """Keep the jobs whose store, or whose Instant Site, goes on only when a person has seen to it."""
    # One list of ids: for "in the one or in the other" PostgreSQL reads all clones ever.
    return jobs.filter(pk__in=needing_store().values("pk").union(needing_site().values("job")))


def needing_store() -> QuerySet[CloneJob]:
    """Return the jobs whose store is not created until a person has seen to it."""
    stores = StoreCreation.objects.filter(finished_at=None, status=CreationStatus.NEEDS_PERSON).order_by()
    return CloneJob.objects.active().filter(target__in=stores.values("target")).order_by()


def needing_site() -> QuerySet[SiteClone]:
    """Return the Instant Sites that are not cloned until a person has seen to it."""
    return SiteClone.objects.filter(finished_at=None, status=SiteStatus.NEEDS_PERSON).order_by()


def with_steps(jobs: QuerySet[CloneJob]) -> QuerySet[CloneJob]:
    """Read along `site`, and as `creation_status` how far the store is that is created for this very job.

    None where the store was there before: what one job got created is no step of a later one.
    """
    stores = StoreCreation.objects.filter(
        Q(finished_at=None) | Q(finished_at__gte=OuterRef("created_at")),
        target=OuterRef("target"),
        created_at__lte=OuterRef("created_at"),
    )
    status = stores.order_by("-pk").values("status")[:1]
    return jobs.select_related("site").annotate(creation_status=Subquery(status))
