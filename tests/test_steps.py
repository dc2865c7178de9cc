"""The steps around a clone: which changes their tables allow, and what a clone's end does to them."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from clones import lifecycle
from clones.choices import CREATION_ENDED, SITE_ENDED, CreationStatus, FailureKind, JobStatus, SiteStatus
from clones.lifecycle import Change
from clones.models import SiteClone, StoreCreation
from clones.steps import CREATION_TRANSITIONS, SITE_TRANSITIONS, IllegalStepError, advance_creations, advance_sites
from tests.factories import CloneJobFactory, SiteCloneFactory, StoreCreationFactory, WorkerBeatFactory

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("old", "new"), list(itertools.product(CreationStatus, CreationStatus)))
def test_a_creation_changes_only_as_its_table_says(old: CreationStatus, new: CreationStatus) -> None:
    row = StoreCreationFactory.create(status=old)

    if new in CREATION_TRANSITIONS[old]:
        assert advance_creations([row], new, at=NOW) == {row.pk}
    else:
        with pytest.raises(IllegalStepError):
            advance_creations([row], new, at=NOW)

    row.refresh_from_db()
    assert row.status == (new if new in CREATION_TRANSITIONS[old] else old)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(SiteStatus, SiteStatus)))
def test_a_site_changes_only_as_its_table_says(old: SiteStatus, new: SiteStatus) -> None:
    row = SiteCloneFactory.create(status=old)

    if new in SITE_TRANSITIONS[old]:
        assert advance_sites([row], new, at=NOW) == {row.pk}
    else:
        with pytest.raises(IllegalStepError):
            advance_sites([row], new, at=NOW)

    row.refresh_from_db()
    assert row.status == (new if new in SITE_TRANSITIONS[old] else old)


def test_the_tables_are_those_of_the_design() -> None:
    allowed = {(old.value, new.value) for old, news in CREATION_TRANSITIONS.items() for new in news}
    sites = {(old.value, new.value) for old, news in SITE_TRANSITIONS.items() for new in news}

    assert allowed == {
        ("WAITING", "CREATING"), ("WAITING", "LOOKING"), ("WAITING", "NEEDS_PERSON"), ("WAITING", "CANCELED"),
        ("WAITING", "FAILED"),
        ("CREATING", "WAITING"), ("CREATING", "CREATED"), ("CREATING", "FAILED"), ("CREATING", "LOOKING"),
        ("CREATING", "NEEDS_PERSON"),
        ("LOOKING", "WAITING"), ("LOOKING", "CREATED"), ("LOOKING", "NEEDS_PERSON"),
        ("NEEDS_PERSON", "CREATED"), ("NEEDS_PERSON", "LOOKING"), ("NEEDS_PERSON", "WAITING"),
        ("NEEDS_PERSON", "FAILED"), ("NEEDS_PERSON", "CANCELED"),
    }  # fmt: skip
    assert sites == {
        ("WAITING", "CLONING"), ("WAITING", "NEEDS_PERSON"), ("WAITING", "CANCELED"),
        ("CLONING", "DONE"), ("CLONING", "WAITING"), ("CLONING", "FAILED"), ("CLONING", "NEEDS_PERSON"),
        ("NEEDS_PERSON", "WAITING"), ("NEEDS_PERSON", "CANCELED"), ("FAILED", "WAITING"),
    }  # fmt: skip


@pytest.mark.parametrize("end", [end for end in CREATION_ENDED if end != CreationStatus.CANCELED])
def test_an_end_frees_the_lease_ends_the_doubt_and_sets_the_time(end: CreationStatus) -> None:
    row = StoreCreationFactory.create(
        status=CreationStatus.CREATING, lease_token="mine", leased_until=NOW, leased_by=WorkerBeatFactory.create(),
        unanswered_since=NOW, next_action_at=NOW,
    )  # fmt: skip

    advance_creations([row], end, at=NOW)

    row.refresh_from_db()
    assert (row.finished_at, row.next_action_at, row.unanswered_since) == (NOW, None, None)
    assert (row.lease_token, row.leased_until, row.leased_by, row.version) == ("", None, None, 2)


def test_a_site_that_is_tried_again_has_no_end_any_more() -> None:
    row = SiteCloneFactory.create(status=SiteStatus.FAILED)

    advance_sites([row], SiteStatus.WAITING, at=NOW, next_action_at=NOW)

    row.refresh_from_db()
    assert (row.finished_at, row.next_action_at) == (None, NOW)


def test_a_change_of_a_row_that_moved_on_writes_nothing() -> None:
    row = StoreCreationFactory.create()
    StoreCreation.objects.update(status=CreationStatus.CANCELED, finished_at=NOW)

    assert advance_creations([row], CreationStatus.CREATING, at=NOW) == set()

    row.refresh_from_db()
    assert (row.status, row.version) == (CreationStatus.CANCELED, 1)


def test_a_change_leaves_all_others_of_that_status_alone() -> None:
    creation, other_creation = StoreCreationFactory.create_batch(2)
    site, other_site = SiteCloneFactory.create_batch(2)

    assert advance_creations([creation], CreationStatus.CREATING, at=NOW) == {creation.pk}
    assert advance_sites([site], SiteStatus.CLONING, at=NOW) == {site.pk}

    for other in (other_creation, other_site):
        other.refresh_from_db()
        assert (other.status, other.version) == ("WAITING", 1)


def test_rows_of_two_statuses_do_not_change_together() -> None:
    rows = [StoreCreationFactory.create(), StoreCreationFactory.create(status=CreationStatus.NEEDS_PERSON)]

    with pytest.raises(IllegalStepError):
        advance_creations(rows, CreationStatus.LOOKING, at=NOW)


def test_a_completed_clone_makes_its_site_due() -> None:
    site, elsewhere = SiteCloneFactory.create_batch(2, job__status=JobStatus.IN_PROGRESS)

    lifecycle.advance(Change(site.job, JobStatus.COMPLETED), at=NOW)

    site.refresh_from_db()
    elsewhere.refresh_from_db()
    assert elsewhere.next_action_at is None
    assert (site.status, site.next_action_at, site.version) == (SiteStatus.WAITING, NOW, 2)


@pytest.mark.parametrize("end", [JobStatus.FAILED, JobStatus.CANCELED])
def test_a_clone_that_ends_otherwise_leaves_its_site_out_and_a_store_uncreated(end: JobStatus) -> None:
    creation = StoreCreationFactory.create()
    job = CloneJobFactory.create(target=creation.target, connection=creation.connection)
    site = SiteCloneFactory.create(job=job)
    elsewhere: list[StoreCreation | SiteClone] = [
        StoreCreationFactory.create(connection=creation.connection),
        SiteCloneFactory.create(),
    ]
    fields = {"failure_kind": FailureKind.NO_STORE} if end == JobStatus.FAILED else {}

    lifecycle.advance(Change(job, end, fields), at=NOW)

    creation.refresh_from_db()
    site.refresh_from_db()
    assert (site.status, site.finished_at) == (SiteStatus.CANCELED, NOW)
    assert (creation.status, creation.finished_at) == (CreationStatus.CANCELED, NOW)
    for other in elsewhere:
        other.refresh_from_db()
        assert (other.status, other.version) == ("WAITING", 1)


def test_a_store_that_ecwid_was_asked_for_is_not_forgotten_when_its_clone_is_canceled() -> None:
    creation = StoreCreationFactory.create(status=CreationStatus.LOOKING, unanswered_since=NOW)
    job = CloneJobFactory.create(target=creation.target, connection=creation.connection)

    lifecycle.advance(Change(job, JobStatus.CANCELED), at=NOW)

    creation.refresh_from_db()
    assert creation.status == CreationStatus.LOOKING


def test_a_store_that_is_about_to_be_asked_for_is_left_to_who_asks_when_its_clone_is_canceled() -> None:
    creation = StoreCreationFactory.create(lease_token="theirs", leased_until=NOW)
    job = CloneJobFactory.create(target=creation.target, connection=creation.connection)

    lifecycle.advance(Change(job, JobStatus.CANCELED), at=NOW)

    creation.refresh_from_db()
    assert creation.status == CreationStatus.WAITING


@pytest.mark.parametrize(("doubt", "left"), [(None, CreationStatus.CANCELED), (NOW, CreationStatus.NEEDS_PERSON)])
def test_a_store_that_needs_a_person_is_given_up_with_its_clone_unless_it_may_be_there(
    doubt: datetime | None, left: CreationStatus
) -> None:
    creation = StoreCreationFactory.create(status=CreationStatus.NEEDS_PERSON, unanswered_since=doubt)
    job = CloneJobFactory.create(target=creation.target, connection=creation.connection)

    lifecycle.advance(Change(job, JobStatus.CANCELED), at=NOW)

    creation.refresh_from_db()
    assert creation.status == left


def test_a_remark_has_no_consequences() -> None:
    site = SiteCloneFactory.create(job__status=JobStatus.COMPLETED, next_action_at=NOW + timedelta(hours=1))

    lifecycle.advance(Change(site.job, JobStatus.COMPLETED, note="The site waits."), at=NOW)

    site.refresh_from_db()
    assert site.next_action_at == NOW + timedelta(hours=1)


def test_every_status_has_a_row() -> None:
    assert set(CREATION_TRANSITIONS) == set(CreationStatus)
    assert set(SITE_TRANSITIONS) == set(SiteStatus)
    assert all(not SITE_TRANSITIONS[end] for end in SITE_ENDED if end != SiteStatus.FAILED)
    assert all(not CREATION_TRANSITIONS[end] for end in CREATION_ENDED)
