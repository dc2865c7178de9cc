"""Errands: whatever a worker does beside clones. Each kind has a desk; `DESKS` lists them."""

from typing import Any, Final

from clones.engine.errands.checking import Checking
from clones.engine.errands.desk import Desk

DESKS: Final[tuple[type[Desk[Any]], ...]] = (Checking,)
