"""What the pages do with connections: make one, change this very one, pause and resume it."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from clones.choices import TERMINAL, BlockReason, JobStatus
from clones.engine import budget, leasing
from clones.models import Connection
from clones.models.counter import Counted, Counter
from clones.operations.connections import (
    ConnectionFacts,
    change_connection,
    delete_connection,
    make_connection,
    move_sandbox,
    pause,
    resume,
)
from clones.operations.errors import InvalidRequestError
from tests.factories import BatchFactory, CloneJobFactory, ConnectionFactory, TemplateStoreFactory
from tests.operations.conftest import bells
from tests.operations.refusals import field_of
from tests.people import admin
from tests.together import at_once

pytestmark = pytest.mark.django_db

SECRET = "sesame-opens-everything"
FACTS = ConnectionFacts(name="Main", api_url="https://app.ecwid.com/api/v3", client_id="app-1", client_secret=SECRET)
ELSEWHERE = "https://elsewhere.example.com/api/v3"
THERE = "http://127.0.0.1:40001/vuega/api/v1"


@pytest.fixture
def connection() -> Connection:
    return make_connection(FACTS)


def row_of(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def test_a_connection_is_made_from_what_was_typed() -> None:
    row = row_of(make_connection(replace(FACTS, site_url="https://vuega.ecwid.com/api/v1", rate_limit=60)))

    assert (row.name, row.api_url, row.site_url) == ("Main", FACTS.api_url, "https://vuega.ecwid.com/api/v1")
    assert (row.client_id, row.client_secret.reveal(), row.rate_limit) == ("app-1", SECRET, 60)


def test_a_name_that_is_taken_makes_no_connection_and_changes_none(connection: Connection) -> None:
    with pytest.raises(InvalidRequestError, match="“Main” already"):
        make_connection(replace(FACTS, client_id="app-2"))

    assert Connection.objects.get().client_id == "app-1"


def test_this_connection_is_changed_its_name_included(connection: Connection) -> None:
    facts = ConnectionFacts("Second", FACTS.api_url, "app-2", "another", "https://vuega.ecwid.com/api/v1", 300)

    returned = change_connection(connection, facts)

    row = Connection.objects.get()
    assert row == returned == connection
    assert (row.name, row.client_id, row.client_secret.reveal()) == ("Second", "app-2", "another")
    assert (row.site_url, row.rate_limit) == ("https://vuega.ecwid.com/api/v1", 300)


def test_an_empty_secret_keeps_the_one_that_is_stored(connection: Connection) -> None:
    change_connection(connection, replace(FACTS, name="Second", client_secret=""))

    row = row_of(connection)
    assert (row.name, row.client_secret.reveal()) == ("Second", SECRET)


def test_an_empty_site_address_removes_it(connection: Connection) -> None:
    change_connection(connection, replace(FACTS, site_url="https://vuega.ecwid.com/api/v1"))

    change_connection(connection, replace(FACTS, site_url=""))

    assert row_of(connection).site_url == ""


def test_a_connection_keeps_its_own_name_and_application(connection: Connection) -> None:
    change_connection(connection, replace(FACTS, rate_limit=60))

    assert row_of(connection).rate_limit == 60


def test_a_refused_change_leaves_row_and_object_as_they_were(connection: Connection) -> None:
    with pytest.raises(InvalidRequestError):
        change_connection(connection, replace(FACTS, name="Second", rate_limit=0))

    assert (connection.name, row_of(connection).name) == ("Main", "Main")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(FACTS, name=""), "name"),
        (replace(FACTS, name="Two\nlines"), "name"),
        (replace(FACTS, name="n" * 101), "name"),
        (replace(FACTS, name="Other"), "name"),
        (replace(FACTS, api_url="http://app.ecwid.com"), "api_url"),
        (replace(FACTS, site_url="http://vuega.ecwid.com"), "site_url"),
        (replace(FACTS, client_id=""), "client_id"),
        (replace(FACTS, client_id="äpp"), "client_id"),
        (replace(FACTS, client_id="other-app"), "client_id"),
        (replace(FACTS, client_secret="sésame"), "client_secret"),
        (replace(FACTS, rate_limit=0), "rate_limit"),
        (replace(FACTS, api_url=ELSEWHERE, client_secret=""), "client_secret"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_names_its_field(connection: Connection, wrong: ConnectionFacts, field: str) -> None:
    ConnectionFactory.create(name="Other", api_url=FACTS.api_url, client_id="other-app")

    assert field_of(lambda: change_connection(connection, wrong)) == field


def test_a_new_connection_without_a_secret_names_its_field() -> None:
    assert field_of(lambda: make_connection(replace(FACTS, client_secret=" "))) == "client_secret"


@pytest.mark.parametrize("status", [JobStatus.WAITING, *TERMINAL])
def test_a_connection_with_clones_does_not_move_to_another_ecwid(connection: Connection, status: JobStatus) -> None:
    CloneJobFactory.create(batch__template__connection=connection, status=status)

    with pytest.raises(InvalidRequestError, match="make a new connection") as raised:
        change_connection(connection, replace(FACTS, api_url=ELSEWHERE))

    assert raised.value.field == "api_url"
    assert row_of(connection).api_url == FACTS.api_url


def test_a_connection_with_clones_is_changed_in_everything_else(connection: Connection) -> None:
    CloneJobFactory.create(batch__template__connection=connection)

    change_connection(connection, replace(FACTS, name="Second", client_id="app-2", client_secret="another"))

    assert row_of(connection).name == "Second"


def test_a_connection_without_clones_moves_with_its_secret_typed_once_more(connection: Connection) -> None:
    TemplateStoreFactory.create(connection=connection)

    change_connection(connection, replace(FACTS, api_url=ELSEWHERE))

    assert row_of(connection).api_url == ELSEWHERE


def test_the_stored_secret_is_not_sent_to_another_address(connection: Connection) -> None:
    with pytest.raises(InvalidRequestError, match="secret once more"):
        change_connection(connection, replace(FACTS, api_url=ELSEWHERE, client_secret=""))

    assert row_of(connection).api_url == FACTS.api_url


def test_a_sandbox_moves_with_its_clones_to_another_port() -> None:
    sandbox = make_connection(replace(FACTS, api_url="http://127.0.0.1:8765/api/v3"))
    CloneJobFactory.create(batch__template=TemplateStoreFactory.create(connection=sandbox))

    moved = move_sandbox(sandbox, "http://127.0.0.1:40001/api/v3/", THERE)

    assert row_of(sandbox).api_url == moved.api_url == "http://127.0.0.1:40001/api/v3"
    assert row_of(sandbox).site_url == THERE
    assert row_of(sandbox).client_secret.reveal() == SECRET


@pytest.mark.parametrize(
    ("old", "new", "site"),
    [
        (FACTS.api_url, "http://127.0.0.1:40001/api/v3", THERE),
        ("http://127.0.0.1:8765/api/v3", FACTS.api_url, THERE),
        ("http://127.0.0.1:8765/api/v3", "http://127.0.0.1:40001/api/v3", "https://vuega.ecwid.com/api/v1"),
    ],
    ids=["from Ecwid", "to Ecwid", "to Ecwid's sites"],
)
def test_nothing_but_a_sandbox_moves_that_way(old: str, new: str, site: str) -> None:
    connection = make_connection(replace(FACTS, api_url=old))

    assert field_of(lambda: move_sandbox(connection, new, site)) == "api_url"
    assert row_of(connection).api_url == old


def test_a_sandbox_does_not_move_to_where_its_application_is_known_already() -> None:
    connection, elsewhere = (
        make_connection(replace(FACTS, name=name, api_url=f"http://127.0.0.1:{port}/api/v3"))
        for name, port in (("One", 8765), ("Two", 8766))
    )

    assert field_of(lambda: move_sandbox(connection, elsewhere.api_url, THERE)) == "client_id"


def test_a_refused_key_that_is_changed_is_tried_with_one_request(connection: Connection) -> None:
    now = timezone.now()
    budget.stop_traffic(connection, BlockReason.CREDENTIALS, now + timedelta(hours=1), now, "Refused.")

    change_connection(connection, replace(FACTS, client_secret="another"))

    assert budget.open_slots(row_of(connection), timezone.now()) == 1


def test_facts_do_not_show_the_secret() -> None:
    assert SECRET not in f"{FACTS!r} {FACTS}"


def test_a_pause_says_since_when_and_by_whom_and_stops_the_engine(connection: Connection) -> None:
    ada = admin()
    CloneJobFactory.create(batch=BatchFactory.create(template__connection=connection))

    returned = pause(connection, ada)

    row = row_of(connection)
    assert (row.paused_by, row.paused_at) == (ada, returned.paused_at)
    assert row.paused_at is not None
    assert leasing.connections_with_work(timezone.now()) == []


def test_who_paused_first_stands(connection: Connection) -> None:
    first = pause(connection, admin())

    pause(connection, admin("bea"))

    row = row_of(connection)
    assert (row.paused_by, row.paused_at) == (first.paused_by, first.paused_at)


def test_a_resumed_connection_works_again(connection: Connection) -> None:
    CloneJobFactory.create(batch=BatchFactory.create(template__connection=connection))
    pause(connection, admin())

    returned = resume(connection)

    row = row_of(connection)
    assert (row.paused_at, row.paused_by) == (returned.paused_at, returned.paused_by) == (None, None)
    assert leasing.connections_with_work(timezone.now()) == [connection]


def test_a_pause_leaves_a_rate_limit_as_it_is(connection: Connection) -> None:
    now = timezone.now()
    stale = row_of(connection)
    budget.stop_traffic(connection, BlockReason.RATE_LIMITED, now + timedelta(minutes=1), now)

    pause(stale)
    resume(stale)

    assert row_of(connection).is_blocked(now)


def test_the_workers_are_rung_when_a_pause_ends_and_only_then(
    connection: Connection, queue: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        resume(connection)
        pause(connection)
    assert bells(queue) == 0

    with django_capture_on_commit_callbacks(execute=True):
        resume(connection)
        assert bells(queue) == 0

    assert bells(queue) == 1


def test_what_was_counted_for_a_connection_is_deleted_with_it(connection: Connection) -> None:
    other = ConnectionFactory.create()
    for each in (connection, other):
        Counter.objects.create(connection=each, name=Counted.REQUESTS, call="test", part="ok", value=1)

    delete_connection(connection)

    assert list(Connection.objects.all()) == [other]
    assert [counter.connection for counter in Counter.objects.all()] == [other]


@pytest.mark.django_db(transaction=True)
def test_of_two_connections_of_one_name_made_at_one_instant_one_is_there_and_the_other_is_refused() -> None:
    for number in range(10):
        one = replace(FACTS, name=f"Main {number}", client_id=f"one-{number}")
        other = replace(one, client_id=f"other-{number}")

        said = at_once(partial(make_connection, one), partial(make_connection, other))

        assert sorted(map(bool, said)) == [False, True]
    assert Connection.objects.count() == 10
