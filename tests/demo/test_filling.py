"""What the first start leaves: three weeks that really happened, in the portal and at the sandbox alike."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F, Min
from django.utils import timezone

from clones.choices import (
    ACTIVE,
    TERMINAL,
    CloneScope,
    CreationStatus,
    FailureKind,
    HoldReason,
    JobStatus,
    MailStatus,
    SiteStatus,
)
from clones.demo.filling import fill
from clones.demo.sandbox import SandboxControl
from clones.lifecycle import TRANSITIONS
from clones.models import (
    Batch,
    BatchMail,
    CloneEvent,
    CloneJob,
    Connection,
    Draft,
    EntityMapping,
    StoreCreation,
    TargetStore,
    TemplateStore,
)
from clones.operations.drafts.counting import count_rows
from tests.mappings import logged_mapping, stored_mapping
from tests.sandbox_process import SandboxProcess

FREE = [str(number) for number in range(9035, 9041)]


@pytest.fixture(scope="module")
def shop(open_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The filled portal, and the sandbox that it speaks to."""
    with SandboxProcess(tmp_path_factory.mktemp("demo") / "sandbox.sqlite3") as process:
        fill(SandboxControl(process.api_url), lambda _: None, small=False)
        yield process
    call_command("flush", verbosity=0, interactive=False)


pytestmark = pytest.mark.usefixtures("shop")


def ended() -> list[CloneJob]:
    return list(CloneJob.objects.filter(status__in=TERMINAL).select_related("template", "target").order_by("pk"))


def test_the_stores_are_there() -> None:
    assert Connection.objects.get().is_sandbox
    assert Connection.objects.get().site_url
    counts = TemplateStore.objects.order_by("store_id").values_list("store_id", "tested_product_count")
    assert list(counts) == [("1001", 40), ("1002", 400), ("1003", 2500), ("1004", 25_000)]
    assert TargetStore.objects.exclude(label="").count() == 50 + 3
    assert list(TargetStore.objects.filter(jobs=None).values_list("store_id", flat=True)) == FREE


def test_the_free_stores_are_named_alike_on_both_sides_and_empty(shop: SandboxProcess) -> None:
    for target in TargetStore.objects.filter(jobs=None):
        store = shop.store(int(target.store_id))
        assert (store["name"], store["products"]) == (target.label, [])


def test_every_mapping_is_the_one_that_the_sandbox_answered(shop: SandboxProcess) -> None:
    completed = [job for job in ended() if job.status == JobStatus.COMPLETED]

    for job in completed:
        assert stored_mapping(job) == logged_mapping(shop, job.ticket), job
    assert {job.template.store_id for job in completed} == {"1001", "1002", "1003", "1004"}
    assert EntityMapping.objects.values("job").annotate(first=Min("pk")).count() > 20


def test_every_mapping_names_what_is_in_the_store_now(shop: SandboxProcess) -> None:
    for job in CloneJob.objects.filter(status=JobStatus.COMPLETED, template__store_id="1001").exclude(mapping_note=""):
        assert job.scope == CloneScope.STORE_SETTINGS
    for job in CloneJob.objects.filter(status=JobStatus.COMPLETED, template__store_id="1001", mapping_note=""):
        products = shop.store(int(job.target.store_id))["products"]
        now = {str(product["id"]) for product in products if job.clone_demo_catalog or not product["is_sample"]}
        assert set(job.mappings.filter(entity_type="product").values_list("target_id", flat=True)) == now


def test_the_sandbox_ran_each_clone_that_the_portal_knows_and_no_other(shop: SandboxProcess) -> None:
    lost = CloneJob.objects.filter(failure_kind=FailureKind.RESULT_LOST).values_list("target__store_id", flat=True)
    known = set(CloneJob.objects.exclude(ticket="").values_list("ticket", flat=True))

    unknown = [clone.target for clone in shop.log() if clone.ticket not in known]

    assert unknown == list(lost)


def test_clones_failed_for_several_reasons_and_some_were_retried() -> None:
    failed = CloneJob.objects.filter(status=JobStatus.FAILED)
    kinds = set(failed.values_list("failure_kind", flat=True))

    assert {FailureKind.TARGET, FailureKind.ECWID, FailureKind.TRANSIENT, FailureKind.RESULT_LOST} == kinds
    assert failed.values("error_code").distinct().count() >= 4
    assert CloneJob.objects.filter(retry_of__status=JobStatus.FAILED, status=JobStatus.COMPLETED).count() == 3
    assert CloneJob.objects.filter(status=JobStatus.CANCELED).count() == 6
    assert CloneEvent.objects.filter(note__startswith="Found again").count() == 1


def test_both_users_launched_batches_of_several_sizes() -> None:
    sizes = Counter(CloneJob.objects.values_list("batch", flat=True)).values()

    assert set(Batch.objects.values_list("created_by__username", flat=True)) == {"admin", "staff"}
    assert min(sizes) == 1
    assert max(sizes) == 12


def test_it_took_three_weeks_and_working_days_were_busier() -> None:
    now = timezone.localtime()
    days = Counter(timezone.localtime(job.created_at).date() for job in ended())
    per_weekday = Counter({day: count for day, count in days.items() if day.weekday() < 5})

    assert timedelta(days=18) < now - min(job.created_at for job in ended()) < timedelta(days=24)
    assert max(job.finished_at for job in ended() if job.finished_at) < now
    assert sum(per_weekday.values()) / 15 > (days.total() - per_weekday.total()) / 6 * 2


def test_clones_took_from_one_to_fifteen_minutes() -> None:
    completed = CloneJob.objects.filter(status=JobStatus.COMPLETED, finished_at__lt=timezone.now())
    took = completed.annotate(took=F("finished_at") - F("accepted_at")).values_list("took", flat=True)

    assert timedelta(minutes=1) < min(took)
    assert timedelta(minutes=10) < max(took) < timedelta(minutes=15)


def test_every_history_is_one_that_the_lifecycle_allows_in_the_order_of_time() -> None:
    for job in ended():
        events = list(job.events.order_by("pk"))
        steps = [(event.from_status, event.to_status) for event in events if event.from_status]
        assert all(old == new or new in TRANSITIONS[JobStatus(old)] for old, new in steps), job
        assert [event.at for event in events] == sorted(event.at for event in events), job
        assert (events[0].from_status, events[-1].to_status) == ("", job.status), job
        changes = [event.at for event in events if event.from_status != event.to_status]
        assert (job.created_at, job.finished_at) == (changes[0], changes[-1]), job


def test_some_clones_wait_for_the_worker() -> None:
    active = CloneJob.objects.filter(status__in=ACTIVE).exclude(next_action_at=None)

    assert set(active.values_list("status", flat=True)) == {JobStatus.WAITING}
    assert active.count() == 3


def test_stores_were_created_with_their_instant_sites_and_one_needs_a_person(shop: SandboxProcess) -> None:
    batch = Batch.objects.get(name="New customers")
    waits = CloneJob.objects.get(batch=batch, status=JobStatus.WAITING)
    completed = batch.jobs.filter(status=JobStatus.COMPLETED).select_related("target", "site")

    assert StoreCreation.objects.get(target=waits.target).status == CreationStatus.NEEDS_PERSON
    assert len(shop.stores("owner@harbour-lights.example")) == 1
    assert [job.site.status for job in completed] == [SiteStatus.DONE] * 2
    assert all(shop.store(int(job.target.store_id))["site"]["draft"] is False for job in completed)
    assert batch.ended_at is not None
    assert batch.ended_at < timezone.now() - timedelta(hours=1)


def test_one_batch_is_held_since_its_first_clone_failed() -> None:
    held = Batch.objects.get(name="Spring openings")

    assert (held.hold_reason, held.ended_at) == (HoldReason.CANARY, None)
    assert held.jobs.filter(status=JobStatus.WAITING, next_action_at=None).count() == 9
    assert held.jobs.filter(status=JobStatus.FAILED, error_code="TARGET_PRODUCTS_LIMIT").count() == 1


def test_every_other_batch_has_ended_when_its_last_clone_did_and_its_mail_is_gone() -> None:
    open_ones = set(Batch.objects.filter(ended_at=None).values_list("name", flat=True))

    assert open_ones == {"Spring openings", "Christmas openings: catalog"}
    assert not BatchMail.objects.exclude(state=MailStatus.SENT).exists()


def test_somebody_is_still_at_a_list_with_mistakes() -> None:
    counts = count_rows(Draft.objects.get(name="Market day"))

    assert (counts.total, counts.wrong, counts.to_create, counts.the_template, counts.twice) == (7, 4, 1, 1, 1)


def test_a_launch_has_left_out_rows_with_mistakes() -> None:
    shortened = Batch.objects.get(name="Christmas openings: catalog")
    rest = Draft.objects.get(left_out_of=shortened)

    assert shortened.left_out["wrong"] == count_rows(rest).wrong == count_rows(rest).total == 2


def test_nothing_is_older_than_the_portals_set_up() -> None:
    first = Batch.objects.aggregate(first=Min("created_at"))["first"]

    for rows in (Connection.objects.all(), TemplateStore.objects.all(), TargetStore.objects.filter(email="")):
        assert not rows.filter(created_at__gte=first).exists()
