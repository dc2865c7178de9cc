"""How the log is written: a line for each thing that happened. A traceback stands only below an error of the portal."""

import copy
import logging
from typing import Final

VISITORS: Final = "django.security."  # errors that a visitor makes, such as a wrong Host


class LineFormatter(logging.Formatter):
    """Leaves out the tracebacks that Django gives to what it refuses to somebody."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text; the record itself stays as it is, for whoever else reads it."""
        if record.levelno < logging.ERROR or record.name.startswith(VISITORS):
            record = copy.copy(record)
            record.exc_info = record.exc_text = None
        return super().format(record)
