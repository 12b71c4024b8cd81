"""Scripts of pages of other origins (CORS, Fetch §3.2): the pages of the scope may call, no others.

A preflight names no scope and no cookie plays a part, so that it tells nothing but which headers
there are. The call itself is judged by the origins of its scope, before anything is done.
"""

from collections.abc import Collection
from typing import Final

from identity.api.passport import errors
from identity.api.passport.sent import OF_FACE, Sent
from identity.web.lane import Answer

REMEMBERED: Final = "600"
"""Seconds that a browser may keep the answer to a preflight."""
_ALLOWED: Final = ", ".join(("content-type", *OF_FACE))


def preflight() -> Answer:
    """What a browser is told beforehand: which headers there are, and nothing of any scope."""
    return Answer(
        204,
        b"",
        {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": _ALLOWED,
            "Access-Control-Max-Age": REMEMBERED,
            "Allow": "POST, OPTIONS",
            "Cache-Control": "no-store",
        },
    )


def require_own(sent: Sent, origins: Collection[str]) -> None:
    """Refuse pages of origins that the scope does not have. Raises Told."""
    if sent.origin and sent.origin not in origins:
        raise errors.origin_refused()
