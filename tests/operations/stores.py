"""Target stores and clones into them, as the tests of operations on stores make and name them."""

from clones.choices import JobStatus
from clones.models import CloneJob, TargetStore
from tests.factories import CloneJobFactory, TemplateStoreFactory


def clone_into(target: TargetStore, status: JobStatus = JobStatus.COMPLETED) -> CloneJob:
    """Make a clone into the store, of a template at the same connection."""
    return CloneJobFactory.create(
        batch__template=TemplateStoreFactory.create(connection=target.connection), target=target, status=status
    )


def ids_of(targets: list[TargetStore]) -> list[str]:
    """Return their store IDs, in order."""
    return [target.store_id for target in targets]
