"""Connections and template stores, as an administrator sets them up."""

from dataclasses import dataclass

from django.db import transaction

from clones.choices import BlockReason
from clones.ecwid import check_api_url, is_loopback
from clones.models import Connection, TemplateStore
from clones.operations.errors import InvalidRequestError
from clones.operations.store_ids import check_store_id
from clones.secrets import Secret


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

    A new key or address closes the breaker of a refused key, so that waiting jobs go on at once. Raises
    InvalidRequestError.
    """
    name = facts.name.strip()
    if not name or not facts.client_id.strip() or not facts.client_secret:
        message = "A connection needs a name, a client ID and a client secret."
        raise InvalidRequestError(message)
    if facts.rate_limit < 1:
        message = "The rate limit is a number of requests a minute, at least 1."
        raise InvalidRequestError(message)
    api_url = _checked(facts.api_url)
    with transaction.atomic():
        connection = Connection.objects.select_for_update().filter(name=name).first()
        made = connection is None
        connection = connection or Connection(name=name)
        if made or _key_changes(connection, facts, api_url):
            connection.client_secret = Secret.seal(facts.client_secret)
            _close_breaker(connection)
        connection.api_url = api_url
        connection.site_url = _checked(facts.site_url) if facts.site_url else ""
        connection.client_id = facts.client_id.strip()
        connection.rate_limit = facts.rate_limit
        connection.is_sandbox = is_loopback(api_url)
        connection.save()
    return connection, made


def _checked(url: str) -> str:
    try:
        return check_api_url(url)
    except ValueError as error:
        raise InvalidRequestError(str(error)) from None


def _key_changes(connection: Connection, facts: ConnectionFacts, api_url: str) -> bool:
    known = (connection.api_url, connection.client_id, connection.client_secret.reveal())
    return known != (api_url, facts.client_id.strip(), facts.client_secret)


def _close_breaker(connection: Connection) -> None:
    if connection.block_reason == BlockReason.CREDENTIALS:
        connection.blocked_since = connection.blocked_until = None
        connection.block_reason = connection.block_message = ""


def save_template(connection: Connection, store_id: str, name: str, token: str = "") -> tuple[TemplateStore, bool]:
    """Make the template store, or rename it and set its token where one is given; True: it was made.

    An archived one is taken back into use. Raises InvalidRequestError.
    """
    name = name.strip()
    if not name:
        message = "A template store needs a name."
        raise InvalidRequestError(message)
    store_id = check_store_id(store_id)
    with transaction.atomic():
        template = TemplateStore.objects.filter(connection=connection, store_id=store_id).first()
        made = template is None
        template = template or TemplateStore(connection=connection, store_id=store_id)
        template.name = name
        template.archived_at = None
        if token:
            template.token = Secret.seal(token)
        template.save()
    return template, made
