"""A browser's mark: a random cookie that binds what was begun in a browser to that browser.

Scripts can't read it. It says nothing about who somebody is, and is no credential: whoever lacks
it can only not finish what another browser began (login CSRF, RFC 9700 §2.1).
"""

import hashlib
import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

SECONDS: Final = 24 * 60 * 60
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Mark:
    """`digest` is what is stored; `cookie` is the header to send, "" where the browser has one."""

    digest: str
    cookie: str = field(default="", repr=False)


def name() -> str:
    """The cookie's name; over https a prefix that keeps subdomains from setting it."""
    return "__Host-countersign-browser" if settings.IS_PRODUCTION else "countersign-browser"


def known(cookies: Mapping[str, str]) -> Mark | None:
    """The mark that a browser sent; None for none, or for one that we did not make."""
    value = cookies.get(name(), "")
    return Mark(_digest(value)) if _FORM.fullmatch(value) else None


def mark(cookies: Mapping[str, str]) -> Mark:
    """The mark that a browser has, or a new one with the cookie to give it."""
    found = known(cookies)
    if found is not None:
        return found
    value = urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
    secure = "; Secure" if settings.IS_PRODUCTION else ""
    cookie = f"{name()}={value}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Lax{secure}"
    return Mark(_digest(value), cookie)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
