"""A host that does not answer takes a share of each desk's calls, and no more."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clones.choices import CheckStatus, JobStatus
from clones.engine.budget import MOST_IN_AIR
from clones.engine.errands.checking import CheckDesk
from clones.engine.errands.creating import CreationDesk
from clones.engine.errands.desk import Desk
from clones.engine.errands.sites import SiteDesk
from clones.models import Connection
from clones.operations.checks import start_check
from clones.secrets import Secret
from tests.checked_drafts import add_row, make_draft
from tests.engine.errands.driving import Driver
from tests.factories import ConnectionFactory, SiteCloneFactory, StoreCreationFactory, TemplateStoreFactory

pytestmark = pytest.mark.django_db


def later() -> datetime:
    return timezone.now() + timedelta(seconds=30)


def sites(connection: Connection, count: int) -> None:
    for _ in range(count):
        SiteCloneFactory.create(
            job__batch__template__connection=connection,
            job__status=JobStatus.COMPLETED,
            job__target__token=Secret.seal("secret_1"),
        )


def creations(connection: Connection, count: int) -> None:
    StoreCreationFactory.create_batch(count, connection=connection)


def checks(connection: Connection, count: int) -> None:
    draft = make_draft(TemplateStoreFactory.create(connection=connection))
    for number in range(count):
        add_row(draft, 100 * connection.pk + number)
    start_check(draft, draft.created_by, at=timezone.now())
    draft.targets.update(check_status=CheckStatus.WAITING, next_action_at=timezone.now())


DESKS = pytest.mark.parametrize(
    ("desk", "make", "place"),
    [
        (CreationDesk, creations, "connection"),
        (SiteDesk, sites, "job__connection"),
        (CheckDesk, checks, "draft__template__connection"),
    ],
)


def connection() -> Connection:
    made: Connection = ConnectionFactory.create(rate_limit=6000, site_url="https://vuega.ecwid.com/api/v1")
    return made


def in_air(desk: type[Desk[Any]], place: str) -> Counter[int]:
    return Counter(desk.model._default_manager.exclude(lease_token="").values_list(place, flat=True))


@DESKS
def test_each_connection_has_its_share_of_the_calls(desk: type[Desk[Any]], make: Any, place: str) -> None:
    hangs, other = connection(), connection()
    make(hangs, 20)
    make(other, 20)

    Driver(desk).lease(later(), room=desk.at_once)

    assert in_air(desk, place) == {hangs.pk: 8, other.pk: 8}


@DESKS
def test_some_are_left_for_a_connection_that_comes_along_later(desk: type[Desk[Any]], make: Any, place: str) -> None:
    hangs, other = connection(), connection()
    make(hangs, 20)
    worker = Driver(desk)
    worker.lease(later(), room=desk.at_once)
    make(other, 20)

    worker.lease(later(), room=desk.at_once - in_air(desk, place).total())

    assert in_air(desk, place) == {hangs.pk: 12, other.pk: 4}


@DESKS
def test_a_connection_that_is_alone_has_all(desk: type[Desk[Any]], make: Any, place: str) -> None:
    only = connection()
    make(only, 20)

    Driver(desk).lease(later(), room=desk.at_once)

    assert in_air(desk, place) == {only.pk: desk.at_once}


@DESKS
def test_a_second_worker_has_as_many_calls_as_the_first(desk: type[Desk[Any]], make: Any, place: str) -> None:
    busy, _ = connection(), connection()
    make(busy, 30)
    first, second = Driver(desk), Driver(desk)
    first.lease(later(), room=desk.at_once)
    first.lease(later(), room=desk.at_once - in_air(desk, place).total())
    assert in_air(desk, place) == {busy.pk: 12}

    second.lease(later(), room=desk.at_once)

    assert in_air(desk, place) == {busy.pk: 24}


def test_workers_together_do_not_exceed_what_a_connection_may_have_in_the_air() -> None:
    busy, _ = connection(), connection()
    Connection.objects.filter(pk=busy.pk).update(rate_limit=600)
    creations(busy, 30)
    now = later()

    for seconds in (0, 2, 4):  # the budget alone would let more leave
        Driver(CreationDesk).lease(now + timedelta(seconds=seconds), room=CreationDesk.at_once)

    assert in_air(CreationDesk, "connection") == {busy.pk: MOST_IN_AIR}
