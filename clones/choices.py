"""The words of the domain: statuses, scopes, kinds of failure, with the label, colour and sentence of each.

The only module that spells a status. Everything else names the member.
"""

from typing import Final

from django.db.models import TextChoices


class Badge(TextChoices):
    """Words that are shown with an icon and a colour."""

    @property
    def tone(self) -> str:
        """Colour name for badges and rows."""
        return _LOOKS[self][0]

    @property
    def icon(self) -> str:
        """Name of the heroicon that stands before the word."""
        return _LOOKS[self][1]


class JobStatus(Badge):
    """Where a clone job stands. WAITING and SUBMITTING are ours, the next two are Ecwid's."""

    WAITING = "WAITING", "Waiting"
    SUBMITTING = "SUBMITTING", "Submitting"
    QUEUED = "QUEUED", "Queued at Ecwid"
    IN_PROGRESS = "IN_PROGRESS", "In progress"
    COMPLETED = "COMPLETED", "Completed"
    FAILED = "FAILED", "Failed"
    CANCELED = "CANCELED", "Canceled"


# Tuples, since they also go into constraints, and a migration writes a set in any order.
ACTIVE: Final = (JobStatus.WAITING, JobStatus.SUBMITTING, JobStatus.QUEUED, JobStatus.IN_PROGRESS)
AT_ECWID: Final = (JobStatus.QUEUED, JobStatus.IN_PROGRESS)
TERMINAL: Final = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED)
ECWIDS_WORDS: Final = (
    "QUEUED",
    "IN_PROGRESS",
    "IN\\_PROGRESS",
    "COMPLETED",
    "FAILED",
)  # and as the reference spells one
ENDED_BADLY: Final = (JobStatus.FAILED, JobStatus.CANCELED)


class CreationStatus(Badge):
    """Where a store stands that is to be created before it can be cloned into.

    CREATING is written before the request leaves; LOOKING: its answer was lost, and the look-up by e-mail settles it.
    """

    WAITING = "WAITING", "Waiting"
    CREATING = "CREATING", "Being created"
    LOOKING = "LOOKING", "Being looked up"
    NEEDS_PERSON = "NEEDS_PERSON", "Needs a person"
    CREATED = "CREATED", "Created"
    FAILED = "FAILED", "Failed"
    CANCELED = "CANCELED", "Canceled"


CREATION_ENDED: Final = (CreationStatus.CREATED, CreationStatus.FAILED, CreationStatus.CANCELED)
CREATION_GONE: Final = (CreationStatus.FAILED, CreationStatus.CANCELED)  # another one may take its place


class SiteStatus(Badge):
    """Where the Instant Site of a clone stands. CLONING is written before the request leaves."""

    WAITING = "WAITING", "Waiting"
    CLONING = "CLONING", "Being cloned"
    NEEDS_PERSON = "NEEDS_PERSON", "Needs a person"
    DONE = "DONE", "Cloned"
    FAILED = "FAILED", "Failed"
    CANCELED = "CANCELED", "Left out"


SITE_MOVES: Final = (SiteStatus.WAITING, SiteStatus.CLONING)  # by itself
SITE_ENDED: Final = (SiteStatus.DONE, SiteStatus.FAILED, SiteStatus.CANCELED)


class CheckStatus(Badge):
    """What the check of a target came to, before anything is sent. UNCHECKED: nobody can ask the store."""

    NONE = "", "Not checked yet"
    WAITING = "WAITING", "Waiting"
    RUNNING = "RUNNING", "Being checked"
    PASSED = "PASSED", "Passed"
    WARNING = "WARNING", "Warning"
    BLOCKED = "BLOCKED", "Blocked"
    UNCHECKED = "UNCHECKED", "Not checked"


CHECK_MOVES: Final = (CheckStatus.WAITING, CheckStatus.RUNNING)


class BatchState(Badge):
    """What became of a batch, from its clones' statuses (`progress.Progress.state`)."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    HELD = "held", "Held"
    STOPPED = "stopped", "Stopped"
    COMPLETED = "completed", "All completed"
    PARTLY = "partly", "Partly failed"
    CUT = "cut", "Partly canceled"
    FAILED = "failed", "All failed"
    CANCELED = "canceled", "All canceled"


_LOOKS: Final[dict[Badge, tuple[str, str]]] = {
    JobStatus.WAITING: ("secondary", "clock"),
    JobStatus.SUBMITTING: ("azure", "paper-airplane"),
    JobStatus.QUEUED: ("azure", "queue-list"),
    JobStatus.IN_PROGRESS: ("blue", "arrow-path"),
    JobStatus.COMPLETED: ("green", "check-circle"),
    JobStatus.FAILED: ("red", "x-circle"),
    JobStatus.CANCELED: ("secondary", "no-symbol"),
    CreationStatus.WAITING: ("secondary", "clock"),
    CreationStatus.CREATING: ("azure", "paper-airplane"),
    CreationStatus.LOOKING: ("azure", "magnifying-glass"),
    CreationStatus.NEEDS_PERSON: ("orange", "hand-raised"),
    CreationStatus.CREATED: ("green", "check-circle"),
    CreationStatus.FAILED: ("red", "x-circle"),
    CreationStatus.CANCELED: ("secondary", "no-symbol"),
    SiteStatus.WAITING: ("secondary", "clock"),
    SiteStatus.CLONING: ("azure", "paper-airplane"),
    SiteStatus.NEEDS_PERSON: ("orange", "hand-raised"),
    SiteStatus.DONE: ("green", "check-circle"),
    SiteStatus.FAILED: ("red", "x-circle"),
    SiteStatus.CANCELED: ("secondary", "no-symbol"),
    CheckStatus.NONE: ("secondary", "minus-circle"),
    CheckStatus.WAITING: ("secondary", "clock"),
    CheckStatus.RUNNING: ("blue", "arrow-path"),
    CheckStatus.PASSED: ("green", "check-circle"),
    CheckStatus.WARNING: ("orange", "exclamation-triangle"),
    CheckStatus.BLOCKED: ("red", "x-circle"),
    CheckStatus.UNCHECKED: ("secondary", "question-mark-circle"),
    BatchState.WAITING: ("secondary", "clock"),
    BatchState.RUNNING: ("blue", "arrow-path"),
    BatchState.HELD: ("orange", "pause-circle"),
    BatchState.STOPPED: ("orange", "exclamation-triangle"),
    BatchState.COMPLETED: ("green", "check-circle"),
    BatchState.PARTLY: ("orange", "exclamation-triangle"),
    BatchState.CUT: ("secondary", "minus-circle"),
    BatchState.FAILED: ("red", "x-circle"),
    BatchState.CANCELED: ("secondary", "no-symbol"),
}


class CloneScope(TextChoices):
    """What a clone copies."""

    ALL = "ALL", "Settings and catalog"
    CATALOG = "CATALOG", "Catalog only"
    STORE_SETTINGS = "STORE_SETTINGS", "Settings only"

    @property
    def copies(self) -> str:
        """One sentence: what is copied."""
        return _SCOPES[self][0]

    @property
    def leaves_out(self) -> str:
        """One sentence: what is not."""
        return _SCOPES[self][1]

    @property
    def copies_catalog(self) -> bool:
        """Tell whether products and categories are copied."""
        return self is not CloneScope.STORE_SETTINGS


_SETTINGS: Final = (
    "shipping, payment options, taxes, administrator profile, design, marketplace feeds, invoices and mail"
)
_CATALOG: Final = "products, images, categories, options and variations, attributes"
_NEVER: Final = "the owner's e-mail and password, installed apps and their data"
_SCOPES: Final = {
    CloneScope.ALL: (f"Copied: {_SETTINGS}; {_CATALOG}.", f"Never: {_NEVER}."),
    CloneScope.CATALOG: (f"Copied: {_CATALOG}.", f"Not copied: settings such as {_SETTINGS}."),
    CloneScope.STORE_SETTINGS: (f"Copied: {_SETTINGS}.", f"Not copied: products and categories; {_NEVER}."),
}


class FailureKind(TextChoices):
    """Why a job failed. `cause` and `next_step` are what a person reads."""

    TRANSIENT = "TRANSIENT", "Ecwid kept failing"
    TARGET = "TARGET", "Target store"
    TEMPLATE = "TEMPLATE", "Template store"
    ECWID = "ECWID", "Failed at Ecwid"
    BUSY = "BUSY", "Target busy"
    RESULT_LOST = "RESULT_LOST", "Result lost"
    TICKET_LOST = "TICKET_LOST", "Ticket lost"
    TIMED_OUT = "TIMED_OUT", "Took too long"
    UNKNOWN = "UNKNOWN", "Unknown refusal"
    NO_STORE = "NO_STORE", "Store not created"

    @property
    def cause(self) -> str:
        """One plain sentence: what happened."""
        return _REASONS[self][0]

    @property
    def next_step(self) -> str:
        """One plain sentence: what to do about it."""
        return _REASONS[self][1]


_REASONS: Final = {
    FailureKind.TRANSIENT: (
        "Ecwid refused to start the clone several times with an error that usually passes.",
        "Retry it later.",
    ),
    FailureKind.TARGET: (
        "Ecwid refuses to clone into this store; its message says why.",
        "Put the store, or its ID, right, then retry.",
    ),
    FailureKind.TEMPLATE: (
        "Ecwid could not use the template store.",
        "Check that the template store exists and that its ID is right, then retry.",
    ),
    FailureKind.ECWID: (
        "The clone started, and failed at Ecwid.",
        "The store may be partly filled: look at it and empty it, then retry.",
    ),
    FailureKind.BUSY: (
        "Somebody else was cloning into this store for a long time.",
        "Wait until that clone has ended, check the store, then retry.",
    ),
    FailureKind.RESULT_LOST: (
        "Ecwid's answer was lost, and the clone may well have run to its end without being seen.",
        "Look at the store: keep it as it is where the copy is complete (the ID mapping cannot be had any more), "
        "or empty it and retry.",
    ),
    FailureKind.TICKET_LOST: (
        "Ecwid no longer knows this clone's ticket.",
        "Look at the store: the clone may have ended. Empty it and retry where the copy is not complete.",
    ),
    FailureKind.TIMED_OUT: (
        "There was no result within 24 hours.",
        "Ask Ecwid's support about it, with the ticket where there is one, before trying again.",
    ),
    FailureKind.UNKNOWN: (
        "Ecwid refused the clone with a code that the portal does not know.",
        "Read Ecwid's message; if it does not help, ask Ecwid's support.",
    ),
    FailureKind.NO_STORE: (
        "The store was not created, so there was nothing to clone into.",
        "Put the e-mail right, or name the ID of the store that has it, then launch it again.",
    ),
}


class SiteChoice(TextChoices):
    """What becomes of the template's Instant Site."""

    NO = "no", "Not cloned"
    DRAFT = "draft", "Cloned as a draft"
    PUBLISH = "publish", "Cloned and published"


class HoldReason(TextChoices):
    """Why the rest of a batch waits for a person."""

    CANARY = "CANARY", "The first clone did not end well"
    SAME_FAILURES = "SAME_FAILURES", "Five clones in a row failed for the same reason"


class MailChoice(TextChoices):
    """When a person wants a mail at the end of a batch."""

    ALWAYS = "ALWAYS", "At the end of every batch"
    FAILURES = "FAILURES", "Only when something failed"
    NEVER = "NEVER", "Never"


class MailStatus(TextChoices):
    """Where a mail of the outbox stands. SENDING is written before it leaves; UNSURE: nobody knows, so never again."""

    WAITING = "WAITING", "Waiting"
    SENDING = "SENDING", "Being sent"
    SENT = "SENT", "Sent"
    UNSURE = "UNSURE", "Perhaps sent"
    FAILED = "FAILED", "Failed"


class BlockReason(TextChoices):
    """Why all traffic of one credential is stopped."""

    RATE_LIMITED = "RATE_LIMITED", "Rate limit reached"
    CREDENTIALS = "CREDENTIALS", "Credentials refused"
