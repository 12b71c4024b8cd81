"""Scripts of pages of other origins (CORS, Fetch §3.2): the pages of the scope may call, no others.

No cookie plays a part, so a page can do nothing that its visitor's own program could not. A
preflight shows the names of headers and not what they hold: where the address alone names the
scope, its origins are asked already then; else any page is told which headers there are, and the
call itself is judged, before anything is done.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from identity.api.passport import errors
from identity.api.passport.sent import OF_FACE, Sent
from identity.errors import DomainError
from identity.scoping import current
from identity.web import scope_resolution
from identity.web.lane import Answer
from identity.web.scope_resolution import Source
from sessions_app.services import passkey_options

REMEMBERED: Final = "600"
"""Seconds that a browser may keep the answer to a preflight."""
ANY: Final = "*"
_ALLOWED: Final = ", ".join(("content-type", *OF_FACE))
_BY_ADDRESS: Final = frozenset({Source.HOST, Source.PATH})


def preflight(sent: Sent, *, now: datetime) -> Answer:
    """What a browser is told beforehand: which headers there are, and whether this page may."""
    headers = {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": _ALLOWED,
        "Access-Control-Max-Age": REMEMBERED,
        "Allow": "POST, OPTIONS",
        "Cache-Control": "no-store",
        "Vary": "Origin",
    }
    if reader := _reader(sent, now):
        headers["Access-Control-Allow-Origin"] = reader
    return Answer(204, b"", headers)


def require_own(sent: Sent) -> None:
    """Refuse pages of origins that the scope in force does not have. Raises Told."""
    if sent.origin and sent.origin not in _origins():
        raise errors.origin_refused()


def _reader(sent: Sent, now: datetime) -> str:
    """The page's own origin, or any where the scope is not known yet; "" for a stranger's page."""
    try:
        resolved = scope_resolution.resolve(sent.named, now=now)
    except DomainError:
        return ANY  # The call itself will be told.
    if resolved.source not in _BY_ADDRESS:
        return ANY
    with current.in_scope(resolved.scope_id):
        return sent.origin if sent.origin in _origins() else ""


def _origins() -> Collection[str]:
    """The deployment's own origin, and those of the scope's passkeys."""
    parts = urlsplit(settings.BASE_URL)
    return {f"{parts.scheme}://{parts.netloc}", *passkey_options.policy().origins}
