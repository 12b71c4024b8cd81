"""Which address a request came from, when proxies stand in front of us."""

import functools
import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from identity.services.neighbourhoods import of as neighbourhood

__all__ = ["behind", "neighbourhood", "of"]

_LONGEST: Final = 128
"""An address with zone and port, in blanks; what is longer is none."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def of(environ: Mapping[str, Any]) -> str:
    """The client's address in canonical form, or "" where the server gave none.

    With `settings.TRUSTED_PROXIES` = n the n-th entry of X-Forwarded-For from the right counts:
    each trusted proxy appends the address that it saw, and whatever stands further left was
    written by the client. With n = 0, the default, the header is not read at all. If it has fewer
    entries than there are proxies, or a wrong one, the address of the connection counts.
    """
    return behind(environ, trusted_proxies=settings.TRUSTED_PROXIES)


def behind(environ: Mapping[str, Any], *, trusted_proxies: int) -> str:
    """As `of`, for a given number of trusted proxies."""
    connected = _canonical(str(environ.get("REMOTE_ADDR", "")))
    if trusted_proxies < 1:
        return connected
    entries = str(environ.get("HTTP_X_FORWARDED_FOR", "")).rsplit(",", trusted_proxies)
    if len(entries) < trusted_proxies or not entries[-trusted_proxies].strip():
        return connected
    return _canonical(entries[-trusted_proxies]) or connected


def _canonical(text: str) -> str:
    return _remembered(text) if len(text) <= _LONGEST else ""


@functools.lru_cache(maxsize=4096)
def _remembered(text: str) -> str:
    parsed = _parsed(text.strip())
    if parsed is None:
        return ""
    # A dual-stack socket shows IPv4 clients as ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2).
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def _parsed(text: str) -> Address | None:
    # Some proxies add the port: 192.0.2.1:4711 and [2001:db8::1]:4711.
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
