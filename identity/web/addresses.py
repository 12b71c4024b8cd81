"""The absolute address of a request as its sender wrote it, without believing a Host header."""

import urllib.parse
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http.request import split_domain_port, validate_host

_UNRESERVED: Final = "/!$&'()*+,;=:@~"


def target_uri(environ: Mapping[str, Any]) -> str:
    """Scheme, authority, path and query (RFC 9421 §2.2.2) of a request.

    The scheme is that of COUNTERSIGN_URL: a proxy in front may have ended TLS. The authority is
    the Host header where that names an allowed host, else the one of COUNTERSIGN_URL: a proxy may
    have put its own name there. The path is text, as the fast lane and Django make it of the bytes
    that came; it is written without needless percent-encoding.
    """
    base = urllib.parse.urlsplit(settings.BASE_URL)
    host = str(environ.get("HTTP_HOST", ""))
    authority = host if _is_allowed(host) else base.netloc
    path = encoded(str(environ.get("PATH_INFO", "")))
    query = str(environ.get("QUERY_STRING", ""))
    return f"{base.scheme}://{authority}{path}{'?' if query else ''}{query}"


def encoded(path: str) -> str:
    """A path as it stands in an address: what needs it is percent-encoded as UTF-8 (RFC 3986)."""
    return urllib.parse.quote(path, _UNRESERVED)


def _is_allowed(host: str) -> bool:
    domain, _ = split_domain_port(host.lower())
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
