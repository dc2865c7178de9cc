"""What is thrown away, when, and how often that is looked for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from clones.engine import housekeeping
from clones.engine.housekeeping import KEEP_DRAFTS, forget_drafts, keep_house
from clones.models import Draft, DraftTarget
from clones.operations.drafts.changing import changing
from clones.operations.drafts.making import new_draft
from clones.operations.drafts.rows import add_rows, row_of
from tests.factories import BatchFactory
from tests.people import staff
from tests.waiting import until
from tests.worker_process import WorkerProcess


def old_draft(username: str, age: timedelta) -> Draft:
    """Make a draft with a token in it that was last changed so long ago."""
    sam = staff(username)
    draft = new_draft(sam)
    add_rows(draft, sam, [row_of(store_id="9001", access_token="secret_one")])
    Draft.objects.filter(pk=draft.pk).update(changed_at=timezone.now() - age)
    return draft


@pytest.mark.django_db
def test_a_draft_that_nobody_changed_for_a_fortnight_is_forgotten_with_its_tokens() -> None:
    old_draft("sam", KEEP_DRAFTS + timedelta(minutes=1))
    kept = old_draft("kim", KEEP_DRAFTS - timedelta(minutes=1))

    forget_drafts(timezone.now())

    assert list(Draft.objects.all()) == [kept]
    assert [row.draft for row in DraftTarget.objects.all()] == [kept]


@pytest.mark.django_db
def test_a_batch_outlives_its_draft() -> None:
    draft = old_draft("sam", KEEP_DRAFTS * 2)
    batch = BatchFactory.create()
    Draft.objects.filter(pk=draft.pk).update(batch=batch, origin=batch)

    forget_drafts(timezone.now())

    batch.refresh_from_db()
    assert not Draft.objects.exists()


@pytest.mark.django_db
def test_it_is_done_at_most_once_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(housekeeping, "_next_at", 0.0)
    monkeypatch.setattr(f"{housekeeping.__name__}.time.monotonic", lambda: clock[0])
    left = []

    for later in (0, 3_599, 3_600):
        old_draft(f"person-{later}", KEEP_DRAFTS * 2)
        clock[0] = 1_000.0 + later
        keep_house(timezone.now())
        left.append(Draft.objects.count())

    assert left == [0, 1, 0]


@pytest.mark.worker
def test_a_worker_does_it(start_worker: Callable[..., WorkerProcess]) -> None:
    old_draft("sam", KEEP_DRAFTS * 2)

    start_worker()

    until(lambda: not Draft.objects.exists(), "the old draft's end")


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_somebody_changes_just_now_is_kept() -> None:
    draft = old_draft("sam", KEEP_DRAFTS + timedelta(minutes=1))

    def purge() -> None:
        try:
            forget_drafts(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread, changing(draft, draft.created_by):
        purged = thread.submit(purge)
        if connection.features.has_select_for_update_skip_locked:  # SQLite lets in one after the other
            purged.result(120)

    assert Draft.objects.filter(pk=draft.pk).exists()
