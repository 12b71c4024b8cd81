"""Sessions of this face: begun for its application, and the tokens that clients get for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from accounts.queries import profiles
from accounts.queries.profiles import ProfileRow, RoleCredentialRow
from identity.api.blocklet import application, outputs, replies
from identity.crypto import csrf_token
from identity.scoping.session_doors import SessionDoor
from identity.services import scopes
from identity.services.scope_settings import ScopeSettings
from sessions_app.services import role_switching, tokens
from sessions_app.services.renewal_statement import Renewed
from sessions_app.services.tokens import Live

CREDENTIAL: Final = role_switching.CREDENTIAL


@dataclass(frozen=True, slots=True)
class Held:
    """What a session says of itself in tokens."""

    role: str
    provider: str
    wallet_os: str
    credential: str


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token and the refresh token beside it."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime

    def cookies(self) -> tuple[str, ...]:
        """For browsers: the access token, and the token against forged requests for it."""
        return (
            replies.sign_in_cookie(self.access, expires_at=self.expires_at),
            replies.csrf_cookie(csrf_of(self.access)),
        )


def csrf_of(access: str) -> str:
    """The token against forged requests that belongs to an access token."""
    return csrf_token.of_sign_in(access, application.csrf_key())


def held(session: SessionDoor | Renewed, credentials: list[RoleCredentialRow]) -> Held:
    """The session's role as of now: one that a credential gave goes with the credential."""
    credential = str(session.data.get(CREDENTIAL, ""))
    is_valid = not credential or any(each.credential_id == credential for each in credentials)
    return Held(
        role=session.role if is_valid else "",
        provider=session.provider_name,
        wallet_os=session.wallet_os,
        credential=credential if is_valid else "",
    )


def says_too_much(door: SessionDoor, claims: Mapping[str, Any], *, now: datetime) -> bool:
    """Whether a token gives a role that its session has not, or not any more.

    The role may have been switched, its credential revoked, or the role itself taken away. A
    client that is refused renews, and gets a token that says what is.
    """
    said = claims.get("passport")
    credential = said.get("id", "") if isinstance(said, Mapping) else ""
    if not credential:
        return False
    if credential != door.data.get(CREDENTIAL):
        return True
    held_now = profiles.role_credentials(door.user_id, now=now)
    return not any(each.credential_id == credential for each in held_now)


def seconds(settings: ScopeSettings) -> int:
    """How long an access token is good: what the scope says, whatever client asks."""
    return settings.access_minutes * 60


def lasts(settings: ScopeSettings) -> timedelta:
    """How long a session lives without being renewed."""
    return timedelta(days=settings.session_days)


def pair(
    live: Live,
    row: ProfileRow,
    session: Held,
    *,
    now: datetime,
    settings: ScopeSettings | None = None,
) -> Pair:
    """The tokens of a session that was begun or renewed just now; `settings` where known."""
    settings = settings or scopes.settings()
    expires_at = min(now + timedelta(minutes=settings.access_minutes), live.expires_at)
    claims = _claims(row, session)
    # A lost answer is given again word for word: nothing in this one may change meanwhile.
    fixed = {name: claims[name] for name in ("type", "did", "provider", "walletOS", "elevated")}
    access, refresh = tokens.pair(
        live,
        seconds=seconds(settings),
        claims=claims,
        refresh_claims={**fixed, "tokenType": "refresh"},
        now=now,
    )
    return Pair(access=access, refresh=refresh, expires_at=expires_at)


def _claims(row: ProfileRow, session: Held) -> dict[str, Any]:
    claims = outputs.claims(
        row, role_name=session.role, provider=session.provider, wallet_os=session.wallet_os
    )
    return {**claims, "passport": {"id": session.credential} if session.credential else {}}
