"""What the portal remembers. Data, constraints and small predicates; the rules of change are in `lifecycle`."""

from clones.models.attempts import LoginAttempts
from clones.models.batch import Batch
from clones.models.connection import Connection
from clones.models.counter import Counted, Counter
from clones.models.event import CloneEvent
from clones.models.job import CloneJob
from clones.models.lease import Leased
from clones.models.mapping import EntityMapping
from clones.models.profile import Profile, Theme
from clones.models.store import TargetStore, TemplateStore
from clones.models.throttle import Throttled
from clones.models.worker import WorkerBeat

__all__ = [
    "Batch",
    "CloneEvent",
    "CloneJob",
    "Connection",
    "Counted",
    "Counter",
    "EntityMapping",
    "Leased",
    "LoginAttempts",
    "Profile",
    "TargetStore",
    "TemplateStore",
    "Theme",
    "Throttled",
    "WorkerBeat",
]
