"""What fits into a row's columns."""

from django.core.exceptions import ValidationError
from django.db import models

from clones.operations.errors import InvalidRequestError


def check_columns(row: models.Model) -> None:
    """Refuse what does not fit into its column: SQLite would take it, PostgreSQL would break."""
    try:
        row.clean_fields()
    except ValidationError as error:
        wrong = error.message_dict
        sentences = (f"{name.replace('_', ' ')}: {' '.join(said)}" for name, said in wrong.items())
        raise InvalidRequestError(" ".join(sentences), next(iter(wrong))) from None
