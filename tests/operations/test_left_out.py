"""What a launch leaves out: kept in a draft of its own, once, with all that was typed and found."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from clones.choices import CheckStatus, CloneScope, JobStatus
from clones.imports import COLUMNS
from clones.models import Batch, CloneJob, Draft, DraftTarget, TemplateStore
from clones.operations.drafts.launching import launch_draft, name_it, plan
from clones.operations.drafts.leaving_out import rows_with_reasons
from clones.operations.drafts.making import choose, new_draft
from clones.operations.drafts.rows import Cells, add_rows, change_rows, row_of
from clones.operations.errors import InvalidRequestError
from tests.drafts import add_file, ids, rows
from tests.factories import CloneJobFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import staff

pytestmark = pytest.mark.django_db

FILE = """store_id,label,access_token,instant_site
9001,Anna,,
12a,Bert,secret_bert,perhaps
9002,Carl,secret_carl,
9003,Dora,,
9001,Other,,
"""


@pytest.fixture
def sam() -> User:
    return staff()


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1001", connection__site_url="https://sites.example.com/api")


@pytest.fixture
def draft(template: TemplateStore, sam: User) -> Draft:
    """Make a draft: 9001 can go, two rows have mistakes, 9002 would be refused, 9003 is busy."""
    draft = new_draft(sam, template)
    choose(draft, sam, template, CloneScope.CATALOG, clone_demo_catalog=True)
    add_file(draft, sam, FILE)
    name_it(draft, sam, "Spring", canary=True)
    finding = {"level": CheckStatus.BLOCKED, "code": "X", "text": "The store has 3 products. Empty it first."}
    draft.targets.filter(store_id="9002").update(check_status=CheckStatus.BLOCKED, findings=[finding])
    busy = TargetStoreFactory.create(connection=template.connection, store_id="9003")
    CloneJobFactory.create(batch__template=template, target=busy)
    return Draft.objects.get(pk=draft.pk)


def launched(draft: Draft, user: User) -> Batch:
    batch = launch_draft(draft, user, only_valid=True, leave_out_busy=True).batch
    assert batch is not None
    return batch


def facts(row: DraftTarget) -> list[object]:
    """Return what a row says, what is wrong with it, and what was found."""
    cells = [getattr(row, column) for column in COLUMNS if column != "access_token"]
    return [row.line, cells, row.access_token.reveal(), row.errors, row.check_status, row.findings]


def test_all_that_does_not_go_along_is_kept_as_it_was(draft: Draft, sam: User) -> None:
    draft.targets.filter(label="Other").delete()  # its mistake ends with the launch of the row that it contradicts
    before = [facts(row) for row in rows(draft)][1:]
    kim = staff("kim")

    batch = launched(draft, kim)

    rest = Draft.objects.get(left_out_of=batch)
    assert [facts(row) for row in rows(rest)] == before
    assert (rest.template, rest.scope, rest.clone_demo_catalog) == (draft.template, CloneScope.CATALOG, True)
    assert (rest.name, rest.canary, rest.created_by, rest.changed_by) == ("Spring", True, kim, kim)
    assert timezone.now() - rest.changed_at < timedelta(minutes=1)
    assert not rows(draft)


def test_it_is_counted_at_the_batch_by_its_reason(draft: Draft, sam: User) -> None:
    batch = launched(draft, sam)

    assert Batch.objects.get(pk=batch.pk).left_out == {"wrong": 2, "blocked": 1, "busy": 1}


def test_where_all_go_along_nothing_is_kept(draft: Draft, sam: User) -> None:
    draft.targets.exclude(label="Anna").delete()

    batch = launched(draft, sam)

    assert not any(batch.left_out.values())
    assert Draft.objects.count() == 1


def test_a_second_launch_keeps_nothing_a_second_time(draft: Draft, sam: User) -> None:
    first, second = launched(draft, sam), launched(draft, sam)

    assert first == second
    assert Draft.objects.filter(left_out_of=first).count() == 1
    assert Draft.objects.count() == 2


def test_blocked_rows_that_are_taken_along_are_not_kept(draft: Draft, sam: User) -> None:
    launch = launch_draft(draft, sam, only_valid=True, leave_out_busy=True, with_blocked=True)

    assert launch.batch is not None
    assert launch.batch.left_out == {"wrong": 2, "blocked": 0, "busy": 1}
    assert "9002" not in ids(Draft.objects.get(left_out_of=launch.batch))


def test_a_row_that_says_the_same_as_another_is_neither_launched_nor_kept(draft: Draft, sam: User) -> None:
    twin = draft.targets.get(label="Anna")
    twin.pk = None
    twin.position = 99
    twin.save()

    batch = launched(draft, sam)

    assert batch.jobs.count() == 1
    assert "Anna" not in [row.label for row in rows(Draft.objects.get(left_out_of=batch))]


def test_a_mistake_that_only_the_launch_found_stands_at_the_row(draft: Draft, sam: User) -> None:
    draft.targets.filter(line=3).delete()
    add_rows(draft, sam, [row_of(store_id="9009")])
    TemplateStoreFactory.create(connection=draft.template.connection, store_id="9009")  # type: ignore[union-attr]

    batch = launched(draft, sam)

    kept = DraftTarget.objects.get(draft__left_out_of=batch, store_id="9009")
    assert "template" in str(kept.errors["store_id"])


def test_a_row_that_contradicted_one_that_was_launched_has_no_mistake_any_more(draft: Draft, sam: User) -> None:
    assert draft.targets.get(label="Other").errors

    rest = Draft.objects.get(left_out_of=launched(draft, sam))

    assert rest.targets.get(label="Other").errors == {}
    CloneJob.objects.update(status=JobStatus.CANCELED, finished_at=timezone.now())
    assert "9001" in [one.store_id for one in plan(rest).free]


def test_nothing_is_kept_of_a_launch_that_is_refused(draft: Draft, sam: User) -> None:
    with pytest.raises(InvalidRequestError):
        launch_draft(draft, sam)

    assert Draft.objects.count() == 1
    assert len(rows(draft)) == 5


def test_one_can_go_on_with_them_and_leave_some_out_again(draft: Draft, sam: User) -> None:
    rest = Draft.objects.get(left_out_of=launched(draft, sam))
    wrong = rest.targets.get(store_id="12a")
    change_rows(rest, sam, {wrong.pk: Cells({"store_id": "9012", "instant_site": ""})})

    again = launched(rest, sam)

    assert [job.target.store_id for job in again.jobs.all()] == ["9012"]
    assert again.jobs.get().target.token.reveal() == "secret_bert"
    assert set(ids(Draft.objects.get(left_out_of=again))) == {"9001", "9002", "9003"}


def test_each_row_is_told_with_what_keeps_it_and_without_its_token(draft: Draft, sam: User) -> None:
    launched(draft, sam)
    (busy,) = CloneJob.objects.filter(target__store_id="9003")

    told = list(rows_with_reasons(Draft.objects.get(batch=None)))

    said = {cells["label"]: errors for cells, errors in told}
    assert set(said["Bert"]) == {"store_id", "instant_site"}
    assert said["Carl"] == {"check": ["The store has 3 products. Empty it first."]}
    assert said["Dora"] == {"store_id": [f"Clone {busy.pk} into this store is under way."]}
    assert "secret_" not in str(told)
