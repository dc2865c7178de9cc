"""What a browser complains about while a test runs: script errors, broken policies, requests that fail."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

LEFT = "net::ERR_ABORTED"  # the page was left, or what was asked for is a download


@dataclass
class Complaints:
    """Collects the complaints of every page of the watched contexts."""

    heard: list[str] = field(default_factory=list)
    _forgiven: list[re.Pattern[str]] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Listen from now on."""
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("requestfailed", self._on_failed_request)

    def leave(self, context: BrowserContext) -> None:
        """Listen no longer: the context goes on without this test."""
        context.remove_listener("console", self._on_console)
        context.remove_listener("weberror", self._on_error)
        context.remove_listener("requestfailed", self._on_failed_request)

    def forgive(self, pattern: str) -> None:
        """Expect complaints that match `pattern`, which this test causes on purpose."""
        self._forgiven.append(re.compile(pattern))

    def unforgiven(self) -> list[str]:
        """Return what nobody expected."""
        return [heard for heard in self.heard if not any(pattern.search(heard) for pattern in self._forgiven)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.heard.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _on_error(self, error: WebError) -> None:
        self.heard.append(f"script error: {error.error}")

    def _on_failed_request(self, request: Request) -> None:
        if request.failure != LEFT:
            self.heard.append(f"failed request: {request.failure} ({request.url})")
