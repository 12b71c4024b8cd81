"""Sessions of this face, and the tokens that clients get for them.

Access tokens say what clients read: `username`, `did`, `role`, and `expireAt` in milliseconds
beside `exp`, which libraries enforce. Refresh tokens say nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from accounts.queries.memberships import Member
from sessions_app.services import tokens
from sessions_app.services.tokens import Live

SECONDS: Final = 5 * 60
"""How long an access token is good."""
_NAME: Final = "registries"


def audience(slug: str) -> str:
    """Whom the tokens of this face are made out to, in each scope."""
    return f"{tokens.issuer(slug)}/{_NAME}"


def access(live: Live, member: Member, *, now: datetime) -> str:
    """An access token of a session."""
    expires_at = min(now + timedelta(seconds=SECONDS), live.expires_at)
    claims = {**_claims(member), "expireAt": int(expires_at.timestamp()) * 1000}
    return tokens.access(live, seconds=SECONDS, now=now, claims=claims)


def refresh(live: Live, *, now: datetime) -> str:
    """The session's refresh token."""
    return tokens.refresh(live, now=now)


def _claims(member: Member) -> Mapping[str, Any]:
    return {"username": member.username, "did": member.did, "role": str(member.role)}
