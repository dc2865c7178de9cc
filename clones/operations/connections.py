"""Connections and template stores, as an administrator sets them up."""

from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from clones.choices import BlockReason
from clones.ecwid import check_api_url, is_loopback
from clones.models import Connection, TemplateStore
from clones.operations.errors import InvalidRequestError
from clones.operations.names import check_name
from clones.operations.store_ids import check_store_id
from clones.secrets import Secret

MOST_REQUESTS: Final = 1_000_000  # a minute; far above any limit of Ecwid's, well within the column


@dataclass(frozen=True)
class ConnectionFacts:
    """What a connection is made from. The secret is plain here and nowhere else."""

    name: str
    api_url: str
    client_id: str
    client_secret: str
    site_url: str = ""
    rate_limit: int = 600

    def __repr__(self) -> str:
        return f"ConnectionFacts({self.name!r}, {self.api_url!r})"


def save_connection(facts: ConnectionFacts) -> tuple[Connection, bool]:
    """Make the connection of that name, or change it to `facts`; True: it was made. Saying the same again is harmless.

    Where the key was refused, the next request tries it again at once. Raises InvalidRequestError.
    """
    _check(facts)
    name, api_url = facts.name.strip(), _checked(facts.api_url)
    with transaction.atomic():
        connection = Connection.objects.select_for_update(no_key=True).filter(name=name).first()
        made = connection is None
        connection = connection or Connection(name=name)
        _check_application(connection, api_url, facts.client_id.strip())
        _allow_a_probe(connection)
        connection.api_url = api_url
        connection.site_url = _checked(facts.site_url) if facts.site_url else ""
        connection.client_id = facts.client_id.strip()
        connection.client_secret = Secret.seal(facts.client_secret.strip())
        connection.rate_limit = facts.rate_limit
        connection.is_sandbox = is_loopback(api_url)
        _check_columns(connection)
        connection.save()
    return connection, made


def _check(facts: ConnectionFacts) -> None:
    check_name(facts.name.strip())
    key = (facts.client_id.strip(), facts.client_secret.strip())
    if not facts.name.strip() or not all(key):
        message = "A connection needs a name, a client ID and a client secret."
        raise InvalidRequestError(message)
    if not all(part.isascii() and part.isprintable() for part in key):
        message = "Client ID and client secret are plain letters, digits and signs: copy them from Ecwid once more."
        raise InvalidRequestError(message)
    if not 1 <= facts.rate_limit <= MOST_REQUESTS:
        message = f"The rate limit is a number of requests a minute, from 1 to {MOST_REQUESTS:,}."
        raise InvalidRequestError(message)


def _check_columns(row: Connection | TemplateStore) -> None:
    """Refuse what does not fit into its column: SQLite would take it, PostgreSQL would break."""
    try:
        row.clean_fields()
    except ValidationError as error:
        sentences = (f"{name.replace('_', ' ')}: {' '.join(said)}" for name, said in error.message_dict.items())
        raise InvalidRequestError(" ".join(sentences)) from None


def _checked(url: str) -> str:
    try:
        return check_api_url(url)
    except ValueError as error:
        raise InvalidRequestError(str(error)) from None


def _check_application(connection: Connection, api_url: str, client_id: str) -> None:
    """Refuse a second connection for one application: it would have a second budget for the same limit."""
    others = Connection.objects.filter(api_url=api_url, client_id=client_id).exclude(pk=connection.pk)
    for other in others[:1]:
        message = f"Connection “{other}” uses this application already, and one application has one: change that one."
        raise InvalidRequestError(message)


def _allow_a_probe(connection: Connection) -> None:
    """Let one request try a refused key now: the key, or its scopes at Ecwid, may have been put right."""
    if connection.block_reason == BlockReason.CREDENTIALS:
        connection.blocked_until = timezone.now()


def save_template(connection: Connection, store_id: str, name: str, token: str = "") -> tuple[TemplateStore, bool]:
    """Make the template store, or rename it and set its token where one is given; True: it was made.

    An archived one is taken back into use. Raises InvalidRequestError.
    """
    name = name.strip()
    if not name:
        message = "A template store needs a name."
        raise InvalidRequestError(message)
    check_name(name)
    store_id = check_store_id(store_id)
    with transaction.atomic():
        template = TemplateStore.objects.filter(connection=connection, store_id=store_id).first()
        made = template is None
        template = template or TemplateStore(connection=connection, store_id=store_id)
        template.name = name
        template.archived_at = None
        if token:
            template.token = Secret.seal(token)
        _check_columns(template)
        template.save()
    return template, made
