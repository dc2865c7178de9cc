"""Store IDs as people type them."""

import re
from collections.abc import Iterable
from typing import Final

from clones.operations.errors import InvalidRequestError

_LONGEST_QUOTE: Final = 40

# A leading zero would make two texts, and so two target rows, of one store.
_STORE_ID: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def check_store_id(text: str) -> str:
    """Return the store ID in `text`, without spaces around it. Raises InvalidRequestError."""
    store_id = text.strip()
    if not _STORE_ID.fullmatch(store_id):
        message = f"{shortened(text)} is not a store ID: a store ID is a number without leading zeros, like 1003."
        raise InvalidRequestError(message)
    return store_id


def check_store_ids(texts: Iterable[str]) -> list[str]:
    """Return the store IDs in their order, each once. Raises InvalidRequestError for the first that is none."""
    return list(dict.fromkeys(check_store_id(text) for text in texts))


def shortened(text: str) -> str:
    """Return the text in quotation marks, with an ellipsis where it is long."""
    return repr(text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…")
