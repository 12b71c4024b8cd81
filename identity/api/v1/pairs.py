"""A session's pair of tokens as this face gives it, and where a request for one comes from."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from uuid import UUID

from identity import queries as ground
from identity.api.v1.route import Asked
from identity.api.v1.sent import Sent
from identity.api.v1.shapes import Shown
from identity.services import scopes
from identity.web import browser
from sessions_app.services import sessions, tokens
from sessions_app.services.sessions import Origin, Proof
from sessions_app.services.tokens import Live


class Pair(Shown, frozen=True):
    """An access token for `expires_in` seconds, and the one refresh token that renews it."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int
    session: UUID


def begin(asked: Asked, user_id: UUID, proof: Proof) -> Pair:
    """Begin a session of a user who has just proven who it is, in the scope in force."""
    slug, chosen = ground.scope().slug, scopes.settings()
    session = sessions.start(
        user_id=user_id,
        proof=proof,
        origin=origin(asked.sent),
        audience=tokens.issuer(slug),
        lasts=timedelta(days=chosen.session_days),
        now=asked.now,
    )
    live = sessions.live(session, scope_slug=slug)
    return of(live, minutes=chosen.access_minutes, now=asked.now)


def of(live: Live, *, minutes: int, now: datetime) -> Pair:
    """The pair of a session as it stands, in the scope in force, with its `access_minutes`."""
    seconds = minutes * 60
    access, refresh = tokens.pair(live, seconds=seconds, now=now)
    return Pair(
        access_token=access,
        refresh_token=refresh,
        token_type="Bearer",  # noqa: S106 RFC 6750, a word
        expires_in=min(seconds, int((live.expires_at - now).total_seconds())),
        session=live.session_id,
    )


def origin(sent: Sent) -> Origin:
    """Where a request comes from."""
    return Origin(address=sent.address, user_agent=sent.headers.get("user-agent", ""))


def mark(sent: Sent) -> browser.Mark:
    """The mark of the browser that asks, with a cookie to give where it has none yet."""
    return browser.mark(cookies(sent))


def cookies(sent: Sent) -> Mapping[str, str]:
    """The cookies that were sent; none where they can't be read."""
    try:
        jar = SimpleCookie(sent.headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}
