"""How fast targets are checked, by a clock of our own: never faster than Ecwid allows, whoever's token it is."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from clones.choices import CHECK_MOVES, CheckStatus
from clones.engine import budget
from clones.engine.calls import Caller
from clones.engine.errands.checking import CheckDesk
from clones.engine.errands.visits import MOST_AT_ONCE
from clones.engine.store_visit import MOST_QUESTIONS
from clones.models import DraftTarget, StoreKey, TemplateStore
from clones.operations.checks import start_check
from tests.checked_drafts import add_row, add_rows, make_draft
from tests.factories import TemplateStoreFactory

LIMIT = 600
ROUND = timedelta(seconds=0.1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Iterator[CheckDesk]:
    caller = Caller(1)
    yield CheckDesk(caller)
    caller.close()


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create()


def begin(desk: CheckDesk, now: datetime) -> list[int]:
    """Do what the rounds do at a desk at `now`; return the rows whose calls leave."""
    with transaction.atomic():
        rows = list(desk.due(now)[: desk.at_once])
        leased = DraftTarget.objects.filter(pk__in=[row.pk for row in rows])
        leased.update(lease_token="mine")
        work = [row.pk for row, _ in desk.prepare(rows, now)]
        leased.exclude(pk__in=work).update(lease_token="")
    return work


def end(rows: list[int]) -> None:
    DraftTarget.objects.filter(pk__in=rows).update(check_status=CheckStatus.PASSED, lease_token="", next_action_at=None)


def test_500_targets_with_one_token_never_reach_its_limit(desk: CheckDesk, template: TemplateStore) -> None:
    draft = make_draft(template)
    add_rows(draft, range(9_001, 9_501), "secret_shared")
    now = start = timezone.now()
    start_check(draft, draft.created_by, at=now)

    left_at: list[datetime] = []
    while DraftTarget.objects.filter(check_status__in=CHECK_MOVES).exists():
        left = begin(desk, now)
        left_at += [now] * len(left) * MOST_QUESTIONS
        end(left)
        due = DraftTarget.objects.filter(check_status__in=CHECK_MOVES).order_by("next_action_at").first()
        now = max(now + ROUND, due.next_action_at) if due and due.next_action_at else now

    assert len(left_at) == 500 * MOST_QUESTIONS
    minute = timedelta(minutes=1)
    assert max(sum(first <= at < first + minute for at in left_at) for first in set(left_at)) <= LIMIT * 0.9
    assert now - start < timedelta(seconds=500 * MOST_QUESTIONS / (LIMIT * 0.75 / 60))  # nor much slower than it may


def test_rows_that_wait_for_a_token_hold_up_no_other(desk: CheckDesk, template: TemplateStore) -> None:
    draft = make_draft(template)
    add_rows(draft, range(9_001, 9_101), "secret_shared")
    add_rows(draft, [8_001], "secret_other")
    now = timezone.now()
    start_check(draft, draft.created_by, at=now)

    rounds = 0
    while DraftTarget.objects.get(store_id="8001").check_status != CheckStatus.RUNNING:
        begin(desk, now + rounds * ROUND)
        rounds += 1

    assert rounds <= 10


def test_few_visits_with_one_token_are_under_way_at_once(desk: CheckDesk, template: TemplateStore) -> None:
    draft = make_draft(template)
    add_rows(draft, range(9_001, 9_031), "secret_shared")
    now = timezone.now()
    start_check(draft, draft.created_by, at=now)

    for turn in range(50):
        begin(desk, now + turn * timedelta(seconds=1))

    assert DraftTarget.objects.filter(check_status=CheckStatus.RUNNING).count() == MOST_AT_ONCE


def test_each_token_has_a_limit_of_its_own(desk: CheckDesk, template: TemplateStore) -> None:
    draft = make_draft(template)
    for store in range(9_001, 9_017):
        add_rows(draft, [store], f"secret_{store}")
    now = timezone.now()
    start_check(draft, draft.created_by, at=now)

    assert len(begin(desk, now)) == desk.at_once
    assert StoreKey.objects.count() == desk.at_once
    assert Counter(DraftTarget.objects.values_list("check_status", flat=True)) == {CheckStatus.RUNNING: 16}


def test_look_ups_wait_while_the_connection_has_nothing_left_for_people(
    desk: CheckDesk, template: TemplateStore
) -> None:
    draft, now = make_draft(template), timezone.now()
    for number in range(3):
        add_row(draft, email=f"new{number}@example.com", name="New")
    start_check(draft, draft.created_by, at=now)
    connection = template.connection
    connection.bucket_level, connection.bucket_at = budget.lowest_for_test(connection.rate_limit) - 1, now
    connection.save()

    assert begin(desk, now) == []
    assert all(row.next_action_at and row.next_action_at > now for row in DraftTarget.objects.all())
    assert len(begin(desk, now + timedelta(seconds=10))) == 3
