"""What the portal remembers. Data, constraints and small predicates; the rules of change are in `lifecycle`."""

from clones.models.attempts import LoginAttempts
from clones.models.batch import Batch
from clones.models.connection import Connection
from clones.models.counter import Counted, Counter
from clones.models.creation import StoreCreation
from clones.models.draft import Draft, DraftTarget, StoreKey
from clones.models.event import CloneEvent
from clones.models.job import CloneJob
from clones.models.lease import Leased
from clones.models.mail import BatchMail
from clones.models.mapping import EntityMapping
from clones.models.profile import Profile, Theme
from clones.models.row_steps import needing_person, needing_site, needing_store, with_steps
from clones.models.site import SiteClone
from clones.models.store import TargetStore, TemplateStore
from clones.models.throttle import Throttled
from clones.models.worker import WorkerBeat

__all__ = [
    "Batch",
    "BatchMail",
    "CloneEvent",
    "CloneJob",
    "Connection",
    "Counted",
    "Counter",
    "Draft",
    "DraftTarget",
    "EntityMapping",
    "Leased",
    "LoginAttempts",
    "Profile",
    "SiteClone",
    "StoreCreation",
    "StoreKey",
    "TargetStore",
    "TemplateStore",
    "Theme",
    "Throttled",
    "WorkerBeat",
    "needing_person",
    "needing_site",
    "needing_store",
    "with_steps",
]
