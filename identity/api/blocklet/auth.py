"""Who sent a request: from an access token, wherever it stands, to a caller in its scope."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from accounts.queries import profiles
from identity.api.blocklet import application, errors, tokens
from identity.api.blocklet.caller import Caller
from identity.api.blocklet.errors import Told
from identity.api.blocklet.replies import CSRF_COOKIE, SIGN_IN_COOKIE
from identity.api.blocklet.route import Asked
from identity.api.blocklet.sent import Sent
from identity.crypto import csrf_token
from identity.crypto.errors import TokenInvalid
from identity.errors import DomainError, Unauthenticated
from identity.scoping import current
from identity.scoping.foresight import Question
from identity.web import scope_resolution
from sessions_app import jwt
from sessions_app.errors import TokenRefused
from sessions_app.services import sessions
from sessions_app.services import tokens as reading

SAFE: Final = frozenset({"GET", "HEAD"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})
_UNLABELLED: Final = ("BlockletSDK/", "aistro/")


def bearer(sent: Sent) -> str:
    """The token of the Authorization header (RFC 6750 §2.1); "" for none or another scheme."""
    parts = sent.headers.get("authorization", "").split(" ")
    return parts[1] if len(parts) == 2 and parts[0].lower() == "bearer" else ""


def caller(sent: Sent, given: Mapping[str, Any], query: Mapping[str, str], now: datetime) -> Caller:
    """The session behind a request's access token; the same refusal for every cause.

    Raises Unauthenticated, and Told for several tokens and for what another site may have sent.
    """
    token, from_cookie = _token(sent, given, query)
    checked = _checked(token, sent, now)
    door = checked.door
    if is_labelled(sent) and sent.visitor and sent.visitor != door.visitor:
        raise Unauthenticated
    if from_cookie and sent.method not in SAFE:
        with current.in_scope(door.scope_id):
            require_own_page(sent, token)
    return Caller(
        actor=checked.actor(sent.address),
        door=door,
        claims=checked.claims,
        token=token,
        from_cookie=from_cookie,
    )


def foreseen(
    sent: Sent, given: Mapping[str, Any], query: Mapping[str, str], now: datetime
) -> Question | None:
    """The profile of whom the access token of a request names, whether or not it holds.

    None where the address does not say by itself which scope that is.
    """
    scope_id = scope_resolution.remembered(sent.named, now=now)
    if scope_id is None:
        return None
    try:
        token, _ = _token(sent, given, query)
    except (DomainError, Told):
        return None
    with current.in_scope(scope_id):
        return foreseen_profile(token, use=jwt.ACCESS)


def foreseen_profile(token: str, *, use: str) -> Question | None:
    """The profile of whom a token names, in the scope in force; None for what is no token."""
    try:
        claims = jwt.parse(token, expected_use=use).claims
        return profiles.question(UUID(claims["sub"]))
    except (TokenRefused, KeyError, ValueError, TypeError, AttributeError):
        return None


def caller_if_any(asked: Asked) -> Caller | None:
    """The session of this scope behind a request that anybody may send; None for nobody."""
    try:
        found = caller(asked.sent, asked.given, asked.query, asked.now)
    except (DomainError, Told):
        return None
    return found if found.door.scope_id == asked.scope_id else None


def is_labelled(sent: Sent) -> bool:
    """Whether this client's visitor label counts; programs that share one agent have none."""
    return not any(name in sent.user_agent for name in _UNLABELLED)


def require_own_page(sent: Sent, token: str) -> None:
    """Refuse what a page of another site made a browser send. Raises Told.

    Where the browser has the cookie of the token, the header must repeat it, and it must belong to
    this sign-in token. Browsers without it say by themselves where a request comes from.
    """
    if sent.headers.get("sec-fetch-site", "none") not in _OWN_SITE:
        raise errors.csrf_mismatch()
    origin = sent.headers.get("origin", "")
    if origin and urlsplit(origin).netloc != sent.headers.get("host", ""):
        raise errors.csrf_mismatch()
    cookie = sent.cookies.get(CSRF_COOKIE, "")
    if not cookie:
        return
    if sent.headers.get("x-csrf-token", "") != cookie:
        raise errors.csrf_mismatch()
    try:
        csrf_token.verify(cookie, sign_in_token=token, key=application.csrf_key())
    except TokenInvalid:
        raise errors.csrf_mismatch() from None


def _token(sent: Sent, given: Mapping[str, Any], query: Mapping[str, str]) -> tuple[str, bool]:
    """The token and whether a cookie held it: header, cookie, body, query, in this order.

    A header beside a different cookie is usual: it is how accounts are switched.
    """
    header, cookie = bearer(sent), sent.cookies.get(SIGN_IN_COOKIE, "")
    in_body = given.get(SIGN_IN_COOKIE, "")
    places = [cookie, in_body if isinstance(in_body, str) else "", query.get(SIGN_IN_COOKIE, "")]
    if sum(map(bool, places)) > 1 or (header and header in places):
        raise errors.several_tokens()
    token = next(filter(None, [header, *places]), "")
    if not token:
        raise Unauthenticated
    return token, token == cookie


def _checked(token: str, sent: Sent, now: datetime) -> sessions.Checked:
    try:
        # Which application a token is for is told by the scope that its session belongs to.
        found = reading.inspect(token, expected_use=jwt.ACCESS, now=now)
        sessions.require_usable(found.door, address=sent.address, now=now)
        with current.in_scope(found.door.scope_id):
            if found.claims["aud"] != application.permanent(now=now):
                raise Unauthenticated
            if tokens.says_too_much(found.door, found.claims, now=now):
                raise Unauthenticated
        scope_resolution.resolve(sent.named, now=now, credential=found.door.scope)
    except DomainError as refusal:
        raise Unauthenticated from refusal
    return sessions.Checked(found.door, found.claims)
