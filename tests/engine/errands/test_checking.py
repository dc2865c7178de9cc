"""The check of targets at the desk that does it, with the sandbox over real HTTP."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from clones.choices import CHECK_MOVES, BlockReason, CheckStatus, CloneScope, CreationStatus, FailureKind, JobStatus
from clones.ecwid import CloneErrorCode, GeneralErrorCode
from clones.engine import seat
from clones.engine.calls import Caller
from clones.engine.check_rules import NO_TOKEN
from clones.engine.errands.checking import CheckDesk
from clones.engine.errands.round import Errands
from clones.engine.errands.visits import REFUSED, TOO_MANY_REFUSED
from clones.models import Connection, Draft, DraftTarget, StoreCreation, StoreKey, TargetStore, TemplateStore
from clones.operations.checks import start_check
from clones.secrets import Secret
from tests.checked_drafts import add_row, make_draft
from tests.factories import CloneJobFactory, TargetStoreFactory
from tests.sandbox_process import CLIENT_SECRET, SandboxProcess, store_token
from tests.waiting import until

BLOCKED, WARNING, UNCHECKED = CheckStatus.BLOCKED, CheckStatus.WARNING, CheckStatus.UNCHECKED
Found = tuple[str, list[str]]


@pytest.fixture
def errands(transactional_db: None) -> Iterator[Errands]:
    holder = seat.take("checks", "mine", timezone.now())
    assert holder is not None
    caller = Caller(16)
    one = Errands(holder, caller, [CheckDesk])
    yield one
    one.close()
    caller.close()


@pytest.fixture
def draft(shop: TemplateStore) -> Draft:
    TemplateStore.objects.filter(pk=shop.pk).update(product_count=30)
    return make_draft(TemplateStore.objects.get(pk=shop.pk))


@pytest.fixture
def check(errands: Errands) -> Callable[[Draft], None]:
    """Return a function that checks a draft to the end, and waits for nothing that is put off."""

    def run(draft: Draft) -> None:
        start_check(draft, draft.created_by)
        until(lambda: work_on(errands), "the end of the check")

    return run


def work_on(errands: Errands) -> bool:
    """Go round once; tell whether nothing is left."""
    moving = DraftTarget.objects.filter(check_status__in=CHECK_MOVES)
    moving.filter(lease_token="").update(next_action_at=timezone.now())
    errands._look_at.clear()
    errands.launch(time.monotonic())
    errands.collect()
    errands.settle()
    return not moving.exists()


def of(row: DraftTarget) -> Found:
    row.refresh_from_db()
    return row.check_status, [finding["code"] for finding in row.findings]


def text_of(row: DraftTarget) -> str:
    row.refresh_from_db()
    return " ".join(finding["text"] for finding in row.findings)


def questions(sandbox: SandboxProcess, target: str) -> list[str]:
    return [request.call for request in sandbox.requests() if request.target == target]


class TestAStoreWithItsToken:
    def test_that_is_empty_passes_after_three_questions(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        row = add_row(draft, 9001)

        check(draft)

        assert of(row) == (CheckStatus.PASSED, [])
        assert questions(sandbox, "9001") == ["profile", "latest_stats", "classes"]
        assert (row.checked_at is not None, row.next_action_at, row.lease_token) == (True, None, "")

    @pytest.mark.parametrize(
        ("store", "status", "codes"),
        [
            ({"products": 3}, BLOCKED, [CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY]),
            ({"categories": 3}, BLOCKED, [CloneErrorCode.TARGET_CATEGORIES_NOT_EMPTY]),
            ({"types": 1}, BLOCKED, [CloneErrorCode.TARGET_PRODUCT_TYPES_NOT_EMPTY]),
            ({"product_limit": 29}, BLOCKED, [CloneErrorCode.TARGET_PRODUCTS_LIMIT]),
            ({"suspended": True}, BLOCKED, [GeneralErrorCode.STORE_IS_SUSPENDED]),
            ({"scopes": []}, UNCHECKED, [""]),
            ({"scopes": ["read_store_profile"]}, UNCHECKED, [""]),
            ({"scopes": ["read_store_profile"], "product_limit": 29}, BLOCKED, ["TARGET_PRODUCTS_LIMIT", ""]),
            ({"sample_products": 5}, CheckStatus.PASSED, []),
            ({"product_limit": 30}, CheckStatus.PASSED, []),
            ({"sample_products": 5, "sample_categories": 2}, WARNING, [CloneErrorCode.TARGET_CATEGORIES_NOT_EMPTY]),
            (
                {"products": 3, "categories": 3, "types": 1},
                BLOCKED,
                ["TARGET_PRODUCTS_NOT_EMPTY", "TARGET_CATEGORIES_NOT_EMPTY", "TARGET_PRODUCT_TYPES_NOT_EMPTY"],
            ),
        ],
    )
    def test_is_found_as_it_is(
        self,
        check: Callable[[Draft], None],
        draft: Draft,
        sandbox: SandboxProcess,
        store: dict[str, object],
        status: CheckStatus,
        codes: list[str],
    ) -> None:
        sandbox.add_store(9002, **store)
        row = add_row(draft, 9002)

        check(draft)

        assert of(row) == (status, codes)

    def test_that_does_not_exist_is_blocked(self, check: Callable[[Draft], None], draft: Draft) -> None:
        row = add_row(draft, 4711)

        check(draft)

        assert of(row) == (BLOCKED, [CloneErrorCode.TARGET_NOT_FOUND])

    def test_a_full_store_is_only_warned_of_where_the_row_copies_settings(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        sandbox.add_store(9002, products=3, product_limit=1)
        row = add_row(draft, 9002, scope=CloneScope.STORE_SETTINGS.value.lower())

        check(draft)

        assert of(row) == (WARNING, [CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY])

    def test_the_token_of_the_known_target_is_used_where_the_row_has_none(
        self, check: Callable[[Draft], None], draft: Draft
    ) -> None:
        TargetStoreFactory.create(
            connection=Connection.objects.get(), store_id="9001", token=Secret.seal(store_token(9001))
        )
        row = add_row(draft, 9001, token="")

        check(draft)

        assert of(row) == (CheckStatus.PASSED, [])

    def test_a_refused_token_is_asked_once_for_all_its_rows(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        rows = []
        for store in range(9002, 9032):
            sandbox.add_store(store)
            rows.append(add_row(draft, store, token="secret_wrong"))

        check(draft)

        assert {of(row)[0] for row in rows} == {UNCHECKED}
        assert text_of(rows[-1]) == REFUSED
        assert 1 <= len(sandbox.requests(call="profile")) <= 3  # those that left together
        assert StoreKey.objects.get().block_reason == BlockReason.CREDENTIALS

    def test_a_refused_token_is_tried_once_more_when_a_person_asks_again(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        sandbox.add_store(9002, token="secret_later")
        row = add_row(draft, 9002, token="secret_later")
        sandbox.add_store(9002, token="secret_other")
        check(draft)
        assert of(row)[0] == UNCHECKED
        sandbox.add_store(9002, token="secret_later")

        check(draft)

        assert of(row) == (CheckStatus.PASSED, [])
        assert StoreKey.objects.get().block_reason == ""

    def test_a_token_that_is_limited_is_silent_until_the_limit_ends(
        self, errands: Errands, draft: Draft, sandbox: SandboxProcess
    ) -> None:
        sandbox.fault("rate_limit", call="profile", retry_after="60", times=None)
        add_row(draft, 9001)
        for store in range(9002, 9012):
            sandbox.add_store(store, token=store_token(9001))
            add_row(draft, store, token=store_token(9001))
        start_check(draft, draft.created_by)

        until(lambda: work_on(errands) or StoreKey.objects.filter(block_reason=BlockReason.RATE_LIMITED), "the limit")
        until(lambda: work_on(errands) or not errands.in_air, "the end of what was in the air")
        for _ in range(5):
            work_on(errands)

        assert 1 <= len(sandbox.requests()) <= 3  # those that left together
        until_ = StoreKey.objects.get().blocked_until
        assert until_ is not None
        waiting = DraftTarget.objects.filter(check_status=CheckStatus.WAITING, next_action_at=until_)
        assert waiting.exists()

    def test_a_visit_that_is_under_way_goes_no_further_with_a_token_that_is_limited(
        self, errands: Errands, draft: Draft, sandbox: SandboxProcess
    ) -> None:
        sandbox.add_store(9002, token=store_token(9001))
        sandbox.fault("hold_after", call="profile", target="9001")
        sandbox.fault("rate_limit", call="profile", target="9002", retry_after="60")
        add_row(draft, 9001)
        start_check(draft, draft.created_by)
        work_on(errands)
        assert sandbox.held()
        other = add_row(draft, 9002, token=store_token(9001))
        DraftTarget.objects.filter(pk=other.pk).update(check_status=CheckStatus.WAITING)

        until(lambda: work_on(errands) or StoreKey.objects.filter(block_reason=BlockReason.RATE_LIMITED), "the limit")
        sandbox.release()
        until(lambda: work_on(errands) or not errands.in_air, "the end of the visit")

        assert questions(sandbox, "9001") == ["profile"]

    def test_a_long_limit_is_told_instead_of_waited_for(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        sandbox.fault("rate_limit", call="profile", retry_after="3600")
        row = add_row(draft, 9001)

        check(draft)

        assert of(row)[0] == UNCHECKED
        assert "Ecwid takes no requests with this token until" in text_of(row)

    @pytest.mark.parametrize("fault", ["drop_before", "html", "http_500", "empty", "truncated"])
    def test_a_lost_answer_is_asked_for_again(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess, fault: str
    ) -> None:
        sandbox.fault(fault, call="latest_stats")
        row = add_row(draft, 9001)

        check(draft)

        assert of(row) == (CheckStatus.PASSED, [])

    def test_a_store_that_never_answers_is_not_checked(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        sandbox.fault("html", call="profile", times=None)
        row = add_row(draft, 9001)

        check(draft)

        assert of(row) == (UNCHECKED, [""])
        assert len(sandbox.requests(call="profile")) == 3

    def test_after_many_refused_tokens_no_unknown_one_is_tried(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        now = timezone.now()
        refused = {"used_at": now, "blocked_since": now, "blocked_until": now, "block_reason": BlockReason.CREDENTIALS}
        row = add_row(draft, 9001)
        check(draft)
        StoreKey.objects.bulk_create(StoreKey(fingerprint=str(number), **refused) for number in range(300))
        sandbox.add_store(9002)
        other = add_row(draft, 9002)

        check(draft)

        assert of(row) == (CheckStatus.PASSED, [])  # its token was proven before
        assert of(other)[0] == UNCHECKED
        assert text_of(other) == TOO_MANY_REFUSED

    def test_a_token_that_cannot_be_read_is_told(self, check: Callable[[Draft], None], draft: Draft) -> None:
        row = add_row(draft, 9001)
        DraftTarget.objects.update(access_token=Secret("nonsense"))

        check(draft)

        assert of(row)[0] == UNCHECKED
        assert "ENCRYPTION_KEYS" in text_of(row)


class TestWhatThePortalKnows:
    def test_without_a_token_the_store_is_not_asked_and_never_green(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        row = add_row(draft, 9001, token="")

        check(draft)

        assert (of(row), text_of(row)) == ((UNCHECKED, [""]), NO_TOKEN)
        assert sandbox.requests() == []

    def test_the_template_and_other_templates_are_blocked(self, check: Callable[[Draft], None], draft: Draft) -> None:
        assert draft.template is not None
        TemplateStore.objects.create(connection=draft.template.connection, store_id="1002", name="Other")
        own, other = add_row(draft, 1001, token=""), add_row(draft, 1002, token="")

        check(draft)

        assert of(own)[0] == of(other)[0] == BLOCKED
        assert "the template itself" in text_of(own)
        assert "the template “Other”" in text_of(other)

    @pytest.mark.parametrize(
        ("job", "found"),
        [
            ({"status": JobStatus.IN_PROGRESS}, (BLOCKED, ["TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET", ""])),
            ({"status": JobStatus.COMPLETED}, (WARNING, ["TARGET_PRODUCTS_NOT_EMPTY", ""])),
            ({"status": JobStatus.COMPLETED, "scope": CloneScope.STORE_SETTINGS}, (UNCHECKED, [""])),
            (
                {"status": JobStatus.FAILED, "failure_kind": FailureKind.RESULT_LOST},
                (WARNING, ["TARGET_PRODUCTS_NOT_EMPTY", ""]),
            ),
            ({"status": JobStatus.FAILED, "failure_kind": FailureKind.TARGET}, (UNCHECKED, [""])),
        ],
    )
    def test_clones_into_the_store_are_remembered(
        self, check: Callable[[Draft], None], draft: Draft, job: dict[str, object], found: Found
    ) -> None:
        assert draft.template is not None
        target = TargetStore.objects.create(connection=draft.template.connection, store_id="9001")
        CloneJobFactory.create(target=target, batch__template=draft.template, **job)
        row = add_row(draft, 9001, token="")

        check(draft)

        assert of(row) == found

    def test_a_store_of_another_connection_is_another_store(self, check: Callable[[Draft], None], draft: Draft) -> None:
        CloneJobFactory.create(target__store_id="9001", status=JobStatus.IN_PROGRESS)
        row = add_row(draft, 9001)

        check(draft)

        assert of(row) == (CheckStatus.PASSED, [])


class TestAnEmail:
    def test_that_is_free_passes_and_nothing_is_created(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        row = add_row(draft, email="new@example.com", name="New")

        check(draft)

        assert of(row) == (CheckStatus.PASSED, [])
        assert [request.call for request in sandbox.requests()] == ["store_lookup"]

    def test_that_has_a_store_is_blocked(self, check: Callable[[Draft], None], draft: Draft) -> None:
        row = add_row(draft, email="owner-9001@example.com", name="New")

        check(draft)

        assert of(row) == (BLOCKED, [GeneralErrorCode.CONSTRAINT_VIOLATION])

    def test_for_which_the_portal_made_a_store_is_blocked_and_the_store_named(
        self, check: Callable[[Draft], None], draft: Draft
    ) -> None:
        assert draft.template is not None
        connection, now = draft.template.connection, timezone.now()
        target = TargetStore.objects.create(connection=connection, store_id="70000001", email="new@example.com")
        made = {"status": CreationStatus.CREATED, "created_at": now, "finished_at": now}
        StoreCreation.objects.create(connection=connection, target=target, email="new@example.com", name="New", **made)
        row = add_row(draft, email="New@Example.com", name="New")

        check(draft)

        assert of(row)[0] == BLOCKED
        assert "made store 70000001" in text_of(row)

    def test_is_not_checked_where_the_application_may_not_look_up(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        sandbox.add_app("no-read", CLIENT_SECRET, ["clone_stores"])
        Connection.objects.update(client_id="no-read")
        rows = [add_row(draft, email=f"{number}@example.com", name="New") for number in range(20)]

        check(draft)

        assert {of(row)[0] for row in rows} == {UNCHECKED}
        assert "read_stores" in text_of(rows[0])
        assert len(sandbox.requests()) <= 4
        assert Connection.objects.get().block_reason == ""

    def test_a_refused_key_stops_the_connection(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        Connection.objects.update(client_secret=Secret.seal("wrong"))
        rows = [add_row(draft, email=f"{number}@example.com", name="New") for number in range(20)]

        check(draft)

        assert {of(row)[0] for row in rows} == {UNCHECKED}
        assert len(sandbox.requests()) <= 4
        assert Connection.objects.get().block_reason == BlockReason.CREDENTIALS

    def test_a_paused_connection_is_not_used(
        self, check: Callable[[Draft], None], draft: Draft, sandbox: SandboxProcess
    ) -> None:
        Connection.objects.update(paused_at=timezone.now())
        row = add_row(draft, email="new@example.com", name="New")

        check(draft)

        assert of(row)[0] == UNCHECKED
        assert "paused" in text_of(row)
        assert sandbox.requests() == []

    def test_a_limit_is_waited_for_and_stops_the_connection(
        self, errands: Errands, draft: Draft, sandbox: SandboxProcess
    ) -> None:
        sandbox.fault("rate_limit", call="store_lookup", retry_after="60")
        row = add_row(draft, email="new@example.com", name="New")
        start_check(draft, draft.created_by)

        until(lambda: work_on(errands) or Connection.objects.filter(block_reason=BlockReason.RATE_LIMITED), "the limit")
        work_on(errands)

        assert of(row)[0] == CheckStatus.WAITING
        assert len(sandbox.requests()) == 1
        assert row.next_action_at == Connection.objects.get().blocked_until


class TestMeanwhile:
    def test_a_row_that_was_changed_keeps_no_old_finding(
        self, errands: Errands, draft: Draft, sandbox: SandboxProcess
    ) -> None:
        sandbox.fault("hold_after", call="profile")
        row = add_row(draft, 9001)
        start_check(draft, draft.created_by)
        work_on(errands)
        assert sandbox.held()
        DraftTarget.objects.update(check_status=CheckStatus.NONE, next_action_at=None)

        sandbox.release()
        until(lambda: work_on(errands) and not errands.in_air, "the answer")

        assert of(row) == (CheckStatus.NONE, [])

    def test_a_draft_that_lost_its_template_is_no_longer_checked(self, errands: Errands, draft: Draft) -> None:
        row = add_row(draft, 9001)
        start_check(draft, draft.created_by)
        Draft.objects.update(template=None)

        work_on(errands)

        assert of(row) == (CheckStatus.NONE, [])

    def test_what_a_dead_worker_held_is_checked_again(self, errands: Errands, draft: Draft) -> None:
        row = add_row(draft, 9001)
        start_check(draft, draft.created_by)
        DraftTarget.objects.update(
            check_status=CheckStatus.RUNNING, lease_token="dead", leased_until=timezone.now() - timedelta(seconds=1)
        )

        errands.take_back(timezone.now())
        until(lambda: work_on(errands), "the check")

        assert of(row) == (CheckStatus.PASSED, [])


def test_the_part_of_the_look_ups_is_what_people_have(draft: Draft) -> None:
    rows = [add_row(draft, email=f"{number}@example.com", name="New") for number in range(3)]
    Connection.objects.update(rate_limit=600)
    draft = Draft.objects.get(pk=draft.pk)
    now = timezone.now()

    start_check(draft, User.objects.get(), at=now)

    turns = DraftTarget.objects.filter(pk__in=[row.pk for row in rows]).values_list("next_action_at", flat=True)
    assert list(turns) == [now, now + timedelta(seconds=0.5), now + timedelta(seconds=1)]
