"""What is found about a target, from what the portal knows and what was told: no database, no network."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clones.choices import CheckStatus, CloneScope
from clones.ecwid import (
    CloneErrorCode,
    CredentialsRefused,
    EcwidError,
    GeneralErrorCode,
    NoAnswer,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
    StoreProfile,
)
from clones.engine.check_facts import Filled, Finding, Known, LookedUp, Told, Unasked
from clones.engine.check_rules import NO_TOKEN, examine, result_of
from clones.engine.store_visit import Visit

STORE = Known(store_id="9001", template_products=40)
PROFILE = StoreProfile("9001", "", "", "", "", suspended=False, max_product_limit=100, store_name="Shop")
EMPTY = Visit(PROFILE, products=0, categories=0, types=0)
EMAIL = Known(store_id="", email="ann@example.com")
BLOCKED, WARNING, UNCHECKED = CheckStatus.BLOCKED, CheckStatus.WARNING, CheckStatus.UNCHECKED


def found(known: Known, told: Told) -> list[tuple[CheckStatus, str]]:
    return [(finding.level, finding.code) for finding in examine(known, told)]


def only(known: Known, told: Told) -> Finding:
    (finding,) = examine(known, told)
    return finding


def refused(code: str, status: int = 403, kind: type[Refused] = CredentialsRefused) -> Refused:
    return kind(code, "Because", status)


def test_an_empty_store_with_room_passes() -> None:
    assert examine(STORE, EMPTY) == []
    assert result_of([]) == CheckStatus.PASSED


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        (replace(EMPTY, products=1), CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY, "The store has 1 product."),
        (replace(EMPTY, categories=2), CloneErrorCode.TARGET_CATEGORIES_NOT_EMPTY, "The store has 2 categories."),
        (
            replace(EMPTY, types=1_200),
            CloneErrorCode.TARGET_PRODUCT_TYPES_NOT_EMPTY,
            "The store has 1,200 product types.",
        ),
    ],
)
class TestAStoreThatHoldsSomething:
    def test_is_blocked(self, told: Visit, code: str, words: str) -> None:
        finding = only(STORE, told)

        assert (finding.level, finding.code) == (BLOCKED, code)
        assert finding.text.startswith(words)

    def test_is_only_warned_of_where_settings_are_copied(self, told: Visit, code: str, words: str) -> None:
        finding = only(replace(STORE, scope=CloneScope.STORE_SETTINGS), told)

        assert (finding.level, finding.code) == (WARNING, code)
        assert finding.text.startswith(words)


@pytest.mark.parametrize(
    ("scope", "advice"), [(CloneScope.ALL, "Empty it first."), (CloneScope.STORE_SETTINGS, "empty it to be sure.")]
)
def test_what_to_do_about_a_store_that_holds_several_things_is_said_once(scope: CloneScope, advice: str) -> None:
    findings = examine(replace(STORE, scope=scope), replace(EMPTY, products=12, categories=3, types=1))

    assert [finding.text for finding in findings[:2]] == ["The store has 12 products.", "The store has 3 categories."]
    assert findings[2].text.startswith("The store has 1 product type.")
    assert findings[2].text.endswith(advice)
    assert len({finding.code for finding in findings}) == 3


def test_categories_beside_demo_products_may_be_ecwids_own() -> None:
    finding = only(STORE, replace(EMPTY, categories=3, has_demo_products=True))

    assert (finding.level, finding.code) == (WARNING, CloneErrorCode.TARGET_CATEGORIES_NOT_EMPTY)
    assert "demo categories do not count" in finding.text


@pytest.mark.parametrize("products", [None, 100])
def test_a_template_that_fits_or_whose_size_is_unknown_says_nothing(products: int | None) -> None:
    assert examine(replace(STORE, template_products=products), EMPTY) == []


def test_a_template_that_is_larger_than_the_plan_allows_is_blocked() -> None:
    finding = only(replace(STORE, template_products=2_500), EMPTY)

    assert (finding.level, finding.code) == (BLOCKED, CloneErrorCode.TARGET_PRODUCTS_LIMIT)
    assert "allows 100 products, and the template has 2,500" in finding.text


def test_settings_alone_need_no_room() -> None:
    assert examine(replace(STORE, template_products=2_500, scope=CloneScope.STORE_SETTINGS), EMPTY) == []


@pytest.mark.parametrize("limit", [None, -1])
def test_a_limit_that_ecwid_did_not_tell_is_none(limit: int | None) -> None:
    told = replace(EMPTY, profile=replace(PROFILE, max_product_limit=limit))

    assert examine(replace(STORE, template_products=2_500), told) == []


@pytest.mark.parametrize(
    "told",
    [
        replace(EMPTY, profile=replace(PROFILE, suspended=True)),
        Visit(trouble=refused("STORE_IS_SUSPENDED", 402, Refused)),
        Visit(replace(PROFILE, suspended=True), trouble=refused("STORE_IS_SUSPENDED", 402, Refused)),
    ],
)
def test_a_suspended_store_is_blocked_and_said_to_be_so_once(told: Visit) -> None:
    assert found(STORE, told) == [(BLOCKED, GeneralErrorCode.STORE_IS_SUSPENDED)]


def test_a_store_that_ecwid_does_not_know_is_blocked() -> None:
    told = Visit(trouble=refused("STORE_NOT_FOUND", 404, NotFound))

    assert found(STORE, told) == [(BLOCKED, CloneErrorCode.TARGET_NOT_FOUND)]


def test_a_token_of_another_store_is_told_with_both_ids() -> None:
    finding = only(STORE, Visit(replace(PROFILE, store_id="777")))

    assert finding.level == WARNING
    assert "belongs to store 777, not to 9001" in finding.text


@pytest.mark.parametrize(
    ("profile", "scope"), [(None, "read_store_profile"), (PROFILE, "read_catalog")], ids=["profile", "catalog"]
)
def test_a_scope_that_is_missing_is_named(profile: StoreProfile | None, scope: str) -> None:
    finding = only(STORE, Visit(profile, trouble=refused("INSUFFICIENT_APP_SCOPE")))

    assert finding.level == UNCHECKED
    assert f"lacks the scope {scope}," in finding.text


@pytest.mark.parametrize(
    "trouble",
    [
        refused("INVALID_API_TOKEN"),
        refused("", 401),
        refused("NOT_AVAILABLE_ON_CURRENT_PLAN", 402, Refused),
        refused("SOMETHING_NEW", 400, Refused),
        NotSent("nobody there"),
        NoAnswer("it was dropped"),
        RateLimited(5),
    ],
)
def test_a_store_that_did_not_answer_is_never_green(trouble: EcwidError) -> None:
    assert found(STORE, Visit(trouble=trouble)) == [(UNCHECKED, "")]
    assert found(STORE, replace(EMPTY, types=None, trouble=trouble)) == [(UNCHECKED, "")]


@pytest.mark.parametrize("told", [replace(EMPTY, products=None), replace(EMPTY, categories=None)])
def test_a_count_that_ecwid_did_not_say_is_not_zero(told: Visit) -> None:
    assert found(STORE, told) == [(UNCHECKED, "")]


def test_what_was_told_before_the_trouble_counts() -> None:
    told = replace(EMPTY, products=3, types=None, trouble=NoAnswer("it was dropped"))

    assert found(STORE, told) == [(BLOCKED, CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY), (UNCHECKED, "")]


class TestWhatThePortalKnows:
    @pytest.mark.parametrize("told", [EMPTY, Unasked(NO_TOKEN)], ids=["asked", "not asked"])
    @pytest.mark.parametrize(
        ("known", "code"),
        [
            (replace(STORE, is_own_template=True, is_template="Fashion"), CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY),
            (replace(STORE, is_template="Fashion"), CloneErrorCode.TARGET_PRODUCTS_NOT_EMPTY),
            (replace(STORE, active_job=7), CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET),
        ],
    )
    def test_blocks_whatever_the_store_says(self, known: Known, code: str, told: Told) -> None:
        assert (BLOCKED, code) in found(known, told)

    def test_an_earlier_clone_is_warned_of_where_nobody_could_look(self) -> None:
        known = replace(STORE, filled=Filled(7, datetime(2026, 5, 3, tzinfo=UTC)))

        findings = examine(known, Unasked(NO_TOKEN))

        assert [finding.level for finding in findings] == [WARNING, UNCHECKED]
        assert findings[0].text.startswith("Clone 7 put something into this store on 2026-05-03.")
        assert result_of(findings) == WARNING

    def test_an_earlier_clone_says_nothing_of_a_store_that_is_empty_now(self) -> None:
        assert examine(replace(STORE, filled=Filled(7, None)), EMPTY) == []

    @pytest.mark.parametrize(("created", "words"), [("70000001", "made store 70000001"), ("", "already making")])
    def test_an_email_that_has_a_store_of_ours_is_blocked(self, created: str, words: str) -> None:
        finding = only(replace(EMAIL, created=created), LookedUp(told=False))

        assert (finding.level, finding.code) == (BLOCKED, GeneralErrorCode.CONSTRAINT_VIOLATION)
        assert words in finding.text


class TestALookUp:
    def test_of_a_free_email_passes(self) -> None:
        assert examine(EMAIL, LookedUp(told=False)) == []

    def test_of_an_email_that_has_a_store_is_blocked(self) -> None:
        assert found(EMAIL, LookedUp(told=True)) == [(BLOCKED, GeneralErrorCode.CONSTRAINT_VIOLATION)]

    @pytest.mark.parametrize("trouble", [refused("AUTH_APP_DOESNT_EXIST"), RateLimited(3), NoAnswer("a 500")])
    def test_without_a_clear_answer_is_no_check(self, trouble: EcwidError) -> None:
        assert found(EMAIL, LookedUp(trouble)) == [(UNCHECKED, "")]

    def test_names_the_scope_that_is_missing(self) -> None:
        assert "read_stores" in only(EMAIL, LookedUp(refused("INSUFFICIENT_APP_SCOPE"))).text


@pytest.mark.parametrize(
    ("levels", "result"),
    [
        ([UNCHECKED, WARNING, BLOCKED], BLOCKED),
        ([UNCHECKED, WARNING], WARNING),
        ([UNCHECKED], UNCHECKED),
        ([], CheckStatus.PASSED),
    ],
)
def test_the_worst_finding_is_the_result(levels: Sequence[CheckStatus], result: CheckStatus) -> None:
    assert result_of(Finding(level, "", "") for level in levels) == result


def test_all_codes_are_ecwids() -> None:
    full = Visit(replace(PROFILE, suspended=True, max_product_limit=1), products=1, categories=1, types=1)
    known = replace(STORE, is_template="Fashion", active_job=1)

    codes = {finding.code for finding in examine(known, full)}

    assert all(CloneErrorCode.named(code) or GeneralErrorCode.named(code) for code in codes)
    assert len(codes) == 6
