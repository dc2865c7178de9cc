"""What the environment makes of the settings: read in a process of its own, from a copy of the project."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from reseller_portal.redis import with_limits

ROOT = Path(__file__).resolve().parent.parent
POSTGRESQL = "postgres://portal:sesame@db.example.com:5432/portal"
KEY = Fernet.generate_key().decode()
OTHER_KEY = Fernet.generate_key().decode()
KEYS = {"SECRET_KEY": "from the environment", "ENCRYPTION_KEYS": KEY}
# What a test machine may have set, and what would hide what these tests look at.
OWN_VARIABLES = (
    "SECRET_KEY",
    "ENCRYPTION_KEYS",
    "DATABASE_URL",
    "REDIS_URL",
    "RETENTION_DAYS",
    "HTTPS",
    "DEBUG",
    "LOG_LEVEL",
    "METRICS_TOKEN",
    "TIME_ZONE",
    "VAR_DIR",
    "SESSION_DIR",
)

ONLY_OVER_HTTPS = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")

SHOW = """
import json
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in dir(settings) if name.isupper()}, default=str))
"""
ASK_SQLITE = """
import django, json
django.setup()
from django.db import connection, transaction
with connection.cursor() as cursor:
    facts = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    facts["busy_timeout"] = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
connection.force_debug_cursor = True
with transaction.atomic():
    pass
facts["begin"] = [query["sql"] for query in connection.queries][0]
print(json.dumps(facts))
"""


class Machine:
    """A copy of the project with a `var` of its own, started with an environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("reseller_portal", "clones"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "manage.py", folder)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not is_own(name)}
        environment |= {"DJANGO_SETTINGS_MODULE": "reseller_portal.settings", **variables}
        options: dict[str, Any] = {"cwd": self.folder, "env": environment, "capture_output": True, "text": True}
        return subprocess.run([sys.executable, *arguments], check=False, timeout=120, **options)

    def settings(self, **variables: str) -> dict[str, Any]:
        return self.shown(SHOW, **variables)

    def shown(self, code: str, **variables: str) -> dict[str, Any]:
        ended = self.run("-c", code, **variables)
        assert ended.returncode == 0, ended.stderr
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def refusal(self, **variables: str) -> str:
        """Return the last line of a start that must fail."""
        ended = self.run("manage.py", "check", **variables)
        assert ended.returncode != 0
        return ended.stderr.strip().splitlines()[-1]

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)


def is_own(name: str) -> bool:
    return name.removesuffix("_FILE") in OWN_VARIABLES


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_keys_makes_its_own_and_keeps_them(machine: Machine) -> None:
    first, second = machine.settings(), machine.settings()

    kept = {path.name: path for path in (machine.folder / "var" / "keys").iterdir()}
    assert first["SECRET_KEY"] == second["SECRET_KEY"] == kept["secret_key"].read_text()
    assert first["ENCRYPTION_KEYS"] == second["ENCRYPTION_KEYS"] == [kept["encryption_key"].read_text()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.values()} == {0o600}


def test_nobody_else_on_the_machine_reads_its_database(machine: Machine) -> None:
    machine.settings()

    assert stat.S_IMODE((machine.folder / "var").stat().st_mode) == 0o700


def test_all_that_is_kept_on_a_machine_lies_in_a_folder_of_choice(machine: Machine) -> None:
    elsewhere = machine.folder / "srv" / "portal"

    found = machine.settings(VAR_DIR=str(elsewhere))

    assert found["DATABASES"]["default"]["NAME"] == str(elsewhere / "portal.sqlite3")
    assert {path.name for path in elsewhere.iterdir()} == {"keys", "sessions"}
    assert not (machine.folder / "var").exists()


def test_an_empty_folder_of_choice_is_none(machine: Machine) -> None:
    found = machine.settings(VAR_DIR="")

    assert found["DATABASES"]["default"]["NAME"] == str(machine.folder / "var" / "portal.sqlite3")


def test_keys_of_the_environment_leave_no_file(machine: Machine) -> None:
    found = machine.settings(**KEYS)

    assert (found["SECRET_KEY"], found["ENCRYPTION_KEYS"]) == ("from the environment", [KEY])
    assert not (machine.folder / "var" / "keys").exists()


def test_one_key_of_the_environment_goes_with_one_of_its_own(machine: Machine) -> None:
    found = machine.settings(SECRET_KEY="from the environment")

    assert found["SECRET_KEY"] == "from the environment"
    assert Fernet(found["ENCRYPTION_KEYS"][0])


def test_several_encryption_keys_stay_in_their_order(machine: Machine) -> None:
    found = machine.settings(SECRET_KEY="x", ENCRYPTION_KEYS=f"{OTHER_KEY},{KEY}")

    assert found["ENCRYPTION_KEYS"] == [OTHER_KEY, KEY]


@pytest.mark.parametrize("given", [{}, {"SECRET_KEY": "x"}, {"ENCRYPTION_KEYS": KEY}], ids=["neither", "one", "other"])
def test_postgresql_without_keys_is_refused_in_a_sentence(machine: Machine, given: dict[str, str]) -> None:
    sentence = machine.refusal(DATABASE_URL=POSTGRESQL, **given)

    assert "SECRET_KEY and ENCRYPTION_KEYS must be set when DATABASE_URL is not SQLite" in sentence
    assert "sesame" not in sentence
    assert not (machine.folder / "var" / "keys").exists()


@pytest.mark.parametrize(
    "url",
    [
        POSTGRESQL.replace("postgres:", "postgre:"),
        POSTGRESQL.replace("5432", "port"),
        "sesame",
        "sqlite://sesame.sqlite3",
    ],
    ids=["kind", "port", "a word", "two slashes, which would be a database in memory"],
)
def test_what_is_no_address_of_a_database_is_refused_without_a_word_of_it(machine: Machine, url: str) -> None:
    ended = machine.run("manage.py", "check", DATABASE_URL=url, **KEYS)

    assert ended.stderr.startswith("Settings: DATABASE_URL is no address of a database.")
    assert "sesame" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "value", "must_be"),
    [
        ("HTTPS", "maybe", "on or off"),
        ("DEBUG", "2", "on or off"),
        ("LOG_LEVEL", "LOUD", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("TIME_ZONE", "Europe/Atlantis", "the name of a time zone, such as Europe/Berlin"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(machine: Machine, name: str, value: str, must_be: str) -> None:
    assert machine.refusal(**{name: value}) == f"Settings: {name} must be {must_be}."


@pytest.mark.parametrize(("value", "is_on"), [("on", True), ("True", True), ("1", True), ("OFF", False), ("", False)])
def test_a_switch_can_be_written_in_several_ways(machine: Machine, value: str, *, is_on: bool) -> None:
    assert machine.settings(HTTPS=value)["SECURE_SSL_REDIRECT"] is is_on


def test_a_level_can_be_written_in_any_case(machine: Machine) -> None:
    assert machine.settings(LOG_LEVEL="debug")["LOG_LEVEL"] == "DEBUG"


def test_what_is_no_address_of_a_redis_is_refused_without_a_word_of_it(machine: Machine) -> None:
    ended = machine.run("manage.py", "check", REDIS_URL="sesame:6379")

    assert ended.stderr.startswith("Settings: REDIS_URL is no address of a Redis.")
    assert "sesame" not in ended.stderr


def test_sqlite_keeps_its_connections_for_a_minute(machine: Machine) -> None:
    assert machine.settings()["DATABASES"]["default"]["CONN_MAX_AGE"] == 60


def test_postgresql_with_keys_keeps_its_connections_and_looks_after_them(machine: Machine) -> None:
    database = machine.settings(DATABASE_URL=POSTGRESQL, **KEYS)["DATABASES"]["default"]

    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (600, True)
    assert (database["HOST"], database["NAME"]) == ("db.example.com", "portal")


@pytest.mark.parametrize(
    "bad", ["nonsense", "é" * 44, KEY[:-4], f"{KEY},nonsense"], ids=["a word", "44 signs", "cut", "one of two"]
)
def test_a_bad_encryption_key_is_refused_in_a_sentence_that_does_not_show_it(machine: Machine, bad: str) -> None:
    sentence = machine.refusal(SECRET_KEY="x", ENCRYPTION_KEYS=bad)

    assert "ENCRYPTION_KEYS holds a key that is not a Fernet key" in sentence
    assert bad not in sentence


@pytest.mark.parametrize("end", ["", "\n"], ids=["bare", "with a line end"])
def test_encryption_keys_may_come_from_a_file(machine: Machine, end: str) -> None:
    found = machine.settings(SECRET_KEY="x", ENCRYPTION_KEYS_FILE=machine.file("keys", f"{OTHER_KEY},{KEY}{end}"))

    assert [Fernet(key).extract_timestamp(Fernet(key).encrypt(b"")) > 0 for key in found["ENCRYPTION_KEYS"]] == [
        True
    ] * 2
    assert [key.strip() for key in found["ENCRYPTION_KEYS"]] == [OTHER_KEY, KEY]


@pytest.mark.parametrize("end", ["", "\n"], ids=["bare", "with a line end"])
def test_the_secret_key_may_come_from_a_file(machine: Machine, end: str) -> None:
    found = machine.settings(ENCRYPTION_KEYS=KEY, SECRET_KEY_FILE=machine.file("key", f"from a file{end}"))

    assert found["SECRET_KEY"] == "from a file"


@pytest.mark.parametrize("end", ["", "\n"], ids=["bare", "with a line end"])
def test_the_addresses_of_database_and_redis_may_come_from_files(machine: Machine, end: str) -> None:
    found = machine.settings(
        **KEYS,
        DATABASE_URL_FILE=machine.file("database", f"{POSTGRESQL}{end}"),
        REDIS_URL_FILE=machine.file("redis", f"redis://:sesame@redis.example.com/3{end}"),
    )

    assert (found["DATABASES"]["default"]["PASSWORD"], found["DATABASES"]["default"]["NAME"]) == ("sesame", "portal")
    assert found["CACHES"]["default"]["LOCATION"].startswith("redis://:sesame@redis.example.com/3?socket_")


def test_https_makes_cookies_secure_and_browsers_stay(machine: Machine) -> None:
    found = machine.settings(HTTPS="on")

    assert {found[name] for name in ONLY_OVER_HTTPS} == {True}
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]


def test_without_https_a_browser_can_log_in_over_plain_http(machine: Machine) -> None:
    found = machine.settings()

    assert {found[name] for name in ONLY_OVER_HTTPS} == {False}
    assert found["SECURE_HSTS_SECONDS"] == 0
    assert found["SECURE_PROXY_SSL_HEADER"] is None  # anybody could send that header


@pytest.mark.parametrize("end", ["", "\n"], ids=["bare", "with a line end"])
def test_the_token_of_a_scraper_may_come_from_a_file(machine: Machine, end: str) -> None:
    assert machine.settings(METRICS_TOKEN_FILE=machine.file("token", f"sesame{end}"))["METRICS_TOKEN"] == "sesame"


def test_the_token_of_a_scraper_is_taken_as_it_stands_and_there_is_none_by_itself(machine: Machine) -> None:
    assert machine.settings()["METRICS_TOKEN"] == ""
    assert machine.settings(METRICS_TOKEN="$HOME")["METRICS_TOKEN"] == "$HOME"


def test_debugging_is_off_unless_asked_for(machine: Machine) -> None:
    assert machine.settings()["DEBUG"] is False
    assert machine.settings(DEBUG="on")["DEBUG"] is True


def test_sqlite_runs_with_all_that_several_writers_need(machine: Machine) -> None:
    facts = machine.shown(ASK_SQLITE, DATABASE_URL=f"sqlite:///{machine.folder / 'portal.sqlite3'}")

    assert facts == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 20_000, "begin": "BEGIN IMMEDIATE"}


def test_sqlite_lies_below_var_unless_told_otherwise(machine: Machine) -> None:
    database = machine.settings()["DATABASES"]["default"]

    assert database["NAME"] == str(machine.folder / "var" / "portal.sqlite3")
    assert not database.get("ATOMIC_REQUESTS")


def test_without_redis_the_queue_is_in_the_database_and_the_cache_in_the_process(machine: Machine) -> None:
    found = machine.settings()

    assert found["Q_CLUSTER"]["orm"] == "default"
    assert "redis" not in found["Q_CLUSTER"]
    assert found["CACHES"]["default"]["BACKEND"].endswith("LocMemCache")


def test_with_redis_queue_and_cache_are_there(machine: Machine) -> None:
    found = machine.settings(REDIS_URL="redis://redis.example.com/3")

    places = {found["Q_CLUSTER"]["redis"], *(cache["LOCATION"] for cache in found["CACHES"].values())}
    assert places == {with_limits("redis://redis.example.com/3")}
    assert "orm" not in found["Q_CLUSTER"]


def test_the_queue_never_does_a_thing_twice_by_its_own(machine: Machine) -> None:
    queue = machine.settings()["Q_CLUSTER"]

    assert queue["timeout"] < queue["retry"] / 2
    assert (queue["max_attempts"], queue["ack_failures"], queue["catch_up"]) == (1, True, False)
    assert queue["guard_cycle"] in {0.25, 0.5, 1}  # with others django-q2 never ends a task that takes too long


@pytest.mark.parametrize(("given", "days"), [("", 0), ("0", 0), ("30", 30), ("365", 365)])
def test_batches_are_kept_for_good_unless_told_otherwise(machine: Machine, given: str, days: int) -> None:
    assert machine.settings(RETENTION_DAYS=given)["RETENTION_DAYS"] == days


def test_without_a_word_batches_are_kept_for_good(machine: Machine) -> None:
    assert machine.settings()["RETENTION_DAYS"] == 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("29", "RETENTION_DAYS must be from 30 to 36500"),
        ("1", "RETENTION_DAYS must be from 30 to 36500"),
        ("-90", "RETENTION_DAYS must be from 30 to 36500"),
        ("36501", "RETENTION_DAYS must be from 30 to 36500"),
        ("a year", "RETENTION_DAYS must be a whole number"),
        ("90.5", "RETENTION_DAYS must be a whole number"),
    ],
)
def test_a_retention_that_makes_no_sense_is_refused(machine: Machine, given: str, sentence: str) -> None:
    assert sentence in machine.refusal(RETENTION_DAYS=given)
