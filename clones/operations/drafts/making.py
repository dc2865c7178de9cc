"""Beginning a draft, choosing its template, and throwing it away."""

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clones.choices import CloneScope, SiteChoice
from clones.imports import Row
from clones.models import Batch, CloneJob, Draft, TemplateStore
from clones.operations.drafts.changing import changing
from clones.operations.drafts.rows import forget_checks, revalidate, row_of, store_rows


def new_draft(user: User, template: TemplateStore | None = None) -> Draft:
    """Begin a draft without targets."""
    now = timezone.now()
    return Draft.objects.create(created_by=user, changed_by=user, created_at=now, changed_at=now, template=template)


@transaction.atomic
def prefill(batch: Batch, user: User) -> Draft:
    """Begin a draft with what a batch was: its template, options, name and all its targets.

    The tokens stay at the targets, where a launch finds them. What each clone had otherwise than the batch is kept.
    """
    draft = new_draft(user, batch.template)
    draft.origin = batch
    draft.name = batch.name
    draft.scope = batch.scope
    draft.clone_demo_catalog = batch.clone_demo_catalog
    jobs = batch.jobs.select_related("target", "site").prefetch_related("target__creations").order_by("pk")
    store_rows(draft, _rows_of(batch, jobs.iterator(1_000)))
    revalidate(draft)
    draft.save()
    return draft


def _rows_of(batch: Batch, jobs: Iterator[CloneJob]) -> Iterator[Row]:
    for job in jobs:
        target = job.target
        creation = None if target.store_id else target.creations.last()
        yield row_of(
            store_id=target.store_id,
            email="" if target.store_id else target.email,
            name=creation.name if creation else "",
            label=target.label,
            scope="" if job.scope == batch.scope else job.scope,
            clone_demo_catalog=_demo(batch, job),
            instant_site=_site(job),
        )


def _demo(batch: Batch, job: CloneJob) -> str:
    if job.clone_demo_catalog == batch.clone_demo_catalog:
        return ""
    return "yes" if job.clone_demo_catalog else "no"


def _site(job: CloneJob) -> str:
    if not hasattr(job, "site"):
        return ""
    return SiteChoice.DRAFT if job.site.draft else SiteChoice.PUBLISH


def choose(draft: Draft, user: User, template: TemplateStore, scope: CloneScope, *, clone_demo_catalog: bool) -> None:
    """Set what is copied. Where that is new, all rows are looked at again, and their checks are void."""
    with changing(draft, user) as now:
        before = (now.template_id, now.scope, now.clone_demo_catalog)
        now.template = template
        now.scope = scope
        now.clone_demo_catalog = clone_demo_catalog
        if before != (template.pk, scope, clone_demo_catalog):
            forget_checks(now.targets.all())
            revalidate(now)


@transaction.atomic
def discard(draft: Draft) -> None:
    """Forget a draft and its targets, unless it was launched."""
    # Locked before its targets, as everywhere: else somebody who changes it and this wait for each other for ever.
    for row in Draft.objects.select_for_update(no_key=True).filter(pk=draft.pk, batch=None):
        row.delete()
