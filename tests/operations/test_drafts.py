"""Drafts: what is kept in them, what is looked at again when something changes, and what comes of a launch."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from clones.choices import CheckStatus, CloneScope, CreationStatus, JobStatus
from clones.imports import COLUMNS, MOST_ROWS, Row, read_csv, read_pasted
from clones.models import Draft, DraftTarget, SiteClone, StoreCreation, TargetStore, TemplateStore
from clones.operations.drafts.changing import LaunchedError
from clones.operations.drafts.counting import count_rows
from clones.operations.drafts.launching import ChangedError, launch_draft, name_it, plan
from clones.operations.drafts.making import choose, discard, new_draft, prefill
from clones.operations.drafts.rows import Cells, add_rows, change_rows, fingerprint, remove_all, remove_rows, row_of
from clones.operations.errors import InvalidRequestError
from clones.secrets import Secret
from tests.factories import BatchFactory, CloneJobFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1001", connection__site_url="https://sites.example.com/api")


@pytest.fixture
def sam() -> User:
    return staff()


@pytest.fixture
def draft(template: TemplateStore, sam: User) -> Draft:
    return new_draft(sam, template)


def paste(draft: Draft, user: User, text: str) -> int:
    return add_rows(draft, user, read_pasted(text))


def rows(draft: Draft) -> list[DraftTarget]:
    return list(draft.targets.all())


def ids(draft: Draft) -> list[str]:
    return [row.store_id for row in rows(draft)]


def template_of(draft: Draft) -> TemplateStore:
    assert draft.template is not None
    return draft.template


def fresh(draft: Draft) -> Draft:
    return Draft.objects.get(pk=draft.pk)


def check_all(draft: Draft) -> None:
    """Do as if each row had passed its check."""
    draft.targets.update(check_status=CheckStatus.PASSED, findings=[{"text": "fine"}], checked_at=timezone.now())


# Rows -----------------------------------------------------------------------------------------------------------------


def test_rows_are_added_behind_those_that_are_there_with_their_mistakes(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001 12a")
    paste(draft, sam, "9002")

    assert ids(draft) == ["9001", "12a", "9002"]
    assert [list(row.errors) for row in rows(draft)] == [[], ["store_id"], []]
    assert count_rows(fresh(draft)).right == 2


def test_a_duplicate_is_taken_out_counted_and_named_with_its_line(draft: Draft, sam: User) -> None:
    twice = paste(draft, sam, "9001\n9002\n9001")

    assert twice == 1
    assert ids(draft) == ["9001", "9002"]
    assert fresh(draft).removed == {"duplicates": [["9001", 3, ""]], "count": 1}
    assert count_rows(fresh(draft)).twice == 1


def test_the_template_itself_is_counted_and_is_a_mistake(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001 1001")

    counts = count_rows(fresh(draft))

    assert (counts.total, counts.wrong, counts.the_template) == (2, 1, 1)


def test_rows_are_replaced_where_that_is_said(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001 9001 9002")

    add_rows(draft, sam, read_pasted("9003"), replace=True)

    assert ids(draft) == ["9003"]
    assert fresh(draft).removed == {}


def test_too_many_rows_are_refused_as_a_whole(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001")

    with pytest.raises(InvalidRequestError, match="At most 5,000 stores"):
        add_rows(draft, sam, [row_of(store_id=str(10_000 + number)) for number in range(MOST_ROWS)], replace=False)

    assert ids(draft) == ["9001"]


def test_too_many_rows_that_should_replace_others_leave_those(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001")

    with pytest.raises(InvalidRequestError):
        add_rows(draft, sam, [row_of(store_id=str(10_000 + number)) for number in range(MOST_ROWS + 1)], replace=True)

    assert ids(draft) == ["9001"]


def test_tokens_are_sealed_also_in_rows_with_mistakes(draft: Draft, sam: User) -> None:
    table = read_csv(b"store_id,access_token\n9001,secret_one\n12a,secret_two\n")

    add_rows(draft, sam, table.rows)

    stored = [row.access_token for row in rows(draft)]
    assert [secret.reveal() for secret in stored] == ["secret_one", "secret_two"]
    assert all("secret_" not in secret.ciphertext for secret in stored)


def test_a_row_is_put_right_and_its_token_stays(draft: Draft, sam: User) -> None:
    add_rows(draft, sam, [row_of(store_id="12a", access_token="secret_one")])
    (row,) = rows(draft)

    change_rows(draft, sam, {row.pk: Cells({"store_id": " 9001 ", "label": "Anna"})})

    (row,) = rows(draft)
    assert (row.store_id, row.label, row.errors, row.access_token.reveal()) == ("9001", "Anna", {}, "secret_one")


@pytest.mark.parametrize(
    ("cells", "after"),
    [(Cells({}, token="secret_new"), "secret_new"), (Cells({}, forget_token=True), "")],
    ids=["another", "none"],
)
def test_a_token_is_replaced_or_forgotten_on_request(draft: Draft, sam: User, cells: Cells, after: str) -> None:
    add_rows(draft, sam, [row_of(store_id="9001", access_token="secret_one")])
    (row,) = rows(draft)

    change_rows(draft, sam, {row.pk: cells})

    assert rows(draft)[0].access_token.reveal() == after


def test_what_is_wrong_with_a_rows_shape_stays_until_a_person_saw_to_the_row(draft: Draft, sam: User) -> None:
    table = read_csv(b"store_id,label\n9001,Anna,Berlin\n9002,Bert\n")
    add_rows(draft, sam, table.rows)
    first, second = rows(draft)

    change_rows(draft, sam, {second.pk: Cells({"label": "Berta"})})
    assert rows(draft)[0].errors

    change_rows(draft, sam, {first.pk: Cells({}, accept=True)})
    assert not rows(draft)[0].errors


def test_a_row_that_somebody_else_put_right_meanwhile_is_not_undone(draft: Draft, sam: User) -> None:
    paste(draft, sam, "wrong1 wrong2")
    first, second = rows(draft)
    seen = {row.pk: fingerprint(row) for row in (first, second)}
    change_rows(draft, sam, {first.pk: Cells({"store_id": "9001"}, seen=seen[first.pk])})

    both = {
        first.pk: Cells({"store_id": "wrong1"}, seen=seen[first.pk]),
        second.pk: Cells({"store_id": "9002"}, seen=seen[second.pk]),
    }
    assert change_rows(draft, sam, both) == [first]
    assert change_rows(draft, sam, {first.pk: Cells({"store_id": "9001"}, accept=True, seen=seen[first.pk])}) == []

    assert ids(draft) == ["9001", "9002"]


def test_a_change_of_another_drafts_row_is_passed_over(draft: Draft, sam: User) -> None:
    other = new_draft(sam, draft.template)
    paste(other, sam, "9001")

    change_rows(draft, sam, {rows(other)[0].pk: Cells({"store_id": "9009"})})
    remove_rows(draft, sam, [rows(other)[0].pk])

    assert ids(other) == ["9001"]


def test_the_mistake_of_a_row_goes_with_the_row_that_it_contradicts(draft: Draft, sam: User) -> None:
    add_rows(draft, sam, [row_of(store_id="9001", label="Anna"), row_of(store_id="9001", label="Bert")])
    first, second = rows(draft)
    assert second.errors

    remove_rows(draft, sam, [first.pk])

    assert [(row.label, row.errors) for row in rows(draft)] == [("Bert", {})]


def test_all_rows_are_removed_with_what_was_told_of_their_file(draft: Draft, sam: User) -> None:
    add_rows(draft, sam, read_pasted("9001 9001"), source={"file": "a.csv"})

    remove_all(draft, sam)

    assert not rows(draft)
    assert (fresh(draft).sources, fresh(draft).removed) == ([], {})


# Checks that are void -------------------------------------------------------------------------------------------------


def test_a_changed_row_is_no_longer_checked_and_the_others_are(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001 9002")
    check_all(draft)
    DraftTarget.objects.update(lease_token="mine", leased_until=timezone.now())
    row = rows(draft)[0]

    change_rows(draft, sam, {row.pk: Cells({"label": "Anna"})})

    first, second = rows(draft)
    assert (first.check_status, first.findings, first.checked_at) == (CheckStatus.NONE, [], None)
    assert (first.lease_token, first.leased_until, first.version) == ("", None, row.version + 1)
    assert (second.check_status, second.lease_token) == (CheckStatus.PASSED, "mine")


def test_a_row_that_is_saved_as_it_was_stays_checked(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001")
    check_all(draft)

    change_rows(draft, sam, {rows(draft)[0].pk: Cells({"store_id": "9001"})})

    assert rows(draft)[0].check_status == CheckStatus.PASSED


def test_a_token_that_is_typed_once_more_leaves_the_row_checked(draft: Draft, sam: User) -> None:
    add_rows(draft, sam, [row_of(store_id="9001", access_token="secret_one")])
    check_all(draft)

    change_rows(draft, sam, {rows(draft)[0].pk: Cells({}, token="secret_one", accept=True)})

    assert rows(draft)[0].check_status == CheckStatus.PASSED


def test_another_template_examines_all_rows_again_and_voids_all_checks(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001 1002")
    check_all(draft)
    other = TemplateStoreFactory.create(connection=template_of(draft).connection, store_id="1002")

    choose(draft, sam, other, CloneScope.ALL, clone_demo_catalog=False)

    assert [bool(row.errors) for row in rows(draft)] == [False, True]
    assert {row.check_status for row in rows(draft)} == {CheckStatus.NONE}


@pytest.mark.parametrize(("scope", "demo"), [(CloneScope.CATALOG, False), (CloneScope.ALL, True)])
def test_other_options_void_all_checks(draft: Draft, sam: User, scope: CloneScope, *, demo: bool) -> None:
    paste(draft, sam, "9001")
    check_all(draft)

    choose(draft, sam, template_of(draft), scope, clone_demo_catalog=demo)

    assert rows(draft)[0].check_status == CheckStatus.NONE


def test_the_same_template_and_options_leave_the_checks(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001")
    check_all(draft)

    choose(draft, sam, template_of(draft), CloneScope.ALL, clone_demo_catalog=False)

    assert rows(draft)[0].check_status == CheckStatus.PASSED


def test_who_changed_a_draft_last_is_remembered(draft: Draft, sam: User) -> None:
    kim = staff("kim")
    Draft.objects.update(changed_at=timezone.now() - timedelta(days=3))

    paste(draft, kim, "9001")

    assert fresh(draft).created_by == sam
    assert fresh(draft).changed_by == kim
    assert fresh(draft).changed_at > timezone.now() - timedelta(minutes=1)


# Beginning with a batch -----------------------------------------------------------------------------------------------


def test_a_batch_is_prefilled_with_everything_but_its_tokens(template: TemplateStore, sam: User) -> None:
    batch = BatchFactory.create(
        template=template, scope=CloneScope.CATALOG, clone_demo_catalog=True, name="Spring", canary=True
    )
    known = TargetStoreFactory.create(
        connection=template.connection, store_id="9001", label="Anna", token=Secret.seal("secret_one")
    )
    job = CloneJobFactory.create(
        batch=batch, target=known, status=JobStatus.COMPLETED, scope=CloneScope.ALL, clone_demo_catalog=False
    )
    SiteClone.objects.create(job=job, draft=True, created_at=timezone.now())
    to_come = TargetStoreFactory.create(connection=template.connection, store_id="", email="b@example.com")
    StoreCreation.objects.create(
        connection=template.connection, target=to_come, email="b@example.com", name="Bert", created_at=timezone.now(),
        status=CreationStatus.FAILED, finished_at=timezone.now(),
    )  # fmt: skip
    CloneJobFactory.create(batch=batch, target=to_come, status=JobStatus.FAILED, clone_demo_catalog=True)

    draft = prefill(batch, sam)

    assert (draft.template, draft.scope, draft.clone_demo_catalog) == (template, CloneScope.CATALOG, True)
    assert (draft.name, draft.canary, draft.origin) == ("Spring", False, batch)
    assert [cells(row) for row in rows(draft)] == [
        {"store_id": "9001", "label": "Anna", "scope": "ALL", "clone_demo_catalog": "no", "instant_site": "draft"},
        {"email": "b@example.com", "name": "Bert"},
    ]
    assert not any(row.access_token for row in rows(draft))
    assert not any(row.errors for row in rows(draft))


def cells(row: DraftTarget) -> dict[str, Any]:
    """Return the cells that are not empty."""
    return {column: getattr(row, column) for column in COLUMNS if getattr(row, column)}


# Launching ------------------------------------------------------------------------------------------------------------


def test_a_draft_becomes_a_batch_and_its_rows_are_gone(draft: Draft, sam: User) -> None:
    choose(draft, sam, template_of(draft), CloneScope.CATALOG, clone_demo_catalog=True)
    paste(draft, sam, "9001 9002")
    add_rows(
        draft,
        sam,
        [
            row_of(store_id="9003", label="Anna", access_token="secret_one", scope="all", instant_site="publish"),
            row_of(email="B@example.com", name="Bert", clone_demo_catalog="no"),
        ],
    )
    name_it(draft, sam, "Spring", canary=False)
    before = TargetStore.objects.count()

    launch = launch_draft(fresh(draft), sam)

    assert before == 0
    assert launch.batch is not None
    assert (launch.batch.name, launch.batch.scope, launch.batch.created_by) == ("Spring", CloneScope.CATALOG, sam)
    made = {job.target.store_id: job for job in launch.batch.jobs.select_related("target")}
    assert {store: (job.scope, job.clone_demo_catalog) for store, job in made.items()} == {
        "9001": ("CATALOG", True),
        "9002": ("CATALOG", True),
        "9003": ("ALL", True),
        "": ("CATALOG", False),
    }
    assert made["9003"].target.token.reveal() == "secret_one"
    assert made["9003"].site.draft is False
    assert StoreCreation.objects.get().email == "b@example.com"
    assert fresh(draft).batch == launch.batch
    assert not rows(draft)


def test_a_token_typed_into_another_cell_is_never_stored_in_the_clear(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001")

    change_rows(
        draft, sam, {rows(draft)[0].pk: Cells({"label": f"secret_{32 * 'a'}", "scope": f" SECRET_{32 * 'a'} "})}
    )

    (row,) = rows(draft)
    assert (row.label, row.scope) == ("secret_…", "secret_…")
    assert "An access token stands here" in row.errors["label"][0]


def test_a_second_launch_returns_the_batch_of_the_first(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001")
    first = launch_draft(draft, sam)

    second = launch_draft(draft, sam)

    assert second.batch == first.batch
    assert not second.jobs


def test_rows_with_mistakes_keep_a_draft_from_being_launched_until_they_are_left_out(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001 12a")

    with pytest.raises(InvalidRequestError, match="mistakes"):
        launch_draft(draft, sam)
    launch = launch_draft(draft, sam, only_valid=True)

    assert [job.target.store_id for job in launch.jobs] == ["9001"]


def test_busy_stores_keep_a_draft_from_being_launched_until_they_are_left_out(draft: Draft, sam: User) -> None:
    busy = TargetStoreFactory.create(connection=template_of(draft).connection, store_id="9002")
    CloneJobFactory.create(batch__template=draft.template, target=busy)
    paste(draft, sam, "9001 9002")

    with pytest.raises(InvalidRequestError, match="under way"):
        launch_draft(draft, sam)
    launch = launch_draft(draft, sam, leave_out_busy=True)

    assert [job.target.store_id for job in launch.jobs] == ["9001"]


def test_what_was_seen_is_what_is_launched(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001 9002")

    launch = launch_draft(draft, sam, seen=plan(draft).seen)

    assert len(launch.jobs) == 2


def test_a_check_that_goes_on_meanwhile_changes_nothing_of_what_was_seen(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001 9002")
    seen = plan(draft).seen
    draft.targets.update(version=F("version") + 1, check_status=CheckStatus.RUNNING)
    assert launch_draft(draft, sam, seen=seen).batch is not None


def _becomes_busy(draft: Draft, user: User) -> None:
    target = TargetStoreFactory.create(connection=template_of(draft).connection, store_id="9002")
    CloneJobFactory.create(batch__template=draft.template, target=target)


def _one_less(draft: Draft, user: User) -> None:
    remove_rows(draft, user, [rows(draft)[0].pk])


def _one_other(draft: Draft, user: User) -> None:
    change_rows(draft, user, {rows(draft)[0].pk: Cells({"store_id": "9009"})})


def _one_more(draft: Draft, user: User) -> None:
    paste(draft, user, "9003")


def _other_options(draft: Draft, user: User) -> None:
    choose(draft, user, template_of(draft), CloneScope.CATALOG, clone_demo_catalog=False)


def _becomes_a_template(draft: Draft, user: User) -> None:
    TemplateStoreFactory.create(connection=template_of(draft).connection, store_id="9001")


@pytest.mark.parametrize(
    "meanwhile", [_becomes_busy, _one_less, _one_other, _one_more, _other_options, _becomes_a_template]
)
def test_what_changed_since_it_was_seen_is_not_launched(draft: Draft, sam: User, meanwhile: Any) -> None:
    paste(draft, sam, "9001 9002")
    seen = plan(draft).seen
    meanwhile(draft, staff("kim"))

    with pytest.raises(ChangedError):
        launch_draft(draft, sam, only_valid=True, leave_out_busy=True, seen=seen)

    assert fresh(draft).batch is None
    assert rows(draft)


@pytest.mark.parametrize("text", ["", "12a"])
def test_nothing_that_could_be_cloned_is_refused(draft: Draft, sam: User, text: str) -> None:
    paste(draft, sam, text)

    with pytest.raises(InvalidRequestError, match="no store"):
        launch_draft(draft, sam, only_valid=True)


def test_a_draft_without_a_template_is_refused(sam: User) -> None:
    draft = new_draft(sam)
    paste(draft, sam, "9001")

    with pytest.raises(InvalidRequestError, match="Choose the template"):
        launch_draft(draft, sam)


def test_an_archived_template_is_refused(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001")
    TemplateStore.objects.update(archived_at=timezone.now())

    with pytest.raises(InvalidRequestError, match="archived"):
        launch_draft(fresh(draft), sam)

    assert fresh(draft).batch is None


def test_a_canary_goes_first(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001 9002 9003")
    name_it(draft, sam, "", canary=True)

    launch = launch_draft(draft, sam)

    assert launch.batch is not None
    assert launch.batch.canary
    assert [bool(job.next_action_at) for job in launch.batch.jobs.order_by("pk")] == [True, False, False]


def test_a_launched_draft_is_not_changed_any_more(draft: Draft, sam: User) -> None:
    paste(draft, sam, "9001")
    launch = launch_draft(draft, sam)

    with pytest.raises(LaunchedError) as told:
        paste(draft, sam, "9002")
    discard(draft)

    assert launch.batch is not None
    assert told.value.batch_id == launch.batch.pk
    assert Draft.objects.filter(pk=draft.pk).exists()


def test_a_discarded_draft_is_gone_with_its_rows(draft: Draft, sam: User) -> None:
    add_rows(draft, sam, [Row(2, dict.fromkeys(COLUMNS, "") | {"store_id": "9001", "access_token": "secret_one"})])

    discard(draft)

    assert not Draft.objects.exists()
    assert not DraftTarget.objects.exists()
