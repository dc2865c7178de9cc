"""One draft, launched and changed at the same instant, each in a thread with a connection of its own: one batch."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from clones.choices import CheckStatus
from clones.imports import read_pasted
from clones.models import Batch, CloneJob, Draft, TemplateStore
from clones.operations.drafts.changing import LaunchedError, changing
from clones.operations.drafts.launching import launch_draft, plan
from clones.operations.drafts.making import discard, new_draft
from clones.operations.drafts.rows import add_rows, remove_all
from tests.factories import TemplateStoreFactory
from tests.people import staff
from tests.together import at_once
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 10


@pytest.fixture
def sam() -> User:
    return staff()


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1001")


def filled(template: TemplateStore, user: User, first: int) -> Draft:
    draft = new_draft(user, template)
    add_rows(draft, user, read_pasted(f"{first} {first + 1} {first + 2}"))
    return draft


def test_of_four_launches_of_one_draft_all_return_the_same_batch_and_keep_once_what_is_left_out(
    template: TemplateStore, sam: User
) -> None:
    for number in range(ROUNDS):
        draft = filled(template, sam, 9001 + 3 * number)
        add_rows(draft, sam, read_pasted("12a"))
        batches: list[int] = []

        def launch(draft: Draft = draft, batches: list[int] = batches) -> None:
            batch = launch_draft(draft, sam, only_valid=True).batch
            assert batch is not None
            batches.append(batch.pk)

        said = at_once(launch, launch, launch, launch)

        assert said == ["", "", "", ""]
        assert len(set(batches)) == 1

    assert Batch.objects.count() == ROUNDS
    assert CloneJob.objects.count() == 3 * ROUNDS
    assert Draft.objects.filter(left_out_of__isnull=False).count() == ROUNDS


def test_rows_that_come_in_during_a_launch_are_in_it_or_refused_never_lost(template: TemplateStore, sam: User) -> None:
    for number in range(ROUNDS):
        first = 9001 + 10 * number
        draft = filled(template, sam, first)

        launched, added = at_once(launching(draft, sam), adding(draft, sam, first + 5))

        assert bool(launched) != bool(added)  # the first one in keeps the other from what it meant to do
        jobs = CloneJob.objects.filter(batch__draft=draft).count()
        assert (jobs, draft.targets.count()) == ((0, 4) if launched else (3, 0))


def test_two_drafts_with_the_same_stores_launch_them_once(template: TemplateStore, sam: User) -> None:
    for number in range(ROUNDS):
        first = 9001 + 3 * number
        drafts = [filled(template, sam, first), filled(template, sam, first)]

        said = at_once(*(launching(draft, sam) for draft in drafts))

        assert sorted(map(bool, said)) == [False, True]

    assert CloneJob.objects.count() == 3 * ROUNDS


def test_of_a_discard_and_changes_none_waits_for_ever_and_what_was_launched_stays(
    template: TemplateStore, sam: User
) -> None:
    for number in range(ROUNDS):
        draft = filled(template, sam, 9001 + 3 * number)
        others = [passing(discard, draft), passing(remove_all, draft, sam), passing(remove_all, draft, sam)]

        said = at_once(launching(draft, sam), *others)

        launched = Batch.objects.filter(draft=draft).exists()
        assert Draft.objects.filter(pk=draft.pk).exists() is launched, said


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for everything")
def test_whoever_changes_a_draft_does_not_keep_a_worker_from_checking_its_targets(
    template: TemplateStore, sam: User
) -> None:
    draft = filled(template, sam, 9001)

    def check() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            for status in (CheckStatus.WAITING, CheckStatus.RUNNING):  # the second one looks whether the draft is there
                draft.targets.update(check_status=status)

    with changing(draft, sam):
        assert at_once(check) == [""]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for everything")
def test_a_launch_and_a_worker_that_checks_a_target_do_not_wait_for_each_other_for_ever(
    template: TemplateStore, sam: User
) -> None:
    draft = filled(template, sam, 9001)
    held = threading.Event()

    def check() -> None:
        with transaction.atomic():
            for status in (CheckStatus.WAITING, CheckStatus.RUNNING):
                draft.targets.update(check_status=status)
            held.set()
            until(somebody_waits, "the launch waits for the targets")

    def launch() -> None:
        held.wait(120)
        launching(draft, sam)()

    assert at_once(check, launch) == ["", ""]
    assert CloneJob.objects.filter(batch__draft=draft).count() == 3


def somebody_waits() -> bool:
    """Tell whether a transaction in this database waits for another one's lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees the same all the time
        cursor.execute(waiting)
        return cursor.fetchone() is not None


def passing(change: Callable[..., object], *arguments: object) -> Callable[[], object]:
    """Return a change of a draft for which it is all right that somebody has discarded or launched it before."""

    def changed() -> None:
        with suppress(Draft.DoesNotExist, LaunchedError):
            change(*arguments)

    return changed


def launching(draft: Draft, user: User) -> Callable[[], object]:
    """Return a launch of what is to be seen now."""
    seen = plan(draft).seen
    return passing(lambda: launch_draft(draft, user, seen=seen))


def adding(draft: Draft, user: User, store: int) -> Callable[[], object]:
    return lambda: add_rows(draft, user, read_pasted(str(store)))
