"""The faults that a store has of its own: they survive a restart, and count down in the database."""

from clones.sandbox.calls import Call
from clones.sandbox.database import writing
from clones.sandbox.faults import Fault, FaultSpec
from clones.sandbox.models import Store
from clones.sandbox.typed import typed


def take_standing(call: Call) -> Fault | None:
    """Return the fault that the call's store has in its way, counted down; None where it has none."""
    if not call.has_faults:
        return None
    with writing():
        store = Store.objects.only("faults").get(pk=int(call.target))
        faults = [Fault.of(checked(facts)) for facts in store.faults]
        struck = next((fault for fault in faults if fault.strikes(call.name, call.target, call.ticket)), None)
        left = [facts | {"times": one.left, "skip": one.skip} for facts, one in zip(store.faults, faults, strict=True)]
        if left != store.faults:
            store.faults = left
            store.save(update_fields=["faults"])
    return struck


def checked(facts: dict[str, object]) -> FaultSpec:
    """Return one entry of `StoreSpec.faults`. ValueError: it makes no sense."""
    spec = typed(facts, FaultSpec)
    spec.check()
    return spec
