"""The present session: read, renewed, checked, ended; and the token against forged requests."""

from typing import Any, Final
from uuid import UUID

import msgspec

from accounts.queries import profiles
from accounts.queries.profiles import ProfileRow, RoleCredentialRow
from identity.api.blocklet import application, auth, errors, outputs, people, replies, tokens
from identity.api.blocklet.caller import Caller
from identity.api.blocklet.replies import CSRF_COOKIE, SIGN_IN_COOKIE
from identity.api.blocklet.route import OPEN, SELF, Asked, Route
from identity.api.blocklet.sent import kept_label
from identity.api.blocklet.tokens import Held
from identity.crypto.remembered import Remembered
from identity.scoping import foresight
from identity.web import browser
from identity.web.lane import Answer
from sessions_app import jwt
from sessions_app.errors import TokenRefused
from sessions_app.services import rotation, sessions, visits
from sessions_app.services import tokens as reading
from sessions_app.services.sessions import Origin

EMPTY: Final = "RefreshToken should not be empty"
OVER: Final = "User session is logout"
_told: Final = Remembered[UUID, tuple[ProfileRow, tuple[Any, ...], bytes]](4096)
"""The last answer about a user, with everything that it was made of."""
WRONG_USE: Final = "invalid token type undefined"


class TokenToCheck(msgspec.Struct):
    """`POST user/checkToken`."""

    token: str
    type: str = "sessionToken"


class Leaving(msgspec.Struct, rename="camel"):
    """`POST user/logout`; nothing of it can be wrong, for the answer is always the same."""

    visitor_id: str | None = None
    status: str | None = None
    include_federated: bool | None = None
    refresh_token: str | None = None


def session(asked: Asked) -> Answer:
    """Who is signed in, with the application's signature."""
    caller, now = asked.caller, asked.now
    row = people.own(caller, now=now)
    credentials = profiles.credentials_of(row, now=now)
    held = tokens.held(caller.door, credentials)
    cookies = _settle(asked, caller)
    return replies.json_bytes(_present(asked, row, held, credentials), cookies=cookies)


def refresh(asked: Asked) -> Answer:
    """A new pair of tokens for the living refresh token. Every refusal is a 400 in plain text."""
    token = auth.bearer(asked.sent)
    if not token:
        raise errors.worded(EMPTY, status=400)
    if not asked.sent.visitor and auth.is_labelled(asked.sent):
        raise errors.worded(OVER, status=400)
    with foresight.of(auth.foreseen_profile(token, use=jwt.REFRESH)):
        return _renewed(asked, token)


def _renewed(asked: Asked, token: str) -> Answer:
    try:
        # A label that is wrong spends nothing: storage gets lost.
        renewed = rotation.redeem(
            token,
            audience=application.permanent(now=asked.now),
            visitor=asked.sent.visitor if auth.is_labelled(asked.sent) else None,
            origin=origin(asked),
            now=asked.now,
        )
    except TokenRefused:
        raise errors.worded(_complaint(token), status=400) from None
    row = profiles.profile_of(renewed.live.public_id)
    if row is None:
        raise errors.worded(OVER, status=400)
    credentials = profiles.credentials_of(row, now=asked.now)
    held = tokens.held(renewed, credentials)
    pair = tokens.pair(renewed.live, row, held, now=asked.now, settings=renewed.settings)
    content = {
        "user": outputs.user(row, asked.sent, role_name=held.role, credentials=credentials),
        "nextToken": pair.access,
        "nextRefreshToken": pair.refresh,
        "provider": held.provider,
        "walletOS": held.wallet_os,
    }
    return replies.json(application.signed(content, now=asked.now), cookies=pair.cookies())


def csrf(asked: Asked) -> Answer:
    """Exchange whatever a page holds for the token that belongs to its sign-in token."""
    sent = asked.sent
    access, cookie = sent.cookies.get(SIGN_IN_COOKIE, ""), sent.cookies.get(CSRF_COOKIE, "")
    if not access:
        raise errors.worded("login_token is required", status=400)
    if not cookie or sent.headers.get("x-csrf-token") != cookie:
        raise errors.worded("x-csrf-token is required", status=400)
    # Whether the sign-in token is good is not asked: only who has it learns what belongs to it.
    right = tokens.csrf_of(access)
    cookies = () if right == cookie else (replies.csrf_cookie(right),)
    return replies.json({"loginToken": access, "csrfToken": right}, cookies=cookies)


def check(asked: Asked) -> Answer:
    """Whether a token would be taken now."""
    audience = application.permanent(now=asked.now)
    token, address = asked.body.token, asked.sent.address
    try:
        if asked.body.type == "refreshToken":
            read = reading.read(
                token, expected_use=jwt.REFRESH, expected_audience=audience, now=asked.now
            )
            sessions.require_usable(read.door, address=address, now=asked.now)
            is_valid = read.claims.get("ser") == read.door.refresh_serial
        else:
            sessions.check(token, audience=audience, address=address, now=asked.now)
            is_valid = True
    except TokenRefused:
        is_valid = False
    return replies.json({"valid": is_valid})


def log_out(asked: Asked) -> Answer:
    """End sessions; the answer is the same for everybody, signed in or not."""
    caller = auth.caller_if_any(asked)
    status = asked.body.status
    if caller is not None and status is None:
        _end(asked, caller)
    elif caller is not None and status == "online":
        audience = "" if asked.body.include_federated else caller.door.audience
        visits.end_others(
            caller.user_id,
            but=caller.door.session_id,
            audience=audience,
            by=caller.actor,
            now=asked.now,
        )
    if asked.body.refresh_token and status is None:
        _end_by_refresh_token(asked, asked.body.refresh_token)
    return replies.nothing(cookies=replies.forgotten_cookies() if status is None else ())


def unread(asked: Asked) -> Answer:
    """How many notices wait: this server keeps no inbox, so there are none."""
    return replies.json(application.signed({"unReadCount": 0}, now=asked.now))


def origin(asked: Asked) -> Origin:
    """Where a request comes from."""
    sent = asked.sent
    return Origin(address=sent.address, user_agent=sent.user_agent, visitor=sent.visitor)


def _present(
    asked: Asked, row: ProfileRow, held: Held, credentials: list[RoleCredentialRow]
) -> bytes:
    """Who is signed in. Of the same things the same text, which is most of the work of a check."""
    sent = asked.sent
    of = (held, application.key(now=asked.now), sent.base, outputs.is_avatar_whole(sent))
    known = None if credentials else _told.get(row.user_id)
    if known is not None and known[0] is row and known[1] == of:
        return known[2]
    content = {
        "user": outputs.user(row, sent, role_name=held.role, credentials=credentials),
        "provider": held.provider,
        "walletOS": held.wallet_os,
    }
    told = replies.encoded(application.signed(content, now=asked.now))
    if not credentials:
        _told.keep(row.user_id, (row, of, told))
    return told


def _settle(asked: Asked, caller: Caller) -> tuple[str, ...]:
    """Tie a new session to the browser that it turns out to live in; the cookie that marks it."""
    if visits.BROWSER in caller.door.data:
        return ()
    mark = browser.mark(asked.sent.cookies)
    visits.begin(caller.door, origin=origin(asked), browser=mark.digest, now=asked.now)
    return (mark.cookie,) if mark.cookie else ()


def _complaint(token: str) -> str:
    """What is wrong with a refresh token, in the words of clients."""
    try:
        jwt.parse(token, expected_use=jwt.ACCESS)
    except TokenRefused:
        return OVER
    return WRONG_USE


def _end(asked: Asked, caller: Caller) -> None:
    visitor = kept_label(asked.body.visitor_id or "") or asked.sent.visitor
    visits.end(
        caller.door,
        visitor=visitor,
        by=caller.actor,
        now=asked.now,
    )


def _end_by_refresh_token(asked: Asked, token: str) -> None:
    try:
        found = reading.read(
            token,
            expected_use=jwt.REFRESH,
            expected_audience=application.permanent(now=asked.now),
            now=asked.now,
        )
        sessions.require_usable(found.door, address=asked.sent.address, now=asked.now)
    except TokenRefused:
        return
    by = sessions.Checked(found.door, found.claims).actor(asked.sent.address)
    visits.end(found.door, visitor="", by=by, now=asked.now)


ROUTES: Final = (
    Route("GET", "/api/did/session", SELF, session, for_keys=True, is_of_profile=True),
    Route("POST", "/api/did/session", SELF, session, for_keys=True, is_of_profile=True),
    Route("POST", "/api/did/refreshSession", OPEN, refresh, refusal=400, is_of_token=True),
    Route("GET", "/api/did/csrfToken", OPEN, csrf, refusal=400),
    Route("POST", "/api/user/checkToken", OPEN, check, body=TokenToCheck),
    Route("POST", "/api/user/logout", OPEN, log_out, body=Leaving),
    Route("GET", "/api/notifications/unread-count", OPEN, unread),
)
