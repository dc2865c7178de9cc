"""A portal as it is after some weeks, with all that a page may have to show, and names that try to break it."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from clones.choices import (
    ACTIVE,
    BlockReason,
    CloneScope,
    CreationStatus,
    FailureKind,
    HoldReason,
    JobStatus,
    SiteStatus,
)
from clones.models import (
    Batch,
    CloneEvent,
    CloneJob,
    Connection,
    Draft,
    DraftTarget,
    EntityMapping,
    TargetStore,
    TemplateStore,
)
from clones.operations.drafts.rows import add_rows, row_of
from tests.drafts import HOSTILE_CSV, add_file, draft_with, rows
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    SiteCloneFactory,
    StoreCreationFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
)
from tests.people import admin, nobody, staff

HOSTILE = (
    "<script>document.title='taken'</script>&amp; \"Sons\"",
    "متجر النور للعطور والهدايا \u202egnp.exe",
    "Snow 🛷🛷🛷 Sports 👩‍👩‍👧‍👧",
    "W" * 200,
    "{{ settings.SECRET_KEY }} {% debug %}",
    "=SUM(A1:A9)",
    "",
)
PAIRS = 150


@dataclass(frozen=True)
class World:
    """What the addresses of the pages are made of."""

    people: dict[str, User]
    connection: Connection
    template: TemplateStore
    unused: TemplateStore
    archived: TemplateStore
    target: TargetStore
    batch: Batch
    completed: CloneJob
    failed: CloneJob
    waiting: CloneJob
    running: CloneJob
    held: Batch
    draft: Draft
    row: DraftTarget
    empty: Draft
    orphan: Draft
    without_store: CloneJob
    without_site: CloneJob

    @classmethod
    def make(cls) -> "World":
        """Fill the database."""
        connection = ConnectionFactory.create(name="Sandbox " + HOSTILE[0], is_sandbox=True)
        stopped_at = timezone.now() - timedelta(hours=2)
        ConnectionFactory.create(
            name="W" * 100,
            blocked_since=stopped_at,
            blocked_until=stopped_at + timedelta(days=1),
            block_reason=BlockReason.CREDENTIALS,
            block_message=HOSTILE[3],
        )
        people = {"staff": staff(), "admin": admin(), "nobody": nobody()}
        User.objects.filter(pk=people["staff"].pk).update(first_name=HOSTILE[0][:150], last_name="W" * 100)
        template = TemplateStoreFactory.create(
            connection=connection, name=HOSTILE[3], product_count=25_000, category_count=600
        )
        unused = TemplateStoreFactory.create(connection=connection, name=HOSTILE[1])
        archived = TemplateStoreFactory.create(connection=connection, name=HOSTILE[0], archived_at=stopped_at)
        batch = BatchFactory.create(template=template, created_by=people["staff"], name=HOSTILE[3])
        jobs = _jobs(batch, people["staff"])
        _map(jobs[JobStatus.COMPLETED])
        return cls(
            people,
            connection,
            template,
            unused,
            archived,
            jobs[JobStatus.COMPLETED].target,
            batch,
            jobs[JobStatus.COMPLETED],
            jobs[JobStatus.FAILED],
            jobs[JobStatus.WAITING],
            jobs[JobStatus.IN_PROGRESS],
            _held(template, people["staff"]),
            *_drafts(people["staff"], unused, archived, jobs[JobStatus.IN_PROGRESS].target, batch),
            _without_store(batch),
            _without_site(batch),
        )


def _drafts(
    user: User, template: TemplateStore, archived: TemplateStore, busy: TargetStore, batch: Batch
) -> tuple[Draft, DraftTarget, Draft, Draft]:
    """Make a draft of three pages with all mistakes and names, a row of it, an empty one, one whose template went.

    The first came out of two files, and is what `batch` left out.
    """
    draft = draft_with(user, template, f"{busy.store_id} {' '.join(str(700_000 + each) for each in range(120))}")
    add_file(draft, user, HOSTILE_CSV)
    add_rows(draft, user, [row_of(email="new@example.com", name=name) for name in HOSTILE[:1]])
    add_rows(draft, user, [row_of(store_id=f"71000{turn}", label=name) for turn, name in enumerate(HOSTILE)])
    Draft.objects.filter(pk=draft.pk).update(
        name=HOSTILE[3],
        left_out_of=batch,
        sources=[{"file": file, "encoding": "UTF-8", "delimiter": "comma", "used": ["store_id"],
                "ignored": list(HOSTILE), "missed": ["email"], "rows": 9} for file in HOSTILE[:2]],
        removed={"duplicates": [[HOSTILE[3], 3, HOSTILE[0]]], "count": 1},
    )  # fmt: skip
    Batch.objects.filter(pk=batch.pk).update(left_out={"wrong": 3, "blocked": 2, "busy": 1})
    draft.targets.filter(line__isnull=False).update(file=HOSTILE[0])
    wrong = next(row for row in rows(draft) if row.errors)
    return draft, wrong, draft_with(user, template), draft_with(user, archived, "9001")


def _jobs(batch: Batch, user: User) -> dict[JobStatus, CloneJob]:
    """Make three jobs of each status, with targets of all names; return the last of each."""
    made = {}
    for turn, status in enumerate(list(JobStatus) * 3):
        target = TargetStoreFactory.create(connection=batch.connection, label=HOSTILE[turn % len(HOSTILE)])
        made[status] = _job(batch, user, target, status)
    retry = BatchFactory.create(template=batch.template, created_by=user, retry_of=batch, scope=CloneScope.CATALOG)
    job = _job(retry, user, made[JobStatus.FAILED].target, JobStatus.COMPLETED)
    CloneJob.objects.filter(pk=job.pk).update(retry_of=made[JobStatus.FAILED])
    return made


def _held(template: TemplateStore, user: User) -> Batch:
    """Make a batch that is held: with stores and sites in every state, and failures with codes that nobody knows."""
    batch = BatchFactory.create(
        template=template,
        created_by=user,
        name=HOSTILE[0],
        held_since=timezone.now() - timedelta(hours=3),
        hold_reason=HoldReason.SAME_FAILURES,
    )
    for turn, store in enumerate(CreationStatus):
        name = HOSTILE[turn % len(HOSTILE)]
        creation = StoreCreationFactory.create(
            connection=batch.connection, name=name, email=f"{'w' * 200}{turn}@example.com", status=store
        )
        TargetStore.objects.filter(pk=creation.target_id).update(label=name)
        status = JobStatus.FAILED if store == CreationStatus.FAILED else JobStatus.WAITING
        fields = {"created_at": creation.created_at, "scope": CloneScope.CATALOG if turn % 2 else CloneScope.ALL}
        kind = FailureKind.NO_STORE if status == JobStatus.FAILED else ""
        CloneJobFactory.create(batch=batch, target=creation.target, status=status, failure_kind=kind, **fields)
    for site in SiteStatus:
        job = _job(batch, user, TargetStoreFactory.create(connection=batch.connection), JobStatus.COMPLETED)
        SiteCloneFactory.create(job=job, status=site, error_message=HOSTILE[3])
    for name in HOSTILE:
        job = _job(batch, user, TargetStoreFactory.create(connection=batch.connection, label=name), JobStatus.FAILED)
        CloneJob.objects.filter(pk=job.pk).update(failure_kind=FailureKind.UNKNOWN, error_code=name[:200])
    return batch


def _job(batch: Batch, user: User, target: TargetStore, status: JobStatus) -> CloneJob:
    failed = status == JobStatus.FAILED
    job = CloneJobFactory.create(
        batch=batch,
        target=target,
        status=status,
        created_by=user,
        failure_kind=FailureKind.TARGET if failed else "",
        error_code="TARGET_PRODUCTS_NOT_EMPTY" if failed else "",
        error_message=HOSTILE[3] if failed else "",
        trying_since=timezone.now() - timedelta(minutes=20),
        overdue_since=timezone.now() if status in ACTIVE else None,
    )
    CloneEvent.objects.create(job=job, at=job.created_at, actor=user, to_status=JobStatus.WAITING, note="Asked for.")
    CloneEvent.objects.create(
        job=job, at=timezone.now(), from_status=JobStatus.WAITING, to_status=status, message=job.error_message
    )
    return job


def _without_store(batch: Batch) -> CloneJob:
    """Make a clone whose store needs a person."""
    creation = StoreCreationFactory.create(
        connection=batch.connection,
        status=CreationStatus.NEEDS_PERSON,
        email=f"{'w' * 64}@{'w' * 60}.example",
        name=HOSTILE[0],
        error_message=f"Ecwid has a store for {HOSTILE[3]} now.",
        unanswered_since=timezone.now(),
    )
    job = CloneJobFactory.create(batch=batch, target=creation.target, next_action_at=None)
    SiteCloneFactory.create(job=job)
    return job


def _without_site(batch: Batch) -> CloneJob:
    """Make a clone whose Instant Site needs a person."""
    target = TargetStoreFactory.create(connection=batch.connection, label=HOSTILE[1])
    job = CloneJobFactory.create(batch=batch, target=target, status=JobStatus.COMPLETED)
    stuck = {"status": SiteStatus.NEEDS_PERSON, "error_code": "W" * 100, "error_message": HOSTILE[3]}
    SiteCloneFactory.create(job=job, **stuck)
    return job


def _map(job: CloneJob) -> None:
    """Store a mapping: products on two pages, categories, and a type that nobody knows."""
    pairs = [("product", str(500_000 + number), str(80_000_000 + number)) for number in range(PAIRS)]
    pairs += [("category", "500000", "07000"), ("<b>wishes</b> & more", "a" * 60, "b" * 60)]
    EntityMapping.objects.bulk_create(
        EntityMapping(job=job, entity_type=kind, source_id=old, target_id=new) for kind, old, new in pairs
    )
