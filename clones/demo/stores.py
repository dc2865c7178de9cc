"""What the demo's portal and sandbox hold before the first clone: connection, templates, customers' stores."""

from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User

from clones.demo.sandbox import CLIENT_ID, CLIENT_SECRET, SandboxControl, store_token
from clones.demo.shops import TARGETS, TEMPLATES
from clones.models import Connection, TargetStore, TemplateStore
from clones.operations.connections import ConnectionFacts, save_connection
from clones.operations.stores import StoreFacts, change_target, import_targets, save_template
from clones.operations.template_trial import try_template

CONNECTION: Final = "Sandbox"
SET_UP: Final = timedelta(days=28)  # before today: older than all clones


def set_up(control: SandboxControl, now: datetime) -> Connection:
    """Connect to the sandbox, and name all stores on both sides."""
    facts = ConnectionFacts(CONNECTION, control.api_url, CLIENT_ID, CLIENT_SECRET, control.site_url)
    connection, _ = save_connection(facts)
    for store_id, name in TEMPLATES.items():
        save_template(connection, store_id, name, store_token(store_id))
    for target in import_targets(connection, list(TARGETS)).made:
        change_target(target, StoreFacts(TARGETS[target.store_id], store_token(target.store_id)))
        control.put_store(target.store_id, TARGETS[target.store_id])
    _date_back(now - SET_UP)
    return connection


def ask_templates(connection: Connection, now: datetime) -> None:
    """Press "Test" on each template: its page then shows what the store says of itself."""
    for template in connection.templates.all():
        try_template(template, now)


def _date_back(at: datetime) -> None:
    """Have everything added before the first clone."""
    for model in (Connection, TemplateStore, TargetStore):
        model.objects.update(created_at=at)
    User.objects.update(date_joined=at)
