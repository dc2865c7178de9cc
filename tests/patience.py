"""An application without anything but patience, for tests/patient_settings.py."""

import os
from unittest import mock

from django.apps import AppConfig

from clones.ecwid import Timeouts

SECONDS = 600.0  # only a broken test waits so long
TO_GO_SECONDS = 15.0  # after what is in the air: then the watchdog kills what does not end by itself
GIVES_UP = "TEST_GIVES_UP_SECONDS"  # a variable: how long a worker that is told to stop waits for what is in the air


class Patience(AppConfig):
    """Lengthens, in whatever process it is started, each wait after which an answer counts as lost."""

    name = "tests.patience"

    def ready(self) -> None:
        """Put the long waits in the place of the portal's."""
        from clones.engine import tick, watchdog  # noqa: PLC0415  they need the models, which come after this

        mock.patch.object(Timeouts, "__init__", _wait_long).start()
        gives_up = float(os.environ.get(GIVES_UP, SECONDS / 2))
        mock.patch.object(tick, "STOP_SECONDS", gives_up).start()
        mock.patch.object(watchdog, "STOP_GRACE_SECONDS", gives_up + TO_GO_SECONDS).start()


def _wait_long(timeouts: object, **_: float) -> None:
    for name in ("connect", "read", "total"):
        object.__setattr__(timeouts, name, SECONDS)  # its instances are frozen
