"""Django's settings for the sandbox alone: one application, one database file, no middleware."""

import logging
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent

DEBUG = False
SECRET_KEY = "the sandbox signs nothing"  # noqa: S105  Django insists on one; no session, no cookie, no token uses it
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["clones.sandbox"]
ROOT_URLCONF = "clones.sandbox.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SANDBOX_DATABASE", str(BASE_DIR / "var" / "sandbox.sqlite3")),
        "CONN_MAX_AGE": None,  # a connection lives as long as the thread that serves one client
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}


def _is_crash(record: logging.LogRecord) -> bool:
    """Tell a bug in the sandbox from an error that it answers on purpose: only the bug has a traceback."""
    return record.exc_info is not None


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"crashes": {"()": "django.utils.log.CallbackFilter", "callback": _is_crash}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler"},
        "crashes": {"class": "logging.StreamHandler", "filters": ["crashes"]},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django.request": {"handlers": ["crashes"], "propagate": False}},
}
