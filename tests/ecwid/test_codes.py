"""The contract's document and the enums say the same."""

import re
from pathlib import Path

import pytest

from clones.ecwid import CloneErrorCode, GeneralErrorCode, RefusalKind

DOCUMENT = (Path(__file__).parents[2] / "docs" / "ecwid-api.md").read_text(encoding="utf-8")
ANY_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

KIND_IN_WORDS = {
    "credentials: pause the connection": RefusalKind.CREDENTIALS,
    "permanent, template": RefusalKind.TEMPLATE,
    "permanent, target": RefusalKind.TARGET,
    "permanent until the target is emptied": RefusalKind.NOT_EMPTY,
    "permanent until the target's plan changes": RefusalKind.LIMIT,
    "busy: the ticket stands in the message": RefusalKind.BUSY,
    "transient": RefusalKind.TRANSIENT,
}


def section(number: int) -> str:
    return DOCUMENT.split(f"\n## {number}. ")[1].split("\n## ")[0]


def documented_refusals() -> list[tuple[str, str, RefusalKind]]:
    """Every row of section 3's table: code, message, kind ("same" repeats the kind above)."""
    refusals: list[tuple[str, str, RefusalKind]] = []
    for line in section(3).partition("| errorCode |")[2].splitlines()[2:]:
        if not line.startswith("|"):
            break
        code, message, words = (cell.strip() for cell in line.strip("|").split("|"))
        kind = refusals[-1][2] if words == "same" else KIND_IN_WORDS[words]
        refusals.append((code.removesuffix(" (sic)"), message, kind))
    return refusals


def test_the_table_of_the_document_is_read() -> None:
    assert len(documented_refusals()) >= 15


def test_every_documented_code_is_in_the_enum_and_no_other() -> None:
    assert {code for code, _, _ in documented_refusals()} == set(CloneErrorCode)


@pytest.mark.parametrize(("code", "message", "kind"), documented_refusals())
def test_a_documented_refusal_has_its_kind_and_message(code: str, message: str, kind: RefusalKind) -> None:
    known = CloneErrorCode[code]

    assert known.kind is kind
    assert ANY_UUID.sub("<ticket>", message).replace("#99928003", "#<id>") in known.messages


def test_one_code_stands_for_both_silent_stores() -> None:
    said = {message for code, message, _ in documented_refusals() if code == CloneErrorCode.SOURCE_NOT_RESPONDING}

    assert set(CloneErrorCode.SOURCE_NOT_RESPONDING.messages) == said


def test_the_general_codes_are_those_of_the_document() -> None:
    documented = {
        (code, int(status))
        for status, codes in re.findall(r"(\d{3}) ([A-Z_]+(?: / [A-Z_]+)*)", section(8))
        for code in codes.split(" / ")
    }

    assert {(str(code), code.http_status) for code in GeneralErrorCode} == documented


@pytest.mark.parametrize("written", ["TARGET_NOT_FOUND", "TARGET\\_NOT\\_FOUND", " target_not_found "])
def test_a_code_is_known_by_what_it_means(written: str) -> None:
    assert CloneErrorCode.named(written) is CloneErrorCode.TARGET_NOT_FOUND
