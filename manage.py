#!/usr/bin/env python3
"""Django's command line. The sandbox is a project of its own, with its own settings and database."""

import os
import sys

from clones.demo.environment import enter as enter_demo

BROKEN_PIPE = 128 + 13  # what a shell says of a program that SIGPIPE ended


def is_for_the_sandbox(arguments: list[str]) -> bool:
    """Tell whether `arguments`, as typed after `manage.py`, ask for the sandbox or for help about it."""
    return arguments[:1] == ["sandbox"] or arguments[:2] == ["help", "sandbox"]


def main() -> None:
    """Run the command; what an operator can put right is said in a sentence, without a traceback."""
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db import OperationalError
    except ImportError:
        sys.exit("Django is not installed here. Run make install first, then: . .venv/bin/activate")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")
    except OperationalError as error:
        # No word about what was done: a command that only waits for clones has launched them already.
        sys.exit(f"The database does not do what was asked: {str(error).strip()}. Try again when it does.")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter complains once more
        sys.exit(BROKEN_PIPE)


if __name__ == "__main__":
    if is_for_the_sandbox(sys.argv[1:]):
        os.environ["DJANGO_SETTINGS_MODULE"] = "clones.sandbox.settings"
    else:
        if sys.argv[1:2] == ["demo"]:
            enter_demo()
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reseller_portal.settings")
    main()
