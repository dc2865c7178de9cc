"""What django-q2 calls. The engine does the work."""

from django.conf import settings
from django_q.conf import Conf

from clones.engine import bell, cluster, database
from clones.engine.tick import run_tick


def tick() -> None:
    """Look at the job table as the worker that this process belongs to. The bell rings for this."""
    database.wait_briefly()
    # A plain qcluster has no watchdog that rings; and once Redis is away nobody can ring for a tick.
    stays = Conf.CLUSTER_NAME == bell.DEFAULT_QUEUE or bool(settings.REDIS_URL)
    run_tick(Conf.CLUSTER_NAME, cluster.stop_asked, stays_when_idle=stays)
