"""Scripts of pages of other origins (CORS, Fetch §3.2), where the deployment lets them call.

The origin is echoed, as clients of this protocol expect. No cookie is ever read, so that a page can
do nothing that its visitor's own program could not.
"""

from typing import Final

from django.conf import settings

from identity.api.bridge.sent import Sent
from identity.web.lane import Answer

_ALLOWED: Final = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
    "Access-Control-Max-Age": "600",
}


def headers(sent: Sent) -> dict[str, str]:
    """What lets a page read the answer; nothing for programs, or where pages may not call."""
    if not settings.BRIDGE_CORS:
        return {}
    told = {"Vary": "Origin"}
    if sent.origin:
        told["Access-Control-Allow-Origin"] = sent.origin
        told["Access-Control-Allow-Credentials"] = "true"
    return told


def preflight(sent: Sent) -> Answer:
    """What a browser is told beforehand."""
    told = headers(sent)
    if told:
        told |= _ALLOWED
    return Answer(200, b"", {"Allow": "POST, OPTIONS", "Cache-Control": "no-store", **told})
