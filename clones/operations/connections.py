"""Connections, as an administrator sets them up, pauses, resumes and deletes them."""

import logging
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from clones.choices import BlockReason
from clones.ecwid import ECWIDS_API, ECWIDS_SITES, check_api_url, is_loopback
from clones.engine import bell
from clones.models import Connection
from clones.operations.columns import check_columns
from clones.operations.errors import InvalidRequestError, about
from clones.operations.keys import check_key
from clones.operations.names import check_name
from clones.secrets import Secret

logger = logging.getLogger(__name__)

NEEDED: Final = "A connection needs a name, a client ID and a client secret."
MOST_REQUESTS: Final = 1_000_000  # a minute; far above any limit of Ecwid's, well within the column


@dataclass(frozen=True)
class ConnectionFacts:
    """What a connection is to be. The secret is plain here and nowhere else; an empty one keeps what is stored.

    `site_url`: None is Ecwid's own where `api_url` is, and keeps what is stored while that stays; "" is none.
    """

    name: str
    api_url: str
    client_id: str
    client_secret: str = field(repr=False)
    site_url: str | None = None
    rate_limit: int = 600


def save_connection(facts: ConnectionFacts) -> tuple[Connection, bool]:
    """Make the connection of that name, or change it to `facts`; True: it was made. Saying the same again is harmless.

    Where the key was refused, the next request tries it again at once. Raises InvalidRequestError.
    """
    name = _name(facts)
    with transaction.atomic():
        found = Connection.objects.select_for_update(no_key=True).filter(name=name).first()
        return _write(found or Connection(), facts), found is None


def make_connection(facts: ConnectionFacts) -> Connection:
    """Make a connection. Raises InvalidRequestError, also where there is one of that name."""
    with transaction.atomic():
        return _write(Connection(), facts)


def change_connection(connection: Connection, facts: ConnectionFacts) -> Connection:
    """Change this connection, its name included, and return it as it is now. Raises InvalidRequestError.

    Where the key was refused, the next request tries it again at once.
    """
    with transaction.atomic():
        return _write(_locked(connection), facts)


def move_sandbox(connection: Connection, api_url: str, site_url: str) -> Connection:
    """Tell where a sandbox listens since its latest start: the same stores and tickets, another port of this machine.

    Returns the connection as it is now. Raises InvalidRequestError where an old or new address is elsewhere.
    """
    new, new_site = _address(api_url, "api_url"), _address(site_url, "site_url")
    with transaction.atomic():
        row = _locked(connection)
        if not (row.is_sandbox and is_loopback(new) and is_loopback(new_site)):
            raise InvalidRequestError("Only a sandbox moves, and only on this machine.", "api_url")
        _check_application(row, new, row.client_id)
        row.api_url, row.site_url = new, new_site
        row.save(update_fields=["api_url", "site_url"])
    return row


def pause(connection: Connection, user: User | None = None) -> Connection:
    """Stop all traffic of this connection until `resume`; who paused it first stands. Returns it as it is now.

    Clones that run at Ecwid go on there; the portal sees their end after the pause.
    """
    with transaction.atomic():
        row = _locked(connection)
        if row.paused_at is None:
            row.paused_at, row.paused_by = timezone.now(), user
            row.save(update_fields=["paused_at", "paused_by"])
            logger.info("Connection %s was paused by %s", row, user or "a command")
    return row


def resume(connection: Connection, user: User | None = None) -> Connection:
    """End a pause and ring for the workers. Returns the connection as it is now; harmless where it is not paused."""
    with transaction.atomic():
        row = _locked(connection)
        if row.paused_at is not None:
            row.paused_at = row.paused_by = None
            row.save(update_fields=["paused_at", "paused_by"])
            logger.info("Connection %s was resumed by %s", row, user or "a command")
            transaction.on_commit(bell.ring_all)
    return row


def delete_connection(connection: Connection, user: User | None = None) -> None:
    """Delete a connection that no store belongs to. Raises InvalidRequestError for any other."""
    try:
        with transaction.atomic():
            Connection.objects.select_for_update().get(pk=connection.pk).delete()
    except ProtectedError:
        refusal = "Stores belong to this connection: delete those that were never cloned, or pause it instead."
        raise InvalidRequestError(refusal) from None
    logger.info("Connection %s was deleted by %s", connection, user or "a command")


def _locked(connection: Connection) -> Connection:
    return Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)


def _write(connection: Connection, facts: ConnectionFacts) -> Connection:
    """Check and store; `connection` is new, or locked by the caller's transaction."""
    name, api_url = _name(facts), _address(facts.api_url, "api_url")
    site_url = _site_address(connection, api_url, facts.site_url)
    client_id, client_secret = _checked_key(connection, facts)
    _check_name_is_free(connection, name)
    _check_rate_limit(facts.rate_limit)
    _check_move(connection, api_url, client_secret)
    _check_application(connection, api_url, client_id)
    _allow_a_probe(connection)
    connection.name, connection.api_url, connection.site_url = name, api_url, site_url
    connection.client_id, connection.rate_limit = client_id, facts.rate_limit
    if client_secret:
        connection.client_secret = Secret.seal(client_secret)
    connection.is_sandbox = is_loopback(api_url)
    check_columns(connection)
    return _stored(connection)


def _address(url: str, field: str) -> str:
    try:
        return check_api_url(url)
    except ValueError as error:
        raise InvalidRequestError(str(error), field) from None


def _site_address(connection: Connection, api_url: str, told: str | None) -> str:
    """Return the address of the Instant Site API. Never what belonged to another API: tokens go there."""
    if told is not None:
        return _address(told, "site_url") if told else ""
    if connection.api_url == api_url:
        return connection.site_url
    return ECWIDS_SITES if api_url == ECWIDS_API else ""


def _checked_key(connection: Connection, facts: ConnectionFacts) -> tuple[str, str]:
    client_id = check_key(facts.client_id, "The client ID", "client_id")
    client_secret = check_key(facts.client_secret, "The client secret", "client_secret")
    if not client_id:
        raise InvalidRequestError(NEEDED, "client_id")
    if not client_secret and not connection.client_secret:
        raise InvalidRequestError(NEEDED, "client_secret")
    return client_id, client_secret


def _name(facts: ConnectionFacts) -> str:
    """Return a name that a database can be asked for: PostgreSQL breaks over some signs."""
    name = facts.name.strip()
    with about("name"):
        check_name(name)
        if not name:
            raise InvalidRequestError(NEEDED)
    return name


def _check_name_is_free(connection: Connection, name: str) -> None:
    if Connection.objects.filter(name=name).exclude(pk=connection.pk).exists():
        raise InvalidRequestError(f"There is a connection “{name}” already: give this one another name.", "name")


def _check_rate_limit(rate_limit: int) -> None:
    if not 1 <= rate_limit <= MOST_REQUESTS:
        message = f"The rate limit is a number of requests a minute, from 1 to {MOST_REQUESTS:,}."
        raise InvalidRequestError(message, "rate_limit")


def _check_move(connection: Connection, api_url: str, client_secret: str) -> None:
    """Refuse another address where IDs and tickets of the old one are remembered, and never send it the old secret."""
    if connection.pk is None or connection.api_url == api_url:
        return
    if connection.jobs.exists():
        message = "Clones were made over this connection, and their stores and tickets belong to its address: "
        raise InvalidRequestError(f"{message}make a new connection for the other one.", "api_url")
    if not client_secret:
        message = "For another address type the client secret once more: the stored one is for the old address only."
        raise InvalidRequestError(message, "client_secret")


def _check_application(connection: Connection, api_url: str, client_id: str) -> None:
    """Refuse a second connection for one application: it would have a second budget for the same limit."""
    others = Connection.objects.filter(api_url=api_url, client_id=client_id).exclude(pk=connection.pk)
    for other in others[:1]:
        message = f"Connection “{other}” uses this application already, and one application has one: change that one."
        raise InvalidRequestError(message, "client_id")


def _allow_a_probe(connection: Connection) -> None:
    """Let one request try a refused key now: the key, or its scopes at Ecwid, may have been put right."""
    if connection.block_reason == BlockReason.CREDENTIALS:
        connection.blocked_until = timezone.now()


def _stored(connection: Connection) -> Connection:
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError:
        message = "Somebody has just saved a connection with this name or application: look at the list first."
        raise InvalidRequestError(message) from None
    return connection
