"""What django-q2 calls. The engine does the work."""

from django_q.conf import Conf

from clones.engine import cluster, database
from clones.engine.tick import run_tick


def tick() -> None:
    """Look at the job table as the worker that this process belongs to. The bell rings for this."""
    database.wait_briefly()
    run_tick(Conf.CLUSTER_NAME, cluster.stop_asked)
