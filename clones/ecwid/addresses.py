"""Which base URLs the client talks to: https, or plain http to this very machine. No DNS look-ups."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

ECWIDS_API: Final = "https://app.ecwid.com/api/v3"
ECWIDS_SITES: Final = "https://vuega.ecwid.com/api/v1"

_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", re.ASCII)
# Resolvers read "2130706433", "0x7f.1" and "127.1" as IP addresses, ipaddress does not: such hosts are refused.
_ENDS_IN_A_NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$", re.ASCII)
_UNFIT_CHARACTER = re.compile(r"[\s\\\x00-\x1f\x7f]|[^\x00-\x7f]")


def check_api_url(url: str) -> str:
    """Give back a base URL fit for a client: lower-case host, no slash at the end.

    Raise ValueError, with a sentence for the person who typed it, for anything but https to a public host or a name,
    or http(s) to a loopback host.
    """
    parts = _split(url.strip())
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise ValueError("The address must not contain a user name or password.")
    if "?" in url or "#" in url:
        raise ValueError("The address must not contain a query or a fragment.")
    if ".." in parts.path.split("/"):
        raise ValueError("The path of the address must not contain “..”.")
    _check_host(parts)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this very machine: localhost or a loopback IP address."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    ip = _ip(host)
    return ip.is_loopback if ip else host == "localhost"


def _split(url: str) -> SplitResult:
    if _UNFIT_CHARACTER.search(url):
        raise ValueError("The address contains characters that do not belong into one.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("The address is not a valid URL.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise ValueError("The address must look like https://host/path.")
    return parts


def _check_host(parts: SplitResult) -> None:
    if is_loopback(parts.geturl()):
        return
    if parts.scheme != "https":
        raise ValueError("The address must begin with https:// (plain http is for a sandbox on this machine only).")
    host = parts.hostname or ""
    ip = _ip(host)
    if ip is None and (not _HOST_NAME.fullmatch(host) or _ENDS_IN_A_NUMBER.search(host)):
        raise ValueError("The host of the address is not a valid name.")
    if ip is not None and (not ip.is_global or ip.is_multicast):
        raise ValueError("The address must not be a private one (a sandbox on this machine is the only exception).")


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip
