"""The portal's settings for a worker that waits for every answer, however long a busy machine takes for it.

With the real time-outs a late answer is a lost one: of a store that it should have brought, a person decides.
"""

from unittest import mock

from clones.ecwid import Timeouts
from reseller_portal.settings import *  # noqa: F403  all of them

PATIENCE_SECONDS = 600.0  # only a broken test waits so long


def _wait_long(timeouts: Timeouts, **_: float) -> None:
    for name in ("connect", "read", "total"):
        object.__setattr__(timeouts, name, PATIENCE_SECONDS)  # its instances are frozen


mock.patch.object(Timeouts, "__init__", _wait_long).start()
