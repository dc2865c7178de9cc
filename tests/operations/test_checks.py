"""Asking for a check, and what it came to."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clones.choices import BlockReason, CheckStatus
from clones.models import Draft, DraftTarget, StoreKey, TemplateStore
from clones.operations.checks import ALL, PROBLEMS, CheckProgress, start_check
from clones.operations.drafts.changing import LaunchedError
from clones.operations.drafts.counting import count_rows
from clones.operations.drafts.rows import Cells, change_rows
from clones.operations.errors import InvalidRequestError
from tests.checked_drafts import add_row, make_draft
from tests.factories import BatchFactory, TemplateStoreFactory

NOW = timezone.now()

pytestmark = pytest.mark.django_db


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create()


@pytest.fixture
def draft(template: TemplateStore) -> Draft:
    return make_draft(template)


@pytest.fixture
def user(draft: Draft) -> User:
    return draft.created_by


def with_results(draft: Draft) -> dict[CheckStatus, DraftTarget]:
    """Add a row of each result."""
    rows = {status: add_row(draft, 9001 + at, check_status=status) for at, status in enumerate(CheckStatus)}
    DraftTarget.objects.exclude(check_status="").update(findings=[{"level": "", "code": "", "text": "old"}])
    return rows


def waiting(draft: Draft) -> set[str]:
    return set(draft.targets.filter(check_status=CheckStatus.WAITING, findings=[]).values_list("store_id", flat=True))


def test_a_check_makes_all_rows_wait_that_have_no_mistake(draft: Draft, user: User) -> None:
    good, bad = add_row(draft, 9001), add_row(draft, "nonsense", token="", errors={"store_id": ["It is none."]})

    assert start_check(draft, user, at=NOW) == 1

    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.check_status, good.next_action_at, good.version) == (CheckStatus.WAITING, NOW, 2)
    assert (bad.check_status, bad.next_action_at) == (CheckStatus.NONE, None)


def test_what_is_being_checked_goes_on_and_the_others_begin_anew(draft: Draft, user: User) -> None:
    rows = with_results(draft)
    running = rows[CheckStatus.RUNNING]

    assert start_check(draft, user, only=ALL) == len(CheckStatus) - 2

    assert waiting(draft) == {row.store_id for status, row in rows.items() if status not in {"WAITING", "RUNNING"}}
    assert DraftTarget.objects.get(pk=running.pk).version == running.version


def test_only_problems_leave_alone_what_passed_or_was_never_asked(draft: Draft, user: User) -> None:
    rows = with_results(draft)

    assert start_check(draft, user, only=PROBLEMS) == 3

    assert waiting(draft) == {rows[status].store_id for status in PROBLEMS}


def test_a_check_again_tries_refused_tokens_once_more(draft: Draft, user: User) -> None:
    later = NOW + timedelta(hours=1)
    blocked = {"used_at": NOW, "blocked_since": NOW, "blocked_until": later}
    refused = StoreKey.objects.create(fingerprint="a", block_reason=BlockReason.CREDENTIALS, **blocked)
    limited = StoreKey.objects.create(fingerprint="b", block_reason=BlockReason.RATE_LIMITED, **blocked)
    add_row(draft, 9001, store_key=refused)
    add_row(draft, 9002, store_key=limited)

    start_check(draft, user, at=NOW)

    refused.refresh_from_db()
    limited.refresh_from_db()
    assert (refused.blocked_until, limited.blocked_until) == (NOW, later)


def test_without_a_template_nothing_is_checked(user: User) -> None:
    draft = make_draft(None)
    add_row(draft, 9001)

    with pytest.raises(InvalidRequestError, match="Choose a template first"):
        start_check(draft, user)

    assert draft.targets.get().check_status == CheckStatus.NONE


def test_what_was_launched_is_not_checked_any_more(draft: Draft, user: User) -> None:
    add_row(draft, 9001)
    Draft.objects.update(batch=BatchFactory.create())

    with pytest.raises(LaunchedError):
        start_check(draft, user)


def test_a_change_of_a_row_makes_its_check_void(draft: Draft, user: User) -> None:
    row, other = add_row(draft, 9001), add_row(draft, 9002)
    start_check(draft, user)
    DraftTarget.objects.update(check_status=CheckStatus.RUNNING, lease_token="mine")

    change_rows(draft, user, {row.pk: Cells({"store_id": "9003"})})

    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.check_status, row.lease_token, row.next_action_at) == (CheckStatus.NONE, "", None)
    assert (other.check_status, other.lease_token) == (CheckStatus.RUNNING, "mine")


def test_5_000_rows_begin_with_a_few_queries(
    draft: Draft, user: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [DraftTarget(draft=draft, position=at, store_id=str(9001 + at)) for at in range(4_000)]
    rows += [DraftTarget(draft=draft, position=at, email=f"{at}@example.com") for at in range(4_000, 5_000)]
    DraftTarget.objects.bulk_create(rows, batch_size=500)

    with django_assert_max_num_queries(20):
        begun = start_check(draft, user)

    assert begun == 5_000


def test_how_far_it_is_told_in_numbers(draft: Draft) -> None:
    with_results(draft)

    progress = CheckProgress.of(count_rows(draft))

    assert (progress.total, progress.asked, progress.moving, progress.done, progress.problems) == (7, 6, 2, 4, 3)
    assert not progress.is_untouched
