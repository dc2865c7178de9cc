"""The desk that clones Instant Sites, with the token of the store that each goes into."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import requests
from django.db.models import F, QuerySet

from clones.choices import JobStatus, SiteStatus
from clones.ecwid import CredentialsRefused, EcwidError, NoAnswer, SiteClient, SiteCredentials
from clones.ecwid.watch import Fence
from clones.engine import store_keys
from clones.engine.errands import site_rules
from clones.engine.errands.desk import Desk, Work
from clones.engine.errands.sharing import shared_out
from clones.engine.errands.site_rules import Verdict
from clones.lifecycle import Change, advance_many
from clones.models import Connection, SiteClone
from clones.secrets import SecretUnreadableError
from clones.steps import advance_sites

logger = logging.getLogger(__name__)

Made: TypeAlias = "SiteCall | Verdict"  # a call, or why a person is needed instead


@dataclass(frozen=True)
class Answer:
    """What came of it; None: it was cloned. `print_`: what the store's token is known by."""

    error: EcwidError | None
    print_: str


@dataclass(frozen=True)
class SiteCall:
    """A token is asked for, then the clone with it; once more where Ecwid does not take that token after all."""

    client: SiteClient
    template_store_id: str
    draft: bool
    fence: Fence
    print_: str

    def __call__(self) -> Answer:
        """Make the calls. Never raises: every failure is an answer too."""
        try:
            self._clone()
        except EcwidError as error:
            return Answer(error, self.print_)
        except Exception:
            logger.exception("The clone of an Instant Site broke")
            return Answer(NoAnswer("the portal could not read it"), self.print_)
        return Answer(None, self.print_)

    def _clone(self) -> None:
        token = self.client.access_token(fence=self.fence)
        try:
            self.client.clone_site(token, self.template_store_id, draft=self.draft, fence=self.fence)
        except CredentialsRefused:
            token = self.client.access_token(fence=self.fence)  # it may have expired
            self.client.clone_site(token, self.template_store_id, draft=self.draft, fence=self.fence)


class SiteDesk(Desk[SiteClone]):
    """Each request carries its own store's token, so that no budget of the connection's is touched."""

    model = SiteClone

    def due(self, now: datetime) -> QuerySet[SiteClone]:
        """Select those whose clone is completed, over connections that are not stopped."""
        free = self.rows().filter(
            finished_at=None, next_action_at__lte=now, lease_token="", status=SiteStatus.WAITING,
            job__connection__in=Connection.objects.open(now), job__status=JobStatus.COMPLETED,
        )  # fmt: skip
        along = ("job__connection", "job__target", "job__template")
        ready = free.select_related(*along).order_by("next_action_at", "pk")
        return shared_out(self, ready, "job__connection")

    def prepare(self, rows: list[SiteClone], now: datetime) -> list[tuple[SiteClone, Work]]:
        """Write CLONING for those that can be asked for; the others need a person, or wait with all for a day's end."""
        if store_keys.too_many_refused(now):
            _put_off(rows, now)
            return []
        made = [(row, self._make(row)) for row in rows]
        for row, verdict in made:
            if isinstance(verdict, Verdict):
                _write(row, verdict, now)
        calls: list[tuple[SiteClone, Work]] = [(row, call) for row, call in made if isinstance(call, SiteCall)]
        ahead = {"submitted_at": now, "tries": F("tries") + 1}
        advance_sites([row for row, _ in calls], SiteStatus.CLONING, at=now, **ahead)
        return calls

    def _make(self, row: SiteClone) -> Made:
        connection, target = row.job.connection, row.job.target
        if not connection.site_url:
            return site_rules.needs_person(site_rules.NO_ADDRESS)
        if not target.token:
            return site_rules.needs_person(site_rules.KEY_MISSING)
        try:
            token = target.token.reveal()
            client = _client(connection, target.store_id, token, self.caller.session)
        except SecretUnreadableError:
            return site_rules.needs_person(site_rules.UNREADABLE)
        except ValueError as error:
            return site_rules.needs_person(f"The Instant Site waits: {error}")
        print_ = store_keys.site_fingerprint(token)
        return SiteCall(client, row.job.template.store_id, row.draft, self.fence(connection), print_)

    def settle(self, row: SiteClone, result: object, now: datetime) -> None:
        """Write down what came of it."""
        assert isinstance(result, Answer)  # noqa: S101  what SiteCall gives
        if isinstance(result.error, CredentialsRefused):
            store_keys.note_refused(result.print_, now)
        _write(row, site_rules.on_answer(row, result.error, now), now)

    def take_back(self, rows: list[SiteClone], now: datetime) -> None:
        """Let it be asked for again: it overwrites."""
        asked = [row for row in rows if row.status == SiteStatus.CLONING]
        advance_sites(asked, SiteStatus.WAITING, at=now, next_action_at=now)


def _client(connection: Connection, store_id: str, token: str, session: requests.Session) -> SiteClient:
    return SiteClient(SiteCredentials(connection.site_url, store_id, token), session)


def _put_off(rows: list[SiteClone], now: datetime) -> None:
    """Let sites wait, and tell it once in the history of each clone."""
    news = [row.job for row in rows if row.error_message != site_rules.TOO_MANY_REFUSED]
    told = {"error_message": site_rules.TOO_MANY_REFUSED, "version": F("version") + 1}
    SiteClone.objects.filter(pk__in=[row.pk for row in rows]).update(next_action_at=now + site_rules.LOOK_AGAIN, **told)
    changes = [Change(job, JobStatus(job.status), note=site_rules.TOO_MANY_REFUSED) for job in news]
    advance_many(changes, at=now)


def _write(row: SiteClone, verdict: Verdict, now: datetime) -> None:
    """Change the site, and tell it in its clone's history."""
    advance_sites([row], verdict.to, at=now, **verdict.fields)
    status = JobStatus(row.job.status)
    change = Change(row.job, status, note=verdict.note, code=verdict.code, message=verdict.message)
    advance_many([change], at=now)
