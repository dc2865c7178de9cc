"""What people read about a failed clone."""

import pytest

from clones.choices import FailureKind
from clones.ecwid import CloneErrorCode, RefusalKind
from clones.failures import failure_of

AT_FAULT = {
    RefusalKind.TEMPLATE: FailureKind.TEMPLATE,
    RefusalKind.TARGET: FailureKind.TARGET,
    RefusalKind.NOT_EMPTY: FailureKind.TARGET,
    RefusalKind.LIMIT: FailureKind.TARGET,
}


@pytest.mark.parametrize("code", [code for code in CloneErrorCode if code.kind in AT_FAULT])
def test_a_store_at_fault_is_told_with_words_of_its_own(code: CloneErrorCode) -> None:
    words = failure_of(AT_FAULT[code.kind], code)

    others = [failure_of(AT_FAULT[other.kind], other) for other in CloneErrorCode if other.kind in AT_FAULT]
    assert words.cause != AT_FAULT[code.kind].cause
    assert [other.cause for other in others].count(words.cause) == 1
    assert [other.label for other in others].count(words.label) == 1


@pytest.mark.parametrize("kind", FailureKind)
def test_without_a_code_the_kind_speaks(kind: FailureKind) -> None:
    words = failure_of(kind, "")

    assert (words.label, words.cause, words.next_step) == (kind.label, kind.cause, kind.next_step)


def test_a_code_that_nobody_knows_leaves_the_word_to_the_kind() -> None:
    assert failure_of(FailureKind.UNKNOWN, "NEVER_HEARD").cause == FailureKind.UNKNOWN.cause


def test_a_lost_result_is_not_told_as_a_store_that_is_not_empty() -> None:
    assert failure_of(FailureKind.RESULT_LOST, "TARGET_PRODUCTS_NOT_EMPTY").cause == FailureKind.RESULT_LOST.cause


def test_a_code_is_known_however_it_is_written() -> None:
    assert failure_of(FailureKind.TARGET, r"target\_not_found ").label == "Store not found"


def test_a_label_is_short_enough_for_a_row() -> None:
    codes = ["", *CloneErrorCode]
    assert all(len(failure_of(kind, code).label) <= 30 for kind in FailureKind for code in codes)
