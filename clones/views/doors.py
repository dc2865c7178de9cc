"""Who may come in: what a view asks for above its first line."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from clones.permissions import Capability, may, role_for

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], R]


class ClosedDoorError(PermissionDenied):
    """The person is known, and may not; the text, which the 403 page shows, names what is missing."""


class MissingRoleError(ClosedDoorError):
    """It is a role that is missing."""

    def __init__(self, capability: Capability) -> None:
        super().__init__(f"You may not {capability}: that takes the role “{role_for(capability)}”.")


def needs(capability: Capability) -> Callable[[View[P, R]], View[P, R]]:
    """Let in who may do this; everybody else gets the 403 page, before anything is looked up."""

    def decorate(view: View[P, R]) -> View[P, R]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R:
            if not may(request.user, capability):
                raise MissingRoleError(capability)
            return view(request, *args, **kwargs)

        return cast("View[P, R]", guarded)  # wraps() forgets that the first parameter goes by position

    return decorate
