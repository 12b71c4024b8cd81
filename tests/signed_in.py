"""Sessions for tests: signed in as a member of the cast, renewed, asked with."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from identity.scoping import current
from sessions_app.models import Provider, Session
from sessions_app.services import rotation, sessions, tokens
from sessions_app.services.sessions import Origin, Proof
from sessions_app.services.tokens import Live
from tests import cast

LAPTOP = Origin(address="192.0.2.7", user_agent="Laptop/1", visitor="visitor-1")
PHONE = Origin(address="198.51.100.9", user_agent="Phone/1", visitor="visitor-2")
WEEK = timedelta(days=7)


@dataclass
class SignedIn:
    """A session with its first pair of tokens; `telling` is the refresh token as faces have it."""

    session: Session
    live: Live
    access: str
    refresh: str
    telling: str


def start(
    world: cast.World,
    member: cast.Member,
    *,
    origin: Origin = LAPTOP,
    audience: str = "",
    now: datetime | None = None,
    **more: Any,
) -> SignedIn:
    now = now or datetime.now(UTC)
    proof = more.pop("proof", Proof(Session.Method.PASSWORD))
    with current.in_scope(world.scope.id):
        session = sessions.start(
            user_id=member.user.id,
            proof=proof,
            origin=origin,
            audience=audience or tokens.issuer(world.scope.slug),
            lasts=WEEK,
            now=now,
            **more,
        )
        live = sessions.live(session, scope_slug=world.scope.slug)
        access, telling = tokens.pair(live, seconds=600, now=now, refresh_claims={})
        return SignedIn(session, live, access, tokens.refresh(live, now=now), telling)


def provider(world: cast.World, *, now: datetime) -> Provider:
    """A provider of the scope that vouches for people."""
    with current.in_scope(world.scope.id):
        return Provider.objects.create(
            scope_id=world.scope.id,
            slug="git",
            name="Git",
            kind="github",
            issuer="https://github.com",
            client_id="x",
            created_at=now,
            updated_at=now,
        )


def renew(
    world: cast.World,
    token: str,
    *,
    origin: Origin = LAPTOP,
    audience: str = "",
    now: datetime | None = None,
) -> tuple[Live, str]:
    """The refresh token's successor."""
    now = now or datetime.now(UTC)
    with current.in_scope(world.scope.id):
        live = rotation.redeem(
            token,
            audience=audience or tokens.issuer(world.scope.slug),
            origin=origin,
            now=now,
        ).live
        return live, tokens.refresh(live, now=now)


def check(world: cast.World, token: str, *, now: datetime | None = None) -> sessions.Checked:
    return sessions.check(
        token,
        audience=tokens.issuer(world.scope.slug),
        address=LAPTOP.address,
        now=now or datetime.now(UTC),
    )
