"""The HTTP session that all clients share: pooled, bounded, no proxies, .netrc or cookies, silent about secrets."""

import logging
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from clones.ecwid.connections import POOLS_BY_SCHEME

_USER_AGENT = "reseller-portal (Ecwid clone dashboard)"
_LOGGERS_THAT_WRITE_URLS = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)


class WatchedAdapter(HTTPAdapter):
    """requests' adapter over connections that obey the current watch."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool manager, and have it use our pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS_BY_SCHEME


def make_session(pool_size: int = 10) -> requests.Session:
    """Give a session for any number of clients and threads; `pool_size` connections per host at most.

    Nothing is retried, no proxy, .netrc or cookie used; waiting for a free connection ends with the call.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = WatchedAdapter(pool_maxsize=pool_size, pool_block=True, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _without_secrets(record: logging.LogRecord) -> bool:
    """Cut every query string (the Instant Site's carries a secret, the look-up's an e-mail) and what a server wrote."""
    if isinstance(record.args, tuple):
        record.args = tuple(_shown(arg) for arg in record.args)
    record.exc_info = None
    return True


def _shown(arg: object) -> object:
    if isinstance(arg, str):
        return arg.partition("?")[0]
    return arg if isinstance(arg, int | float) or arg is None else type(arg).__name__


for _name in _LOGGERS_THAT_WRITE_URLS:
    logging.getLogger(_name).addFilter(_without_secrets)
