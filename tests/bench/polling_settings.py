"""The portal's settings for the other side of `throughput`: a django-q2 cluster that runs a task for every look."""

import os

from reseller_portal.settings import *  # noqa: F403  all but one of them
from reseller_portal.settings import Q_CLUSTER as PORTALS

# What is best for it: many processes, tasks fetched ten at a time (the ORM broker knows how), no row kept per task.
Q_CLUSTER = {
    **PORTALS,
    "name": "polling",
    "workers": int(os.environ["POLLING_WORKERS"]),
    "queue_limit": 4 * int(os.environ["POLLING_WORKERS"]),
    "bulk": 10,
}
