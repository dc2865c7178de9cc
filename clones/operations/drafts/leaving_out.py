"""What a launch leaves out: kept as a draft of its own, with its cells, tokens and findings."""

from collections.abc import Iterable, Iterator, Mapping

from django.contrib.auth.models import User
from django.utils import timezone

from clones.choices import CheckStatus
from clones.models import Batch, CloneJob, Draft, DraftTarget
from clones.operations.drafts.rows import TEXTS, revalidate

Reasons = Mapping[str, list[str]]


def keep_left_out(draft: Draft, batch: Batch, left_out: Mapping[str, list[DraftTarget]], user: User) -> None:
    """Move rows, by the reason why they did not go along, into a new draft, and count them at the batch.

    The draft is locked, so that this happens once.
    """
    batch.left_out = {reason: len(rows) for reason, rows in left_out.items()}
    batch.save(update_fields=["left_out"])
    kept = [row for rows in left_out.values() for row in rows]
    if not kept:
        return
    now = timezone.now()
    rest = Draft.objects.create(
        created_by=user,
        created_at=now,
        changed_by=user,
        changed_at=now,
        template=draft.template,
        scope=draft.scope,
        clone_demo_catalog=draft.clone_demo_catalog,
        name=draft.name,
        canary=draft.canary,
        sources=draft.sources,
        left_out_of=batch,
    )
    draft.targets.filter(pk__in=[row.pk for row in kept]).update(draft=rest)
    revalidate(rest)  # a row that contradicted one which was launched contradicts nothing any more
    rest.save()


def rows_with_reasons(draft: Draft) -> Iterator[tuple[Mapping[str, str], Reasons]]:
    """Yield the cells of all rows but their tokens, each with what keeps it from being launched now."""
    rows = list(draft.targets.all())
    busy = {job.target.store_id: job.pk for job in active_into(draft, (row.store_id for row in rows))}
    for row in rows:
        yield {column: getattr(row, column) for column in TEXTS}, _reasons(row, busy)


def active_into(draft: Draft, store_ids: Iterable[str]) -> list[CloneJob]:
    """Return the active clones into these stores, over whichever connection at the template's address."""
    if not draft.template:
        return []
    jobs = CloneJob.objects.active().into(draft.template.connection, filter(None, store_ids))
    return list(jobs.select_related("target").order_by("pk"))


def _reasons(row: DraftTarget, busy: Mapping[str, int]) -> dict[str, list[str]]:
    found = {column: list(said) for column, said in row.errors.items()}
    if row.check_status == CheckStatus.BLOCKED:
        found["check"] = [each["text"] for each in row.findings]
    elif row.store_id in busy:
        found["store_id"] = [*found.get("store_id", []), f"Clone {busy[row.store_id]} into this store is under way."]
    return found
