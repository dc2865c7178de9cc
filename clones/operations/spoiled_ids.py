"""Store IDs that a spreadsheet has changed: what happened to them, and what to do."""

import re
from typing import Final

_SHAPES: Final = (
    (
        re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+"),
        "{} is a store ID that a spreadsheet has shortened, and digits of it are lost: make the column a text column, "
        "and type the ID again.",
    ),
    (
        re.compile(r"[0-9]{1,3}([.,'\u2019 \u00a0\u202f][0-9]{3})+"),
        "{} has signs between its thousands: write the store ID with digits only, like 1003.",
    ),
    (
        re.compile(r"[0-9]+[.,]0*"),
        "{} is a store ID that a spreadsheet has turned into a decimal number: write it with digits only, like 1003.",
    ),
)


def spoiled(text: str) -> str:
    """Say in a sentence what a spreadsheet has done to this store ID; "" where it looks like none of that."""
    return next((sentence.format(repr(text)) for shape, sentence in _SHAPES if shape.fullmatch(text)), "")
