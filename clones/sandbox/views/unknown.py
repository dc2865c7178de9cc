"""Every address under /api/v3 that the sandbox does not know: logged, so that a test notices a wrong call."""

from clones.sandbox import contract
from clones.sandbox.answers import Answer, error
from clones.sandbox.api import api_call
from clones.sandbox.calls import Call


@api_call("unknown")
def unknown_call(_: Call) -> Answer:
    """Answer 404."""
    return error(contract.NOT_FOUND, "The sandbox does not know this call")
