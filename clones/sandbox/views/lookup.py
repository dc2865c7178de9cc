"""Look a store up by its owner's e-mail: `/api/v3/stores`, section 5 of the contract."""

from django.http import HttpRequest, HttpResponseBase

from clones.sandbox import contract
from clones.sandbox.answers import Answer, error, said
from clones.sandbox.api import api_call
from clones.sandbox.calls import Call
from clones.sandbox.models import Store
from clones.sandbox.views.unknown import unknown_call


def stores(request: HttpRequest) -> HttpResponseBase:
    """Answer the look-up; the sandbox knows no other call of this address."""
    return (store_lookup if request.method == "GET" else unknown_call)(request)


@api_call("store_lookup")
def store_lookup(call: Call) -> Answer:
    """Answer an empty object where a store has that e-mail, else 404."""
    call.application()
    if Store.objects.filter(owner_email__iexact=call.required("email")).exists():
        return said({})
    return error(contract.NOT_FOUND, "No store has that e-mail")
