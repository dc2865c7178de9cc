"""The portal's settings for a worker that waits for every answer, however long a busy machine takes for it.

With the real time-outs a late answer is a lost one: of a store that it should have brought, a person decides.
"""

from reseller_portal.settings import *  # noqa: F403  all but one of them
from reseller_portal.settings import INSTALLED_APPS as PORTALS

INSTALLED_APPS = [*PORTALS, "tests.patience.Patience"]
