#!/usr/bin/env python3
"""Django's command line. The sandbox is a project of its own, with its own settings and database."""

import os
import sys


def is_for_the_sandbox(arguments: list[str]) -> bool:
    """Tell whether `arguments`, as typed after `manage.py`, ask for the sandbox or for help about it."""
    return arguments[:1] == ["sandbox"] or arguments[:2] == ["help", "sandbox"]


if __name__ == "__main__":
    if is_for_the_sandbox(sys.argv[1:]):
        os.environ["DJANGO_SETTINGS_MODULE"] = "clones.sandbox.settings"
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reseller_portal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
