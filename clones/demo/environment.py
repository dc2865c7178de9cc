"""What a demo sees of the environment: a folder of its own, and nothing that a real portal here is set up with.

Knows no Django: `manage.py` calls it before the settings are read.
"""

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
FOLDER_NAME: Final = "demo"
ENTERED: Final = "PORTAL_DEMO"  # names the folder for which `enter` has changed the environment
PARENT: Final = os.getppid()  # looked at before anything that takes time: it may end at any moment

# All of docs/settings.md but LOG_LEVEL and TIME_ZONE, and what gunicorn and django-q2 read by themselves.
FORGOTTEN: Final = (
    "ALLOWED_HOSTS",
    "BASE_URL",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_URL",
    "DEBUG",
    "DEFAULT_FROM_EMAIL",
    "DJANGO_SETTINGS_MODULE",
    "EMAIL_URL",
    "ENCRYPTION_KEYS",
    "GUNICORN_CMD_ARGS",
    "HTTPS",
    "METRICS_TOKEN",
    "PORT",
    "PORTAL_TEST_DATABASE",
    "Q_CLUSTER_NAME",
    "Q_WORKERS",
    "REDIS_URL",
    "RETENTION_DAYS",
    "SECRET_KEY",
    "SESSION_DIR",
    "WEB_CONCURRENCY",
    "WEB_THREADS",
    "WORKER_SILENT_SECONDS",
)


def enter() -> None:
    """Change this process's environment, and so that of its children, to the demo's: `VAR_DIR` is its folder then."""
    for name in FORGOTTEN:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ.pop("VAR_DIR_FILE", None)  # it would win over VAR_DIR
    os.environ["VAR_DIR"] = os.environ[ENTERED] = str(ROOT / os.environ.get("VAR_DIR", "var") / FOLDER_NAME)


def is_entered(folder: Path) -> bool:
    """Tell whether the environment is the demo's, with `folder` as its own: else the data there are somebody else's."""
    return os.environ.get(ENTERED) == str(folder)
