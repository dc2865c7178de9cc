"""A worker that logs all it can: no token, and no key of anybody's, is in its log, in histories or in findings."""

import re
from collections.abc import Callable

import pytest

from clones.choices import CHECK_MOVES
from clones.models import CloneEvent, Connection, DraftTarget, SiteClone, TemplateStore
from clones.operations.checks import start_check
from clones.secrets import Secret
from tests.checked_drafts import add_row, make_draft
from tests.factories import BatchFactory, CloneJobFactory, SiteCloneFactory, StoreCreationFactory, TargetStoreFactory
from tests.sandbox_process import CLIENT_SECRET, SandboxProcess, store_token
from tests.scale import at_scale
from tests.waiting import until
from tests.worker_process import WorkerProcess

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@at_scale
def test_no_secret_is_told(
    shop: TemplateStore, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]
) -> None:
    Connection.objects.update(site_url=sandbox.site_url)
    shop.refresh_from_db()
    for call in ("store_create", "site_token", "site_clone", "profile"):
        sandbox.fault("drop_after", call=call)
    draft = make_draft(shop)
    add_row(draft, 9001)
    add_row(draft, 9002, token="secret_refused")
    creation = StoreCreationFactory.create(connection=shop.connection, email="new@example.com")
    batch = BatchFactory.create(template=shop)
    CloneJobFactory.create(batch=batch, target=creation.target, next_action_at=None)
    target = TargetStoreFactory.create(
        connection=shop.connection, store_id="9001", token=Secret.seal(store_token(9001))
    )
    SiteCloneFactory.create(job=CloneJobFactory.create(batch=batch, target=target), draft=False)

    worker = start_worker(LOG_LEVEL="DEBUG")
    start_check(draft, draft.created_by)
    until(lambda: not DraftTarget.objects.filter(check_status__in=CHECK_MOVES).exists(), "the end of the check")
    until(lambda: SiteClone.objects.get().finished_at, "the end of the site")

    log = worker.log.read_text()
    told = [log, *CloneEvent.objects.values_list("note", flat=True), *DraftTarget.objects.values_list("findings")]
    assert "DEBUG" in log
    assert not re.search(rf"secret_\w+|{CLIENT_SECRET}", str(told))
