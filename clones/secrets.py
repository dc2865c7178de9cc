"""Secrets at rest: encrypted in the database, never shown by accident."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class SecretUnreadableError(Exception):
    """None of ENCRYPTION_KEYS decrypts the stored secret."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class Secret:
    """An encrypted text. Printing, logging or rendering it shows dots; only `reveal()` decrypts."""

    __slots__ = ("ciphertext",)

    def __init__(self, ciphertext: str = "") -> None:
        self.ciphertext = ciphertext

    @classmethod
    def seal(cls, plain: str) -> "Secret":
        """Encrypt `plain` with the first of ENCRYPTION_KEYS; an empty text stays an empty secret."""
        return cls(_fernet(tuple(settings.ENCRYPTION_KEYS)).encrypt(plain.encode()).decode() if plain else "")

    def reveal(self) -> str:
        """Decrypt with whichever key fits. Raises SecretUnreadableError."""
        if not self.ciphertext:
            return ""
        try:
            return _fernet(tuple(settings.ENCRYPTION_KEYS)).decrypt(self.ciphertext.encode()).decode()
        except InvalidToken:
            message = (
                "A stored secret cannot be read with the present ENCRYPTION_KEYS. Put back the key that it was stored "
                "with (var/keys/encryption_key where none was set), or store the secret again."
            )
            raise SecretUnreadableError(message) from None

    def is_current(self) -> bool:
        """Tell whether it needs no other than the first of ENCRYPTION_KEYS."""
        try:
            _fernet(tuple(settings.ENCRYPTION_KEYS[:1])).decrypt(self.ciphertext.encode())
        except InvalidToken:
            return not self.ciphertext
        return True

    def sealed_anew(self) -> "Secret":
        """Return the same text encrypted with the first of ENCRYPTION_KEYS. Raises SecretUnreadableError."""
        return Secret.seal(self.reveal())

    def __bool__(self) -> bool:
        return bool(self.ciphertext)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.ciphertext == other.ciphertext

    def __hash__(self) -> int:
        return hash(self.ciphertext)

    def __repr__(self) -> str:
        return "••••••••" if self else ""


class SecretField(models.TextField):  # type: ignore[type-arg]  # the stubs want two parameters, Django takes none
    """A text column whose values are `Secret`. A plain text is refused, so that none is stored by mistake."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"blank": True, "default": Secret, "editable": False, **options})

    def from_db_value(self, value: str, *_: object) -> Secret:
        """Wrap the stored ciphertext."""
        return Secret(value)

    def to_python(self, value: object) -> Secret:
        """Accept a Secret, or the ciphertext as serialised by `value_to_string`."""
        return value if isinstance(value, Secret) else Secret(str(value or ""))

    def get_prep_value(self, value: object) -> str:
        """Give the ciphertext to the database. Raises TypeError for anything that is not a Secret."""
        if not isinstance(value, Secret):
            message = "A secret column takes Secret.seal(text), not a text."
            raise TypeError(message)
        return value.ciphertext

    def value_to_string(self, obj: models.Model) -> str:
        """Serialise (dumpdata) as ciphertext."""
        secret: Secret = self.value_from_object(obj)
        return secret.ciphertext
