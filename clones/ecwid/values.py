"""Reading single values out of JSON that may be anything: the unusable raises Malformed or reads as unknown.

Everything given back is fit to be stored: text without NUL and lone surrogates, which databases refuse.
"""

from collections.abc import Collection, Sequence
from typing import TypeAlias, cast

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

LONGEST_ID = 255
LONGEST_CODE = 255
LONGEST_MESSAGE = 2_000
LONGEST_TEXT = 10_000
_MOST_DIGITS = 18
# A shorter "secret" would black out ordinary words.
_SHORTEST_SECRET = 6


class Malformed(ValueError):  # noqa: N818 (never leaves this package)
    """The JSON is not what the contract says; the text is the end of the sentence "No usable answer from Ecwid: …"."""


def storable(text: str) -> str:
    """The text without NUL characters, lone surrogates replaced."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def text(value: Json, longest: int = LONGEST_TEXT) -> str:
    """Text for people: a string or number as text, cut; empty for anything else."""
    return _as_text(value)[:longest]


def said(value: Json, secrets: Sequence[str], longest: int) -> str:
    """Text that Ecwid sent and that is shown: as `text`, with every secret of the call blacked out."""
    shown = _as_text(value)
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            shown = shown.replace(secret, "[hidden]")
    return shown[:longest]


def _as_text(value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return storable(str(value))


def identifier(value: Json, of_what: str) -> str:
    """An ID as text, `"09876"` with its zero. Raise Malformed for what is neither a string nor a whole number.

    Empty IDs, IDs longer than 255 characters, and those with NUL or lone surrogates are malformed too.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Malformed(f"{of_what} has an ID that is neither text nor a whole number")
    as_text = str(value)
    if not 0 < len(as_text) <= LONGEST_ID or storable(as_text) != as_text:
        raise Malformed(f"{of_what} has an ID that cannot be used")
    return as_text


def identifiers(pairs: dict[str, Json], of_what: str) -> dict[str, str]:
    """IDs that belong to IDs, all of them as `identifier`."""
    if _all_plain(pairs) and _all_plain(pairs.values()):
        return cast("dict[str, str]", pairs)
    return {identifier(left, of_what): identifier(right, of_what) for left, right in pairs.items()}


def _all_plain(ids: Collection[Json]) -> bool:
    """Whether all are surely fit IDs, seen without looking at each: there may be hundreds of thousands."""
    try:
        together = "".join(cast("Collection[str]", ids))
    except TypeError:  # a number is among them, or worse
        return False
    lengths = set(map(len, cast("Collection[str]", ids)))
    return together.isascii() and "\0" not in together and all(0 < length <= LONGEST_ID for length in lengths)


def optional_identifier(value: Json, of_what: str) -> str | None:
    """As `identifier`; None for null or a missing one."""
    return None if value is None else identifier(value, of_what)


def whole_number(value: Json) -> int | None:
    """A whole number, also one written as a string; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    digits = value.strip() if isinstance(value, str) else ""
    return (
        int(digits) if digits.isascii() and digits.removeprefix("-").isdigit() and len(digits) <= _MOST_DIGITS else None
    )


def flag(value: Json) -> bool | None:
    """A boolean, also one written as "true" or "False"; None for anything else."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    return {"true": True, "false": False}.get(word)


def record(value: Json, of_what: str) -> dict[str, Json]:
    """A JSON object. Null and PHP's empty list stand for an empty one; raise Malformed for anything else."""
    if isinstance(value, dict):
        return value
    if value is None or value == []:
        return {}
    raise Malformed(f"{of_what} is not a JSON object")


def sequence(value: Json, of_what: str) -> list[Json]:
    """A JSON array; null stands for an empty one. Raise Malformed for anything else."""
    if isinstance(value, list):
        return value
    if value is None:
        return []
    raise Malformed(f"{of_what} is not a list")
