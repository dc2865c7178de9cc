"""`manage.py after_restore`: what it says."""

import pytest
from django.utils import timezone

from clones.choices import CloneScope
from clones.engine import bell, mark
from clones.lifecycle import record_start
from clones.models import CloneJob
from tests.commands.running import run, snapshot
from tests.factories import CloneJobFactory, TargetStoreFactory, TemplateStoreFactory, WorkerBeatFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def settings_only() -> CloneJob:
    """A waiting clone of settings only, beside two of a catalog that is known."""
    template = TemplateStoreFactory.create(product_count=5)
    CloneJobFactory.create_batch(2, batch__template=template)
    target = TargetStoreFactory.create(connection=template.connection, store_id="9003", label="Shoes")
    return CloneJobFactory.create(batch__template=template, target=target, scope=CloneScope.STORE_SETTINGS)


def test_it_counts_what_it_did_and_names_the_stores_to_look_at(settings_only: CloneJob) -> None:
    ended = run("after_restore")

    assert (ended.code, ended.err) == (0, "")
    assert "Ecwid will be asked: 2." in ended.out
    assert "a second time: 1.\n  Shoes (9003): look at the store" in ended.out
    assert f"(job {settings_only.pk})" in ended.out


def test_it_changes_nothing_on_a_healthy_database_unless_it_is_told(settings_only: CloneJob) -> None:
    record_start([settings_only], at=timezone.now())
    mark.keep()
    before = snapshot()

    refused = run("after_restore")

    assert (refused.code, refused.out) == (1, "")
    assert "would end 1 of 3 clones" in refused.err
    assert snapshot() == before
    assert run("after_restore", "--restored").code == 0


@pytest.mark.usefixtures("settings_only")
def test_it_changes_nothing_while_a_worker_lives() -> None:
    WorkerBeatFactory.create(started_at=timezone.now())
    before = snapshot()

    ended = run("after_restore")

    assert (ended.code, ended.out) == (1, "")
    assert "Stop worker and web first" in ended.err
    assert snapshot() == before


@pytest.mark.usefixtures("settings_only")
def test_it_changes_nothing_where_the_mark_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot()
    monkeypatch.setattr(bell, "queue_trouble", lambda: "The queue is away.")

    ended = run("after_restore")

    assert (ended.code, ended.out, ended.err) == (1, "", "The queue is away.")
    assert snapshot() == before
