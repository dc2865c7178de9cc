"""The real browser before the real portal. Every complaint of the browser fails the test that caused it."""

from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import DjangoDbBlocker
from pytest_playwright.pytest_playwright import CreateContextCallback

from tests.browser.chromium import launch_options
from tests.browser.complaints import Complaints
from tests.browser.look import WIDE, faults
from tests.waiting import PATIENCE_SECONDS
from tests.web_process import WebProcess

PATIENCE_MILLISECONDS = int(PATIENCE_SECONDS * 1000)

NewContext = Callable[..., BrowserContext]
SignIn = Callable[[Page, User], None]
Look = Callable[[Page], None]

expect.set_options(timeout=PATIENCE_MILLISECONDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say where the screenshots of a failed test lie, and its trace where PYTEST_ARGS="--tracing retain-on-failure"."""
    report = yield
    left = [f"{name}: {path}" for name, path in report.user_properties if name.startswith("playwright_")]
    if left:
        report.sections.append(("Left by the browser at teardown", "\n".join(left)))
    return report


@pytest.fixture(scope="session", autouse=True)
def _database_beside_the_browser() -> Iterator[None]:
    """Let a test use the database: Playwright keeps an event loop on its thread, where Django would refuse."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def web_process(
    some_database: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebProcess]:
    """One portal for the whole run."""
    with django_db_blocker.unblock(), WebProcess(tmp_path_factory.mktemp("web") / "web.log") as process:
        yield process


@pytest.fixture
def web(web_process: WebProcess) -> Iterator[WebProcess]:
    """The portal, answering; started again where the test before killed it. Its log is shown where a test fails."""
    web_process.start()
    begin = web_process.log.stat().st_size
    yield web_process
    print(f"--- {web_process.log.name}\n{web_process.log.read_bytes()[begin:].decode()}")  # noqa: T201


@pytest.fixture(scope="session")
def base_url(web_process: WebProcess) -> str:
    """Where `page.goto("/clones/")` goes."""
    return web_process.address


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's browser."""
    return {**browser_type_launch_args, **launch_options()}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A wide screen, in a zone that is not the server's, without movement: what is checked stands still."""
    return {**browser_context_args, "viewport": WIDE, "reduced_motion": "reduce", "timezone_id": "Europe/Berlin"}


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What the browser complained about; the test fails where it did not `forgive` it."""
    heard = Complaints()
    yield heard
    assert heard.unforgiven() == []


@pytest.fixture
def new_context(
    transactional_db: None, web: WebProcess, new_context: CreateContextCallback, complaints: Complaints
) -> NewContext:
    """Make a context whose complaints count, closed before the database is emptied."""

    def make(**how: Any) -> BrowserContext:
        context = new_context(**how)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        complaints.watch(context)
        return context

    return make


@pytest.fixture
def look() -> Look:
    """Return a function that holds a page to what every page must be (tests/browser/look.py)."""

    def hold(page: Page) -> None:
        found = faults(page)
        assert not found, "\n".join([page.url, *found])

    return hold


def refresh(page: Page) -> None:
    """Follow the link by which a page without JavaScript is kept up to date; it goes when nothing moves any more."""
    link = page.get_by_role("link", name="Refresh")
    if link.count():
        link.click()
    page.wait_for_load_state()


def stop_clock(page: Page) -> None:
    """Let no time pass on the pages that are opened from here on, but what the test lets pass."""
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))  # the past would be refused


@pytest.fixture
def sign_in(base_url: str) -> SignIn:
    """Return a function that signs somebody in without the login page, which test_staff_day.py uses."""

    def sign(page: Page, user: User) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": base_url}])

    return sign
