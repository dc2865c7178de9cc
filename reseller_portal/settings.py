"""Django's settings, from the environment. `docs/settings.md` tells what each variable means."""

from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from clones.databases import is_sqlite, set_up
from reseller_portal.environment import Environment
from reseller_portal.keys import local_keys
from reseller_portal.redis import with_limits

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

VAR_DIR = BASE_DIR / (env.str("VAR_DIR", default="") or "var")  # empty, it would be the source itself

DEBUG = env.bool("DEBUG")
HTTPS = env.bool("HTTPS")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", LOG_LEVELS, f"one of {', '.join(LOG_LEVELS)}")

# Database ------------------------------------------------------------------------------------------------------------

VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
DATABASES: dict[str, dict[str, Any]] = {
    "default": set_up(env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'portal.sqlite3'}"))
}
if not DATABASES["default"]:
    message = "DATABASE_URL is no address of a database. Write it like postgres://user:password@host:5432/portal"
    raise ImproperlyConfigured(message)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ON_SQLITE = is_sqlite(DATABASES["default"])
if ON_SQLITE:
    # A file, because a worker process cannot see a database that lives in this process's memory.
    DATABASES["default"]["TEST"] = {"NAME": env.str("PORTAL_TEST_DATABASE", default=str(VAR_DIR / "test.sqlite3"))}

# Keys ----------------------------------------------------------------------------------------------------------------

SECRET_KEY: str = env.ENVIRON.get("SECRET_KEY", "")  # as it stands: the reader takes a "$" for a variable's name
ENCRYPTION_KEYS: list[str] = env.list("ENCRYPTION_KEYS", default=[])
if not (SECRET_KEY and ENCRYPTION_KEYS):
    if not ON_SQLITE:
        message = (
            "SECRET_KEY and ENCRYPTION_KEYS must be set when DATABASE_URL is not SQLite: every machine needs the same "
            "keys. Put them into the environment, or name files in SECRET_KEY_FILE and ENCRYPTION_KEYS_FILE."
        )
        raise ImproperlyConfigured(message)
    _own = local_keys(VAR_DIR / "keys")
    SECRET_KEY = SECRET_KEY or _own.secret_key
    ENCRYPTION_KEYS = ENCRYPTION_KEYS or [_own.encryption_key]
try:
    for _key in ENCRYPTION_KEYS:
        Fernet(_key)
except ValueError:
    message = (
        "ENCRYPTION_KEYS holds a key that is not a Fernet key (32 bytes, url-safe base64). Make one with: "
        'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
    )
    raise ImproperlyConfigured(message) from None

# Applications --------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "reseller_portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # the widgets' own templates, which PortalRenderer looks for beside ours
    "csp",
    "django_filters",
    "django_htmx",
    "heroicons",
    "django_q",
    "clones",
]
MIDDLEWARE = [
    # Before the two that answer by themselves (the way to HTTPS, static files): their answers carry headers too.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clones.middleware.NotStoredMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "clones.middleware.LoginRequiredMiddleware",
    "clones.middleware.PersonalZoneMiddleware",
    "clones.middleware.PageSizeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "reseller_portal.urls"
WSGI_APPLICATION = "reseller_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clones.views.navigation.navigation",
            ],
            # Not an installed app: that would load the library, and psycopg with it, into every process of a worker.
            "libraries": {"django_tables2": "django_tables2.templatetags.django_tables2"},
        },
    },
]

# Security ------------------------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # monitors inside the network speak plain http
METRICS_TOKEN: str = env.ENVIRON.get("METRICS_TOKEN", "")  # what a scraper shows; empty: there is no /metrics
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Tabler draws its arrows and ticks from data: addresses
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "clones.views.errors.csrf_failure"
AUTHENTICATION_BACKENDS = ["clones.signin.PortalBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "clones:dashboard"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# Language, time, files -----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = env.choice("TIME_ZONE", "UTC", available_timezones(), "the name of a time zone, such as Europe/Berlin")
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static", ("pictures", BASE_DIR / "docs" / "pictures")]  # pictures: what Help shows
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FORM_RENDERER = "clones.forms.renderer.PortalRenderer"
DJANGO_TABLES2_TEMPLATE = "components/table.html"

# Mail ----------------------------------------------------------------------------------------------------------------

BASE_URL = env.str("BASE_URL", default="").rstrip("/")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="reseller-portal@localhost")
EMAIL_TIMEOUT = 20  # seconds; a silent mail server must not hold a thread for ever
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))

# Queue and worker ----------------------------------------------------------------------------------------------------

REDIS_URL = with_limits(env.str("REDIS_URL", default=""))
_redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
_spare_redis = {"BACKEND": "reseller_portal.redis.SpareRedisCache", "LOCATION": REDIS_URL}
_session_copies = {"BACKEND": "reseller_portal.redis.SessionCopies", "LOCATION": REDIS_URL}
_file = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(VAR_DIR / "mark")}
CACHES: dict[str, dict[str, Any]] = {
    "default": _spare_redis if REDIS_URL else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "mark": _redis if REDIS_URL else _file,  # for `engine.mark`: outside of the database, and kept over a restart
}
Q_WORKERS = env.int("Q_WORKERS", default=2)
if Q_WORKERS < 2:  # noqa: PLR2004
    message = "Q_WORKERS must be at least 2: one process starts to talk to Ecwid while another waits for last answers."
    raise ImproperlyConfigured(message)
# Sessions where they cost no query of the database and every process sees them; a page asks every other second.
if REDIS_URL:
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    SESSION_CACHE_ALIAS = "sessions"
    CACHES["sessions"] = _session_copies
elif ON_SQLITE:
    SESSION_ENGINE = "django.contrib.sessions.backends.file"
    SESSION_FILE_PATH = env.str("SESSION_DIR", default=str(VAR_DIR / "sessions"))
    Path(SESSION_FILE_PATH).mkdir(mode=0o700, exist_ok=True)
# django-q2 ends a tick that runs longer. The engine leaves long before, unless it holds answers that the database does
# not take, or Redis is away and with it every way to start another; that a worker stands still shows by its beat.
TICK_TIMEOUT_SECONDS = 3600
# docs/decisions/0003-django-q2.md tells what each of these prevents.
Q_CLUSTER: dict[str, Any] = {
    "name": "portal",
    "ALT_CLUSTERS": {},  # every worker listens to a queue of its own, named by Q_CLUSTER_NAME
    "workers": Q_WORKERS,
    "queue_limit": Q_WORKERS,
    "timeout": TICK_TIMEOUT_SECONDS,
    "retry": 2 * TICK_TIMEOUT_SECONDS + 30,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "save_limit": -1,
    "guard_cycle": 0.5,
    "label": "Queue",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}
RETENTION_DAYS = env.int("RETENTION_DAYS", default=0) if env.str("RETENTION_DAYS", default="") else 0
if RETENTION_DAYS and not 30 <= RETENTION_DAYS <= 36_500:  # noqa: PLR2004
    message = (
        "RETENTION_DAYS must be from 30 to 36500, after which batches are thrown away; empty: they are kept for good."
    )
    raise ImproperlyConfigured(message)
WORKER_SILENT_SECONDS = env.int("WORKER_SILENT_SECONDS", default=15)  # a beat older than this: the worker is gone
LEASE_SECONDS = 2 * WORKER_SILENT_SECONDS

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "reseller_portal.log.LineFormatter",
            "format": "{asctime} {levelname:<7} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # One line a bell, several bells a minute: noise at INFO.
        "django-q": {"level": "WARNING" if LOG_LEVEL == "INFO" else LOG_LEVEL},
        # Its DEBUG lines show whole addresses, and one of Ecwid's carries a token.
        "urllib3": {"level": "INFO"},
        # Warns of every HEAD, which Django answers as it answers a GET and gunicorn sends without the body.
        "gunicorn.http.wsgi": {"level": "ERROR"},
    },
}
