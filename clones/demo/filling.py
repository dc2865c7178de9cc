"""The first start: fills the portal's database, by way of the sandbox."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from clones.choices import MailStatus
from clones.demo.draft import begin_draft, launch_running
from clones.demo.history import History
from clones.demo.people import STAFF, add_people
from clones.demo.plan import RUNNING_SECONDS, plan
from clones.demo.sandbox import SandboxControl
from clones.demo.shops import TARGETS
from clones.demo.stores import ask_templates, set_up
from clones.models import BatchMail

Say = Callable[[str], None]


def fill(control: SandboxControl, say: Say, *, small: bool) -> dict[str, str]:
    """Fill a migrated, empty database; return the passwords by user name. What `say` raises ends it."""
    now = timezone.localtime()
    accounts = add_people()
    say(f"Two users, a connection, template stores, {len(TARGETS)} customers' stores")
    connection = set_up(control, now)
    people = User.objects.in_bulk(list(accounts), field_name="username")
    History(connection, people, control, say).play(plan(small=small), now)
    deliver_mails()
    begin_draft(people[STAFF], now)
    say("Reading the template stores, and starting some clones")
    ask_templates(connection, timezone.now())
    for number, seconds in RUNNING_SECONDS.items():
        control.put_store(str(number), TARGETS[str(number)], clone_seconds=seconds)
    launch_running(people[STAFF])
    return accounts


def deliver_mails() -> None:
    """Count the mails about batches of the past as sent when those ended: the worker would print them all now."""
    BatchMail.objects.update(state=MailStatus.SENT, sent_at=F("created_at"), next_action_at=None)
