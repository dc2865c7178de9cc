"""A mail server on this machine, over real SMTP, that does what a test wants of it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.processes import free_port
from tests.waiting import PATIENCE_SECONDS


@dataclass
class Behaviour:
    """What the server answers: "" takes the mail; "hang up" takes it and goes; "hold" takes it and never answers."""

    to_recipient: str = ""
    to_data: str = ""
    received: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        del server, session, options
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, or refuse it, or hang up."""
        del session
        if self.to_data.startswith(("4", "5")):
            return self.to_data
        content = cast("bytes", envelope.content)
        self.received.append(message_from_bytes(content, policy=policy.default))
        if self.to_data == "hang up":
            cast("asyncio.Transport", server.transport).abort()
        if self.to_data == "hold":
            await asyncio.Event().wait()
        return "250 OK"


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[int]:
    """Serve on a free port of this machine, which is handed in."""
    controller = Controller(behaviour, hostname="127.0.0.1", port=free_port(), ready_timeout=PATIENCE_SECONDS)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def mail_server(settings: Any, behaviour: Behaviour) -> Iterator[None]:
    """Serve, and point Django's SMTP backend there."""
    with serving(behaviour) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        yield
