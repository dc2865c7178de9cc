"""Signing in."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User

from clones.permissions import with_roles


class PortalBackend(ModelBackend):
    """Django's own accounts, read together with role and profile: one query a request for who is asking."""

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a session; None: there is none, or none that may sign in."""
        user = with_roles(User.objects.select_related("profile")).filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
