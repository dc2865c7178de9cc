"""What is cloned in a run: templates and targets at the sandbox, faults in the way of calls, orders at the portal."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from django.db import DatabaseError, connection

from clones.choices import CloneScope
from clones.models import CloneJob, TemplateStore
from clones.operations.connections import ConnectionFacts, save_connection
from clones.operations.launch import Order, start_batch
from clones.operations.stores import save_template
from clones.sandbox.specs import StoreSpec
from tests.chaos.plan import BUSY, EMPTY_TEMPLATE, PlannedOrder, Target
from tests.sandbox.api import Api
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, SandboxProcess

T = TypeVar("T")

TEMPLATES: Final = (
    StoreSpec(1001, "Corner shop", products=40, categories=6, types=1, sample_products=4),
    StoreSpec(1002, "Boutique", products=400, categories=25, types=3),
    StoreSpec(1003, "Household", products=1_500, categories=80),
    StoreSpec(
        1004, "Warehouse", products=120, categories=10, zero_padded_ids=True, extra_mapping={"brands": {"7": "8"}}
    ),
    StoreSpec(int(EMPTY_TEMPLATE), "Empty"),
)
# Whoever asks twice for one of these within a minute must find the first one running, as at Ecwid, where clones take
# at least a minute: a second one would be accepted after the first one's end.
SLOW_SECONDS: Final = 62.0
FAULTS: Final = (  # kind, done, share of all calls
    ("http_500", None, 0.025),
    ("http_500", True, 0.025),
    ("drop_after", None, 0.05),
    ("drop_before", None, 0.03),
    ("html", None, 0.01),
    ("html", True, 0.01),
    ("empty", True, 0.005),
    ("truncated", None, 0.005),
)
PATIENCE_SECONDS: Final = 60.0


def patiently(ask: Callable[[], T]) -> T:
    """Return what `ask` returns, asking again while the database is away."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except DatabaseError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


class Shop:
    """The run's stores on both sides."""

    def __init__(self, sandbox: SandboxProcess, seed: int) -> None:
        self.sandbox = sandbox
        self._seed = seed
        self._slow: dict[str, Target] = {}
        self._templates: list[TemplateStore] = []
        self.strangers: set[str] = set()  # tickets of clones that are none of the portal's

    def open(self, orders: tuple[PlannedOrder, ...], rate_limit: int) -> None:
        """Put the stores into the sandbox, and make the portal's connection and templates."""
        facts = ConnectionFacts("Sandbox", self.sandbox.api_url, CLIENT_ID, CLIENT_SECRET, rate_limit=rate_limit)
        made = save_connection(facts)[0]
        for spec in TEMPLATES:
            self.sandbox.add_spec(spec)
            self._templates.append(save_template(made, str(spec.id), spec.name)[0])
        for order in orders:
            is_slow = order.scope == CloneScope.STORE_SETTINGS or str(TEMPLATES[order.template].id) == EMPTY_TEMPLATE
            self._add_targets(order.targets, is_slow=is_slow)
            if not is_slow:  # after the stranger's clone the portal's would be accepted
                self._take(order, [target for target in order.targets if target.is_taken])

    def put_faults(self) -> None:
        """Let calls go wrong from now on, in these ways alone."""
        self.sandbox.clear_faults()
        for number, (fault, done, share) in enumerate(FAULTS):
            self.sandbox.fault(fault, done=done, rate=share, times=None, seed=self._seed * 100 + number)

    def launch(self, order: PlannedOrder) -> None:
        """Order a batch as a person does. Who is told that the database is away tries again."""
        wanted = Order(
            self._templates[order.template],
            [target.store_id for target in order.targets],
            CloneScope(order.scope),
            clone_demo_catalog=order.demo,
        )
        patiently(lambda: start_batch(wanted))

    def let_slow_clones_end(self) -> None:
        """End the clones that could be accepted twice: once the portal holds their ticket, or after SLOW_SECONDS.

        Not before their time, so that they are seen at work; a stranger's once the portal knows that one is there.
        """
        running = [clone for clone in self.sandbox.log() if clone.finished_at is None and clone.target in self._slow]
        tickets = [clone.ticket for clone in running]
        known = set(CloneJob.objects.filter(ticket__in=tickets).values_list("ticket", flat=True))
        met = set(
            CloneJob.objects.filter(
                target__store_id__in=[clone.target for clone in running], error_code=BUSY
            ).values_list("target__store_id", flat=True)
        )
        for clone in running:
            flags, age = self._slow[clone.target].flags, time.time() - clone.accepted_at
            is_met = clone.ticket in known or (clone.ticket in self.strangers and clone.target in met)
            if age > SLOW_SECONDS or (is_met and age > flags["queued_seconds"] + flags["clone_seconds"]):
                message = flags.get("fails_with", "")
                self.sandbox.finish(clone.ticket, "FAILED" if message else "COMPLETED", message)

    def _add_targets(self, targets: tuple[Target, ...], *, is_slow: bool) -> None:
        for target in targets:
            if target.exists:
                number = int(target.store_id)
                stays = {"stays_in": "IN_PROGRESS"} if is_slow or target.is_taken else {}
                self.sandbox.add_store(number, **target.flags, **stays)
            if is_slow or target.is_taken:
                self._slow[target.store_id] = target

    def _take(self, order: PlannedOrder, targets: list[Target]) -> None:
        """Clone into these targets of an order, as another program of the same application would: the same clone."""
        how = {"scope": order.scope} if order.scope != CloneScope.ALL else {}
        if order.demo:
            how["cloneDemoCatalog"] = "true"
        with Api(self.sandbox) as stranger:
            for target in targets:
                answer = stranger.start(TEMPLATES[order.template].id, target.store_id, **how)
                self.strangers.add(answer.json()["ticket"])
