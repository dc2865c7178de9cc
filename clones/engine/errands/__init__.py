"""Errands: whatever a worker does beside clones. Each kind has a desk; `DESKS` lists them."""

from typing import Any, Final

from clones.engine.errands.checking import CheckDesk
from clones.engine.errands.creating import CreationDesk
from clones.engine.errands.desk import Desk
from clones.engine.errands.mailing import MailDesk
from clones.engine.errands.sites import SiteDesk

DESKS: Final[tuple[type[Desk[Any]], ...]] = (CreationDesk, SiteDesk, CheckDesk, MailDesk)
