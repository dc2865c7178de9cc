"""What an operation says no to."""

from collections.abc import Callable

import pytest

from clones.operations.errors import InvalidRequestError


def field_of(refused: Callable[[], object]) -> str:
    """Return the field at which the operation refuses what it is asked for."""
    with pytest.raises(InvalidRequestError) as raised:
        refused()
    return raised.value.field
