"""Names as people type them."""

import unicodedata
from typing import Final

from clones.operations.errors import InvalidRequestError

# Control characters, halves of characters, and line breaks. Blanks, joiners and writing directions are fine.
_UNWANTED: Final = {"Cc", "Cs", "Zl", "Zp"}


def check_name(name: str, what: str = "The name") -> None:
    """Refuse a name that is not one line of text. Raises InvalidRequestError; `what` begins its sentence."""
    if any(unicodedata.category(character) in _UNWANTED for character in name):
        message = f"{what} must be one line of text: it holds a line break, or a sign that cannot be shown."
        raise InvalidRequestError(message)
