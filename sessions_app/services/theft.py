"""Whoever was signed out by an alarm, and still holds a token of that session, may know why."""

from datetime import datetime

from identity.scoping import current
from sessions_app import jwt
from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services import ending, tokens


def ended(token: str, *, audience: str, now: datetime) -> bool:
    """Whether this refresh token is one of ours, and an alarm ended its session.

    The token is proven as for a renewal, so nobody learns anything of a session of which they do
    not hold one. The scope must be in force; a token of another one, or for another audience, is
    like one that was never ours.
    """
    try:
        found = tokens.read(token, expected_use=jwt.REFRESH, expected_audience=audience, now=now)
    except TokenRefused:
        return False
    if found.door.scope_id != current.required_scope():
        return False
    stolen = Session.objects.filter(id=found.door.session_id, ended_reason=ending.REUSE)
    return stolen.exists()
