"""Slow tests that only `make test-scale` runs, so that `make test` stays short; of variants, one runs in both."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection

at_scale = pytest.mark.skipif(connection.vendor == "sqlite", reason="make test-scale runs this one too")


def variants(one: Any, others: Iterable[Any]) -> list[Any]:
    """Return the values for `pytest.mark.parametrize`: `one` always, `others` in `make test-scale` only."""
    return [one, *(pytest.param(other, marks=at_scale) for other in others)]
