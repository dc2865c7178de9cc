"""The check of a draft's targets by the real worker, killed in the middle of it."""

from collections import Counter
from collections.abc import Callable

import pytest

from clones.choices import CHECK_MOVES, CheckStatus
from clones.models import Draft, DraftTarget, TemplateStore
from clones.operations.checks import start_check
from tests.checked_drafts import add_row, make_draft
from tests.sandbox_process import SandboxProcess
from tests.waiting import until
from tests.worker_process import WorkerProcess

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

STORES = range(9101, 9131)


@pytest.fixture
def draft(shop: TemplateStore, sandbox: SandboxProcess) -> Draft:
    """Thirty stores, every third one not empty; one without a token, one to be created."""
    draft = make_draft(shop)
    for store in STORES:
        sandbox.add_store(store, products=1 if store % 3 == 0 else 0)
        add_row(draft, store)
    add_row(draft, 9200, token="")
    add_row(draft, email="new@example.com", name="New")
    return draft


def results() -> Counter[str]:
    return Counter(DraftTarget.objects.values_list("check_status", flat=True))


def is_over() -> bool:
    return not DraftTarget.objects.filter(check_status__in=CHECK_MOVES).exists()


EXPECTED = {CheckStatus.PASSED: 21, CheckStatus.BLOCKED: 10, CheckStatus.UNCHECKED: 1}


def test_the_worker_checks_all(draft: Draft, start_worker: Callable[..., WorkerProcess]) -> None:
    start_worker()

    start_check(draft, draft.created_by)

    until(is_over, "the end of the check")
    assert results() == EXPECTED
    assert not DraftTarget.objects.exclude(lease_token="").exists()


def test_what_a_killed_worker_was_at_is_checked_by_another(
    draft: Draft, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]
) -> None:
    sandbox.fault("hold_after", call="classes", times=None)
    worker = start_worker()
    start_check(draft, draft.created_by)
    until(lambda: sandbox.held(wait=1), "answers that are held")
    assert DraftTarget.objects.filter(check_status=CheckStatus.RUNNING).exclude(lease_token="").exists()

    worker.kill()
    worker.was_killed_long_ago()
    sandbox.clear_faults()
    sandbox.release()
    start_worker()

    until(is_over, "the end of the check")
    assert results() == EXPECTED
    assert sandbox.log() == []
    assert sandbox.requests(call="store_create") == []
