"""Who sent a request: from the bearer token to a caller in its scope."""

from datetime import datetime

from accounts.queries import memberships
from identity.api.guardian import tokens
from identity.api.guardian.caller import Caller
from identity.api.guardian.sent import Sent
from identity.errors import DomainError, Unauthenticated
from identity.scoping import current
from identity.web import scope_resolution
from sessions_app import jwt
from sessions_app.services import sessions
from sessions_app.services import tokens as reading


def bearer(sent: Sent) -> str:
    """The token of the Authorization header (RFC 6750 §2.1); "" for none or another scheme."""
    parts = sent.authorization.split(" ")
    return parts[1] if len(parts) == 2 and parts[0].lower() == "bearer" else ""


def caller(sent: Sent, *, now: datetime) -> Caller:
    """The session behind a request's access token; the same refusal for every cause.

    Raises Unauthenticated.
    """
    checked = _checked(sent, now=now)
    door = checked.door
    with current.in_scope(door.scope_id):
        member = memberships.of_user(door.user_id)
        sessions.mark_seen(door, now=now)
    if member is None:
        raise Unauthenticated
    return Caller(actor=checked.actor(sent.address), door=door, member=member)


def _checked(sent: Sent, *, now: datetime) -> sessions.Checked:
    try:
        # Which scope a token is made out to is told by the session that it names.
        found = reading.inspect(bearer(sent), expected_use=jwt.ACCESS, now=now)
        door = found.door
        sessions.require_usable(door, address=sent.address, now=now)
        scope_resolution.resolve(sent.named, now=now, credential=door.scope)
    except DomainError as refusal:
        raise Unauthenticated from refusal
    if found.claims["aud"] != tokens.audience(door.scope_slug):
        raise Unauthenticated
    return sessions.Checked(door, found.claims)
