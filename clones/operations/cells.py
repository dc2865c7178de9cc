"""One cell of a target's row at a time: what it says, or a sentence about what is wrong with it."""

import re
import unicodedata
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from clones.choices import CloneScope, SiteChoice
from clones.operations.errors import InvalidRequestError
from clones.operations.names import check_name
from clones.operations.spoiled_ids import spoiled
from clones.operations.store_ids import check_store_id, shortened
from clones.secrets import Secret, SecretUnreadableError

LONGEST_NAME: Final = 200
LONGEST_TOKEN: Final = 200
HIDDEN: Final = "secret_…"
# Ecwid's tokens have 32 letters and digits behind their first word. What is much shorter, or a few words with
# underscores between them, is somebody's label.
_SECRET: Final = re.compile(r"secret_(?:sandbox_|[a-z0-9]{16}|[\w-]{24})[\w-]*", re.IGNORECASE | re.ASCII)
_LONGEST_EMAIL: Final = 254
_TOKEN: Final = re.compile(r"[!-~]*")
_YES: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def mask_tokens(text: str) -> str:
    """Return the text with a mark where an access token stands in it, as in a column that is none for tokens."""
    return _SECRET.sub(HIDDEN, text)


def refuse_token(text: str) -> None:
    """Refuse a text with an access token in it, without repeating it."""
    if HIDDEN in mask_tokens(text):
        raise InvalidRequestError("An access token stands here: write it into access_token, and nowhere else.")


def store_id_in(text: str) -> str:
    """Return the store ID. Raises InvalidRequestError, as all here."""
    said = spoiled(text.strip())
    if said:
        raise InvalidRequestError(said)
    return check_store_id(text)


def email_in(text: str) -> str:
    """Return the e-mail address in lower case.

    Refused is also what only looks like another one, by a sign that cannot be seen: it would get a second store.
    """
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        email = ""
    is_plain = email.isprintable() and unicodedata.is_normalized("NFKC", email)
    if not email or not is_plain or len(email) > _LONGEST_EMAIL:
        message = f"{shortened(text)} is not an e-mail address: write it like name@example.com."
        raise InvalidRequestError(message)
    return email


def name_in(text: str, what: str) -> str:
    """Return one line of text; `what` begins the sentence: "The label"."""
    name = text.strip()
    check_name(name, what)
    if len(name) > LONGEST_NAME:
        message = f"{what} has {len(name):,} characters: shorten it to at most {LONGEST_NAME}."
        raise InvalidRequestError(message)
    return name


def scope_in(text: str, default: CloneScope) -> CloneScope:
    """Return the scope; an empty text means `default`."""
    word = re.sub(r"[\s-]+", "_", text.strip()).upper()
    if not word:
        return default
    if word not in CloneScope.values:
        *others, last = CloneScope.values
        message = f"{shortened(text)} is no scope: write {', '.join(others)} or {last}, or leave it empty."
        raise InvalidRequestError(message)
    return CloneScope(word)


def choice_in(text: str, *, default: bool) -> bool:
    """Return yes or no; an empty text means `default`."""
    word = text.strip().lower()
    if word and word not in _YES:
        raise InvalidRequestError(f"{shortened(text)} is neither yes nor no: write one of them, or leave it empty.")
    return _YES.get(word, default)


def site_in(text: str) -> SiteChoice:
    """Return what becomes of the Instant Site; an empty text means no."""
    word = text.strip().lower() or SiteChoice.NO.value
    if word not in SiteChoice.values:
        *others, last = SiteChoice.values
        message = f"{shortened(text)} is no choice for the Instant Site: write {', '.join(others)} or {last}."
        raise InvalidRequestError(message)
    return SiteChoice(word)


def check_token(token: Secret) -> None:
    """Refuse what cannot be a token, without repeating it."""
    try:
        text = token.reveal()
    except SecretUnreadableError:
        raise InvalidRequestError("The token cannot be read any more: enter it again.") from None
    if len(text) > LONGEST_TOKEN or not _TOKEN.fullmatch(text):
        message = (
            "This is not an access token: it has a blank, a sign that no token has, or more than "
            f"{LONGEST_TOKEN} characters. Copy it from Ecwid once more."
        )
        raise InvalidRequestError(message)
