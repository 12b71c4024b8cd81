"""Signing in, renewing, asking who one is, and a new password by whoever knows the old one."""

from typing import Any, Final

from accounts.queries import memberships
from identity.api.guardian import errors, outputs, replies, tokens
from identity.api.guardian.inputs import Body
from identity.api.guardian.route import OPEN, SELF, Asked, Route
from identity.api.guardian.waiting import waits
from identity.errors import Unauthenticated
from identity.web import scope_resolution
from identity.web.lane import Answer
from invitations.services import password_renewal
from invitations.services.governance import Pending
from sessions_app import jwt
from sessions_app.services import both_factors, renewals, sessions
from sessions_app.services import tokens as reading
from sessions_app.services.first_factor import Arrival, SecondFactorDue
from sessions_app.services.sessions import Origin

_DUE: Final = {"success": False, "otprequired": True}


class SigningIn(Body, frozen=True):
    """`POST accounts/login`."""

    username: str
    password: str
    otp: str = ""


class Renewing(Body, frozen=True, rename="camel"):
    """`POST accounts/access-token`."""

    refresh_token: str


class Changing(Body, frozen=True, rename="camel"):
    """`POST accounts/change-password`; `otp` where the account has one-time passwords."""

    username: str
    old_password: str
    new_password: str
    otp: str = ""


def sign_in(asked: Asked) -> Answer:
    """A refresh token for user name and password, and for a one-time password where one is due."""
    body = asked.body
    passed = both_factors.sign_in(
        username=body.username,
        password=body.password,
        code=body.otp,
        arrival=_arrival(asked),
        now=asked.now,
    )
    if isinstance(passed, SecondFactorDue):
        return replies.json(_DUE)
    # A password that can't be set today was refused when it was set.
    return replies.json({**_begun(asked, passed), "weakPassword": False})


def renew(asked: Asked) -> Answer:
    """An access token, and a refresh token that may take the place of the one that was sent."""
    found = reading.inspect(asked.body.refresh_token, expected_use=jwt.REFRESH, now=asked.now)
    door = found.door
    scope_resolution.resolve(asked.sent.named, now=asked.now, credential=door.scope)
    if door.scope_id != asked.scope_id or door.audience != tokens.audience(asked.slug):
        raise Unauthenticated
    live = renewals.renew(found, lasts=sessions.usual_life(), origin=_origin(asked), now=asked.now)
    member = memberships.of_user(live.user_id)
    if member is None:
        raise Unauthenticated
    pair = {
        "accessToken": tokens.access(live, member, now=asked.now),
        "refreshToken": tokens.refresh(live, now=asked.now),
    }
    return replies.json(pair)


def present(asked: Asked) -> Answer:
    """Who is signed in."""
    return replies.json(outputs.session(asked.caller.member))


def change_password(asked: Asked) -> Answer:
    """A new password; other sessions end, and one begins that knows it."""
    body = asked.body
    passed = password_renewal.renew(
        username=body.username,
        old=body.old_password,
        new=body.new_password,
        code=body.otp,
        arrival=_arrival(asked),
        now=asked.now,
    )
    if isinstance(passed, Pending):
        return waits(passed)
    if isinstance(passed, SecondFactorDue):
        return replies.json(_DUE)
    return replies.json(_begun(asked, passed))


def _begun(asked: Asked, session: Any) -> dict[str, Any]:
    member = memberships.of_user(session.user_id)
    if member is None:
        raise errors.Told(errors.WRONG_PASSWORD, status=401)
    live = sessions.live(session, scope_slug=asked.slug)
    return {
        "username": member.username,
        "did": member.did,
        "role": member.role,
        "refreshToken": tokens.refresh(live, now=asked.now),
    }


def _arrival(asked: Asked) -> Arrival:
    return Arrival(_origin(asked), tokens.audience(asked.slug), browser="")


def _origin(asked: Asked) -> Origin:
    return Origin(address=asked.sent.address, user_agent=asked.sent.user_agent)


ROUTES: Final = (
    Route("POST", "/accounts/login", OPEN, sign_in, body=SigningIn),
    Route("POST", "/accounts/access-token", OPEN, renew, body=Renewing, malformed=401, refusal=401),
    Route("GET", "/accounts/session", SELF, present),
    Route("POST", "/accounts/change-password", OPEN, change_password, body=Changing),
)
