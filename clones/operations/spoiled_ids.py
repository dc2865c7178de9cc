"""What looks like a store ID and is none: what happened to it, or what it may be, and what to do."""

import re
from typing import Final

from clones.operations.store_ids import shortened

_SHORTENED: Final = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_THOUSANDS: Final = re.compile(r"([0-9]{1,3}(?:([.,'\u2019\s])[0-9]{3})(?:\2[0-9]{3})*)(?:[.,]0*)?")
_DECIMAL: Final = re.compile(r"([0-9]+)[.,]0*")
_WITH_SIGNS: Final = re.compile(r"[+(]?[0-9][0-9\s.,'\u2019/():+\u2013-]*")
_SIGN: Final = re.compile(r"[^0-9]")


def spoiled(text: str) -> str:
    """Say in a sentence why this is no store ID, though it has digits; "" where that cannot be told."""
    quoted = shortened(" ".join(text.split()))
    if _SHORTENED.fullmatch(text):
        return (
            f"{quoted} is a store ID that a spreadsheet has shortened, and digits of it are lost: make the column a "
            "text column, and type the ID again."
        )
    thousands = _THOUSANDS.fullmatch(text)
    if thousands:
        digits = _SIGN.sub("", thousands[1])
        return f"{quoted} has signs between its thousands: write it with digits only, {digits}, if that is the store."
    decimal = _DECIMAL.fullmatch(text)
    if decimal:
        return (
            f"{quoted} is a store ID that a spreadsheet has turned into a decimal number: write it with digits only, "
            f"{decimal[1]}, if that is the store."
        )
    if _WITH_SIGNS.fullmatch(text) and _SIGN.search(text):
        return (
            f"{quoted} is not a store ID: it looks like a phone number, a date or a number of another kind. Remove it, "
            "or write the ID with digits only, like 1003."
        )
    return ""
