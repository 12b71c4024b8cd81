"""Access and refresh tokens: minted for a session, and read back under its scope's key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from identity import ids
from identity.crypto import ecdsa_p256
from identity.scoping import current, session_doors
from identity.scoping.foresight import Question
from identity.scoping.session_doors import SessionDoor
from identity.services import token_keys
from identity.services.token_keys import TokenKey
from sessions_app import jwt, refresh_token
from sessions_app.errors import TokenRefused
from sessions_app.services import refresh_tokens
from sessions_app.services.refresh_tokens import Unproven

OWN: Final = ""
"""In place of an audience: the scope's own API and pages."""


@dataclass(frozen=True, slots=True)
class Live:
    """What tokens are made of: a session, and the serial of its living refresh token."""

    session_id: UUID
    scope_slug: str
    user_id: UUID
    public_id: UUID
    audience: str
    serial: int
    refreshed_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Read:
    """A token whose signature, issuer, audience and times hold, and the session that it names."""

    door: SessionDoor
    claims: dict[str, Any]


def issuer(slug: str) -> str:
    """Who issues the tokens of a scope: the address under which its keys are published."""
    return f"{settings.BASE_URL.rstrip('/')}/s/{slug}"


def access(live: Live, *, seconds: int, now: datetime, claims: dict[str, Any] | None = None) -> str:
    """A token for `seconds`, never longer than the session; each has a `jti` of its own.

    `claims` are a face's additions; the registered ones stay ours. The scope must be in force.
    """
    return _access(live, token_keys.active(now=now), claims or {}, seconds=seconds, now=now)


def refresh(live: Live, *, now: datetime) -> str:
    """The session's living refresh token: opaque, the same text however often it is made."""
    return _refresh(live, token_keys.active(now=now), now)


def pair(
    live: Live,
    *,
    seconds: int,
    now: datetime,
    claims: dict[str, Any] | None = None,
    refresh_claims: dict[str, Any] | None = None,
) -> tuple[str, str]:
    """`access` and `refresh` at once; the key is looked up once.

    With `refresh_claims` the refresh token is a JSON Web Token that says so. Its times are those
    of the rotation, so that a lost answer is given again as it was.
    """
    key = token_keys.active(now=now)
    access_token = _access(live, key, claims or {}, seconds=seconds, now=now)
    if refresh_claims is None:
        return access_token, _refresh(live, key, now)
    return access_token, _telling_refresh(live, key, refresh_claims, now)


def read(token: str, *, expected_use: str, expected_audience: str, now: datetime) -> Read:
    """What a token says, and the session behind it as of now.

    Asked before a scope is known: the session names it, and the key must be that scope's.
    `expected_audience` is `issuer` of the slug for our own API and pages, which may not be known
    yet: OWN stands for it. Whether the session may still be used is the caller's question. Raises
    TokenRefused.
    """
    if expected_use == jwt.REFRESH:
        found = _renewable(token, now=now)
        if found.door.audience != (expected_audience or issuer(found.door.scope_slug)):
            raise TokenRefused
        return found
    return _read(jwt.parse(token, expected_use=expected_use), expected_audience, now=now)


def inspect(token: str, *, expected_use: str, now: datetime) -> Read:
    """As `read`, whomever the token is meant for: for those who may know of every session."""
    if expected_use == jwt.REFRESH:
        return _renewable(token, now=now)
    unverified = jwt.parse(token, expected_use=expected_use)
    audience = unverified.claims.get("aud")
    if not isinstance(audience, str) or audience == OWN:
        raise TokenRefused
    return _read(unverified, audience, now=now)


def foreseen(token: str) -> Question | None:
    """The question that `inspect` of this access token will ask; None if it will ask none."""
    try:
        unverified = jwt.parse(token, expected_use=jwt.ACCESS)
    except TokenRefused:
        return None
    return session_doors.question(unverified.session_id, unverified.kid)


def renewable(token: Unproven, door: SessionDoor | None, *, now: datetime) -> Read:
    """A refresh token with the session that was found behind it. Raises TokenRefused.

    What an opaque one says is what its session says.
    """
    if door is None or not door.has_usable_key(now):
        raise TokenRefused
    with current.in_scope(door.scope_id):
        secret = token_keys.secret(token.kid, now=now)
    refresh_tokens.prove(
        token,
        secret=secret,
        expected_issuer=issuer(door.scope_slug),
        expected_audience=door.audience,
        now=now,
    )
    if token.claims and token.claims.get("sub") != str(door.user_public_id):
        raise TokenRefused
    return Read(door, {**token.claims, "aud": door.audience, "ser": token.serial})


def _read(unverified: jwt.Unverified, audience: str, *, now: datetime) -> Read:
    door = session_doors.session(unverified.session_id, unverified.kid)
    if door is None or door.key_public is None or not door.has_usable_key(now):
        raise TokenRefused
    jwt.verify(
        unverified,
        key=ecdsa_p256.stored_public(door.key_public),
        expected_issuer=issuer(door.scope_slug),
        expected_audience=audience or issuer(door.scope_slug),
        now=now,
    )
    if unverified.claims.get("sub") != str(door.user_public_id):
        raise TokenRefused
    return Read(door, unverified.claims)


def _renewable(token: str, *, now: datetime) -> Read:
    unproven = refresh_tokens.parse(token)
    door = session_doors.session(unproven.session_id, unproven.kid)
    return renewable(unproven, door, now=now)


def _registered(
    live: Live, *, jti: str, issued_at: datetime, expires_at: datetime
) -> dict[str, Any]:
    return {
        "iss": issuer(live.scope_slug),
        "aud": live.audience,
        "sub": str(live.public_id),
        "sid": str(live.session_id),
        "jti": jti,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
    }


def _access(
    live: Live, key: TokenKey, claims: dict[str, Any], *, seconds: int, now: datetime
) -> str:
    expires_at = min(now + timedelta(seconds=seconds), live.expires_at)
    own = _registered(live, jti=str(ids.new()), issued_at=now, expires_at=expires_at)
    return jwt.sign({**claims, **own}, kid=key.kid, key=key.private)


def _refresh(live: Live, key: TokenKey, now: datetime) -> str:
    return refresh_token.make(
        kid=key.kid,
        session_id=live.session_id,
        serial=live.serial,
        secret=token_keys.secret(key.kid, now=now),
    )


def _telling_refresh(live: Live, key: TokenKey, claims: dict[str, Any], now: datetime) -> str:
    jti = f"{live.session_id}.{live.serial}"
    own = _registered(live, jti=jti, issued_at=live.refreshed_at, expires_at=live.expires_at)
    said = {**claims, **own, "ser": live.serial}
    return jwt.authenticate(said, kid=key.kid, secret=token_keys.secret(key.kid, now=now))
