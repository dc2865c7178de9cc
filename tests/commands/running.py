"""Running a command inside the test, with what it said and how it ended."""

from dataclasses import dataclass
from io import StringIO

from django.core.management import CommandError, call_command
from django.db.models import Model

from clones.models import Batch, CloneEvent, CloneJob, Connection, EntityMapping, TargetStore, TemplateStore
from clones.secrets import Secret


@dataclass(frozen=True)
class Ended:
    """`err` holds the last sentence too, which Django's command line would print."""

    code: int
    out: str
    err: str


def run(command: str, *arguments: str) -> Ended:
    out, err = StringIO(), StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return Ended(error.returncode, out.getvalue(), f"{err.getvalue()}{error}")
    return Ended(0, out.getvalue(), err.getvalue())


def snapshot() -> dict[str, list[dict[str, object]]]:
    """Return every row that a command could have changed, with secrets in plain: each sealing looks different."""
    models: tuple[type[Model], ...] = (
        Connection,
        TemplateStore,
        TargetStore,
        Batch,
        CloneJob,
        CloneEvent,
        EntityMapping,
    )
    return {model.__name__: [_plain(row) for row in model._default_manager.order_by("pk")] for model in models}


def _plain(row: Model) -> dict[str, object]:
    values = {column.attname: getattr(row, column.attname) for column in row._meta.concrete_fields}
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}
