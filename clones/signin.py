"""Signing in."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User

from clones.permissions import with_roles

_PEOPLE = with_roles(User.objects.select_related("profile"))  # made once: that takes longer than the answer


class PortalBackend(ModelBackend):
    """Django's own accounts, read together with role and profile: one query a request for who is asking."""

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a session; None: there is none, or none that may sign in."""
        found = (user for user in _PEOPLE.filter(pk=user_id) if self.user_can_authenticate(user))
        return next(found, None)
