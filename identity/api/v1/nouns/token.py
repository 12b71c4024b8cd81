"""Tokens: looked into and revoked by programs (RFC 7662, RFC 7009), renewed by their holders."""

import contextlib
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from identity.api.v1 import pairs, route
from identity.api.v1.oauth_refusals import TokenRefusal
from identity.api.v1.pairs import Pair
from identity.api.v1.route import FORM, OPEN, Asked, Reply
from identity.api.v1.sent import Sent
from identity.api.v1.shapes import Body, Shown
from identity.scoping import current
from identity.scoping.foresight import Question
from identity.scoping.session_doors import SessionDoor
from sessions_app import jwt, machine_token
from sessions_app.errors import TokenRefused
from sessions_app.machine_token import Use
from sessions_app.services import machine_tokens, rotation, sessions, tokens
from sessions_app.services.sessions import Checked
from sessions_app.services.tokens import Read


class Token(Body, frozen=True, forbid_unknown_fields=False):
    """A token; what else a client library sends along is passed over (RFC 7662 §2.1)."""

    token: str
    token_type_hint: str = ""


class Introspection(Shown, frozen=True, omit_defaults=True):
    """Whether a token is of use now and, only then, what it says (RFC 7662 §2.2).

    `sub` is the user's id, `sid` the session's, `scope_id` the tenant's; `role` is the role that
    the session shows to clients, `auth_time` the latest proof of who its user is.

    Of a program's token `sub` is `api-key:` and the key's id, which is no user's, and `client_id`
    what requests name the key by. `scope` are its permissions; where there are `solutions` or
    `contexts`, it acts within these alone. The `token_type` of its refresh token is N_A (RFC 8693
    §2.2.1).
    """

    active: bool
    token_type: str = ""
    iss: str = ""
    aud: str = ""
    sub: str = ""
    sid: str = ""
    jti: str = ""
    iat: int = 0
    exp: int = 0
    auth_time: int = 0
    client_id: str = ""
    username: str = ""
    role: str = ""
    scope_id: str = ""
    scope: str = ""
    solutions: Sequence[str] = ()
    contexts: Sequence[str] = ()


class Revoked(Shown, frozen=True):
    """Nothing: the answer is the same for every token (RFC 7009 §2.2)."""


class Refresh(Body, frozen=True):
    """The living refresh token of a session."""

    refresh_token: str


def _session_asked_about(sent: Sent) -> Question | None:
    found = _TOKEN_SENT.search(sent.body or b"")
    return tokens.foreseen(found[1].decode()) if found else None


_TOKEN_SENT: Final = re.compile(rb'(?:^|[&"])token(?:=|"\s*:\s*")([\w.-]+)')
"""Where a token of ours stands in a form or in JSON; what it misses is asked a moment later."""
_REFRESH_HINT: Final = "refresh_token"
_INACTIVE: Final = msgspec.json.encode(Introspection(active=False))


@route.act(
    "POST",
    "/token/introspect",
    "sessions:introspect",
    "token_introspect",
    "What a token says, if it is of use now",
    body=Token,
    shows=Introspection,
    takes=FORM,
    is_for_programs=True,
    foresees=_session_asked_about,
)
def introspect(asked: Asked) -> Reply:
    """For programs that are shown tokens. Everything that is not valid is told alike.

    Refresh tokens of people are never active here: no program but this server takes one. Those of
    programs are for who says by `token_type_hint` that it asks about one, so that whoever looks for
    access never takes it for that.
    """
    use = machine_token.claimed_use(asked.body.token)
    try:
        if use is not None:
            return _of_program(asked, use)
        found = _found(asked, jwt.ACCESS)
        sessions.require_usable(found.door, address="", now=asked.now)
    except TokenRefused:
        return Reply(_INACTIVE)
    return Reply(_shown(found))


@route.act(
    "POST",
    "/token/revoke",
    OPEN,
    "token_revoke",
    "End the session of a token",
    body=Token,
    shows=Revoked,
    takes=FORM,
    is_for_pages=True,
    refuses=TokenRefusal,
)
def revoke(asked: Asked) -> Revoked:
    """Either token ends its session, and with that every other token of it.

    Whoever holds a token may: applications are public clients and have no other credential.
    """
    machine_use = machine_token.claimed_use(asked.body.token)
    if machine_use is not None:
        return _revoked_of_program(asked, machine_use)
    for use in (jwt.ACCESS, jwt.REFRESH):
        try:
            found = _found(asked, use)
        except TokenRefused:
            continue
        bearer = Checked(found.door, found.claims).actor(asked.sent.address)
        sessions.end(session_id=found.door.session_id, reason="revoked", by=bearer, now=asked.now)
    return Revoked()


@route.act(
    "POST",
    "/token/refresh",
    OPEN,
    "token_refresh",
    "The next pair of tokens for a refresh token",
    body=Refresh,
    shows=Pair,
    is_of_token=True,
)
def refresh(asked: Asked) -> Pair:
    """Each refresh token is spent once; a spent one that comes again ends the session.

    The same holder may ask again within ten seconds, for an answer that was lost.
    """
    renewed = rotation.redeem(
        asked.body.refresh_token,
        audience=tokens.issuer(asked.slug),
        origin=pairs.origin(asked.sent),
        now=asked.now,
    )
    return pairs.of(renewed.live, minutes=renewed.settings.access_minutes, now=asked.now)


def _of_program(asked: Asked, use: Use) -> Reply:
    if use is Use.REFRESH and asked.body.token_type_hint != _REFRESH_HINT:
        raise TokenRefused
    known = machine_tokens.look_into(asked.body.token, use=use, now=asked.now)
    issuer = tokens.issuer(known.scope_slug)
    return Reply(
        Introspection(
            active=True,
            token_type="Bearer" if use is Use.ACCESS else "N_A",
            iss=issuer,
            aud=issuer,
            sub=f"api-key:{known.api_key_id}",
            sid=str(known.session_id),
            iat=int(known.issued_at.timestamp()),
            exp=int(known.expires_at.timestamp()),
            client_id=known.client_id,
            scope_id=str(known.scope_id),
            scope=" ".join(sorted(known.permissions)),
            solutions=known.limits.solutions,
            contexts=known.limits.contexts,
        )
    )


def _revoked_of_program(asked: Asked, use: Use) -> Revoked:
    with contextlib.suppress(TokenRefused):
        machine_tokens.revoke(asked.body.token, use=use, address=asked.sent.address, now=asked.now)
    return Revoked()


def _found(asked: Asked, use: str) -> Read:
    found = tokens.inspect(asked.body.token, expected_use=use, now=asked.now)
    if found.door.scope_id != current.required_scope():
        raise TokenRefused
    return found


def _shown(found: Read) -> Introspection:
    door: SessionDoor = found.door
    claims = found.claims
    return Introspection(
        active=True,
        token_type="Bearer",  # noqa: S106 a word, no secret
        iss=claims["iss"],
        aud=claims["aud"],
        sub=claims["sub"],
        sid=claims["sid"],
        jti=claims["jti"],
        iat=claims["iat"],
        exp=claims["exp"],
        auth_time=int(door.authenticated_at.timestamp()),
        client_id=str(claims.get("client_id", "")),
        username=door.username,
        role=door.role,
        scope_id=str(door.scope_id),
    )


ROUTES: Final = (introspect, revoke, refresh)
