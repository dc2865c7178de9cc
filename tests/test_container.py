"""The container's files hold what they promise, and name nothing that the project does not have.

They are read, not run: docs/operations/containers.md tells how they were.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet
from django.core.management import get_commands
from django.urls import resolve
from gunicorn.app.wsgiapp import WSGIApplication

from tests.container_files import ROOT, compose, dockerfile, goes_into_the_build, only
from tests.web_process import WebProcess

BUILD, FINAL = dockerfile()
SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
SECRETS = ("SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_URL", "EMAIL_URL", "METRICS_TOKEN", "POSTGRES_PASSWORD")
CONTAINER_PORT = "8000"


@pytest.fixture
def gunicorn(monkeypatch: pytest.MonkeyPatch) -> Any:
    """gunicorn's settings, as the image's command line leaves them."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", only(FINAL, "CMD").command())
    return WSGIApplication().cfg


# The image -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for stage in (BUILD, FINAL) for step in stage for path in step.copied])
def test_what_is_copied_exists_and_is_let_through(path: str) -> None:
    assert (ROOT / path).exists()
    assert goes_into_the_build(path)


def test_whatever_the_program_reads_is_copied() -> None:
    copied = {path for step in BUILD for path in step.copied}
    assert copied >= {"manage.py", "reseller_portal", "clones", "templates", "static"}
    assert copied >= {"docs", "README.md", "CHANGELOG.md"}, "Help is drawn from them"


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        ".env",
        "node_modules/x/y.js",
        "var/portal.sqlite3",
        "var/keys/secret_key",
        "secrets/secret_key",
        "requirements/dev.txt",
        "static/vendor/tabler/tabler.min.css",
        "staticfiles/staticfiles.json",
        "tests/test_container.py",
        "clones/__pycache__/urls.cpython-311.pyc",
        "clones/models/__pycache__/job.cpython-311.pyc",
    ],
)
def test_neither_data_nor_secrets_nor_leftovers_get_into_a_build(path: str) -> None:
    assert not goes_into_the_build(path)


def test_git_takes_no_secrets_either() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/secrets/", "/.env", "/var/"} <= set(ignored)


def test_both_stages_stand_on_a_base_that_can_be_replaced() -> None:
    assert [only(stage, "FROM").rest.split()[0] for stage in (BUILD, FINAL)] == ["${BASE}", "${BASE}"]
    assert only(BUILD, "ARG").rest.startswith("BASE=")


def test_packages_come_with_hashes_and_none_is_for_developers() -> None:
    installs = [step.rest for step in BUILD if " install " in step.rest]
    assert {file for line in installs for file in re.findall(r"requirements/\S+", line)} == {
        "requirements/base.txt",
        "requirements/node.txt",
    }
    assert all("--require-hashes" in line for line in installs)


def test_it_runs_as_a_user_with_a_number_who_owns_only_var() -> None:
    user = only(FINAL, "USER").rest
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    steps = [step for step in FINAL if step.word == "RUN"]
    assert f"--uid {user.split(':')[0]} " in steps[0].rest
    owner, group = user.split(":")
    assert [step.rest for step in steps[1:]] == [f"install -d -o {owner} -g {group} -m 700 var"]
    assert not any("--chown" in step.rest for step in FINAL)


def test_python_writes_nothing_beside_the_program_and_its_log_at_once() -> None:
    environment = " ".join(step.rest for step in FINAL if step.word == "ENV")
    assert "PYTHONDONTWRITEBYTECODE=1" in environment
    assert "PYTHONUNBUFFERED=1" in environment


def test_the_health_check_asks_an_address_that_there_is_on_the_port_that_is_served(gunicorn: Any) -> None:
    command = only(FINAL, "HEALTHCHECK").command()
    (path,) = re.findall(r"'(/\w+)'", command[-1])
    assert resolve(path).url_name == "healthz"
    assert f"'localhost', {CONTAINER_PORT}" in command[-1]
    assert gunicorn.bind == [f"0.0.0.0:{CONTAINER_PORT}"]
    assert only(FINAL, "EXPOSE").rest == CONTAINER_PORT


@pytest.mark.django_db(transaction=True)
def test_the_health_check_says_whether_the_web_server_answers(tmp_path: Path) -> None:
    with WebProcess(tmp_path / "web.log") as web:
        probe = only(FINAL, "HEALTHCHECK").command()[-1].replace(CONTAINER_PORT, str(web.port))
        assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
    silent = subprocess.run([sys.executable, "-c", probe], check=False, capture_output=True)
    assert silent.returncode != 0


# The web server ------------------------------------------------------------------------------------------------------


def test_gunicorn_serves_the_portal_with_threads_and_writes_no_file(gunicorn: Any) -> None:
    assert gunicorn.settings["wsgi_app"].get() == "reseller_portal.wsgi"
    assert (gunicorn.worker_class_str, gunicorn.workers, gunicorn.threads) == ("gthread", 2, 8)
    assert gunicorn.control_socket_disable


def test_gunicorn_logs_no_addresses(gunicorn: Any) -> None:
    assert gunicorn.accesslog is None


def test_gunicorn_takes_its_sizes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WEB_CONCURRENCY": "3", "WEB_THREADS": "5", "PORT": "8123"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["gunicorn", "--config", "reseller_portal/gunicorn.py"])
    settings = WSGIApplication().cfg
    assert (settings.workers, settings.threads, settings.bind) == (3, 5, ["127.0.0.1:8123"])


# compose.yaml --------------------------------------------------------------------------------------------------------


def test_there_is_one_image_for_web_worker_and_migration() -> None:
    assert set(OURS) == {"migrate", "web", "worker"}
    assert {service["image"] for service in OURS.values()} == {"reseller-portal"}
    assert set(SERVICES) - set(OURS) == {"postgres", "redis"}


@pytest.mark.parametrize("name", ["migrate", "worker"])
def test_commands_are_commands_of_manage_py(name: str) -> None:
    python, script, command, *_options = SERVICES[name]["command"]
    assert (python, script) == ("python", "manage.py")
    assert command in get_commands()


def test_the_web_container_runs_what_the_image_says() -> None:
    assert "command" not in SERVICES["web"]
    assert "healthcheck" not in SERVICES["web"]


@pytest.mark.parametrize("name", ["migrate", "worker"])
def test_who_serves_no_pages_is_not_asked_for_one(name: str) -> None:
    assert SERVICES[name]["healthcheck"] == {"disable": True}


def test_everything_always_restarts_but_the_migration() -> None:
    assert {name: service["restart"] for name, service in SERVICES.items()} == {
        **dict.fromkeys(SERVICES, "always"),
        "migrate": "no",
    }


def test_web_and_worker_wait_for_the_migration_and_that_for_its_servers() -> None:
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    healthy = {"condition": "service_healthy"}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": healthy, "redis": healthy}
    assert all("test" in SERVICES[name]["healthcheck"] for name in ("postgres", "redis"))


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_closed_in(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in service
    assert name in OURS or service["user"] not in {"root", "0"}


def test_redis_takes_callers_from_other_containers_without_a_password() -> None:
    command = SERVICES["redis"]["command"]
    assert command[command.index("--protected-mode") + 1] == "no"
    assert SERVICES["redis"]["networks"] == ["data"]


def images() -> Iterator[str]:
    yield only(BUILD, "ARG").rest.removeprefix("BASE=")
    yield from (service["image"] for service in SERVICES.values())


@pytest.mark.parametrize("image", sorted(set(images())))
def test_images_are_named_without_a_registry(image: str) -> None:
    assert "/" not in image


def environment() -> Iterator[tuple[str, str, str]]:
    for name, service in SERVICES.items():
        yield from ((name, variable, value) for variable, value in service.get("environment", {}).items())


def test_no_secret_stands_in_the_environment() -> None:
    assert not [(service, variable) for service, variable, _ in environment() if variable in SECRETS]
    for service, _variable, value in environment():
        assert not urlsplit(value).password, service


def test_each_secret_is_a_file_that_the_service_is_given() -> None:
    declared = compose()["secrets"]
    used = set()
    for service, variable, value in environment():
        if variable.endswith("_FILE"):
            name = value.removeprefix("/run/secrets/")
            assert name in SERVICES[service]["secrets"]
            used.add(name)
    assert used == set(declared)
    assert all(facts == {"file": f"./secrets/{name}"} for name, facts in declared.items())


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder of secrets, made in an empty place as an operator makes it."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/make-secrets", tmp_path / "scripts")
    subprocess.run([tmp_path / "scripts/make-secrets"], check=True)
    return tmp_path / "secrets"


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text().strip() for path in folder.iterdir()}


def test_the_script_makes_the_secrets_that_are_asked_for(secrets: Path) -> None:
    made = texts(secrets)
    assert set(made) == set(compose()["secrets"])
    Fernet(made["encryption_keys"])
    database, server = urlsplit(made["database_url"]), SERVICES["postgres"]["environment"]
    assert database.hostname in SERVICES
    assert (database.username, database.password) == (server["POSTGRES_USER"], made["postgres_password"])
    assert database.path == f"/{server['POSTGRES_DB']}"


def test_containers_can_read_the_secrets_and_other_people_of_the_host_cannot(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o644}


def test_secrets_that_are_there_stay(secrets: Path) -> None:
    before = texts(secrets)
    subprocess.run([secrets.parent / "scripts/make-secrets"], check=True)
    assert texts(secrets) == before


def test_each_setting_is_known_to_the_documents() -> None:
    documented = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    ours = {variable.removesuffix("_FILE") for service, variable, _ in environment() if service in OURS}
    assert ours <= documented


def test_pages_are_served_by_https_and_the_health_check_may_ask() -> None:
    settings = SERVICES["web"]["environment"]
    assert settings["HTTPS"] == "on"
    assert settings["ALLOWED_HOSTS"].split(",")[1:] == ["localhost"]


def test_the_web_port_is_open_to_this_machine_alone_and_no_other_is() -> None:
    (published,) = SERVICES["web"]["ports"]
    address, *_, inside = published.split(":")
    assert (address, inside) == ("127.0.0.1", CONTAINER_PORT)
    assert not [name for name, service in SERVICES.items() if name != "web" and "ports" in service]


def test_a_stop_leaves_downloads_and_clones_the_time_that_they_are_promised(gunicorn: Any) -> None:
    assert int(SERVICES["web"]["stop_grace_period"].removesuffix("s")) > gunicorn.graceful_timeout
    assert int(SERVICES["worker"]["stop_grace_period"].removesuffix("s")) > 10, "a worker is gone within 10 s"
