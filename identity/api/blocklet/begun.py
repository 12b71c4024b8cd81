"""Sessions that came out of a proof, as the pair of tokens that this face's clients get."""

from collections.abc import Sequence
from typing import Any, Final

from accounts.queries import profiles
from accounts.queries.profiles import RoleCredentialRow
from accounts.services import profiles as arriving
from accounts.services import role_credentials
from identity.actor import Actor, ActorKind
from identity.api.blocklet import tokens
from identity.api.blocklet.route import Asked
from identity.api.blocklet.tokens import Held, Pair
from identity.errors import Missing
from sessions_app.services import role_switching, sessions
from sessions_app.services.role_switching import Role
from sessions_app.services.sessions import Origin

GUEST: Final = ""


def chosen(held: Sequence[RoleCredentialRow], wanted: str) -> RoleCredentialRow | None:
    """The role credential that was asked for, that was used last, or the only one.

    None is a guest: who has several and used none yet says which.
    """
    if wanted:
        return next((each for each in held if each.credential_id == wanted), None)
    used = [(each.last_used_at, each) for each in held if each.last_used_at is not None]
    if used:
        return max(used, key=lambda pair: pair[0])[1]
    return held[0] if len(held) == 1 else None


def role_of(credential: RoleCredentialRow | None) -> tuple[str, dict[str, Any]]:
    """The role of a session with this credential, and what the session notes of it."""
    if credential is None:
        return GUEST, {}
    return credential.role, {tokens.CREDENTIAL: credential.credential_id}


def in_role(asked: Asked, session: Any) -> Any:
    """A session that was begun just now, in the role that `chosen` finds; else as it is."""
    credential = chosen(profiles.role_credentials(session.user_id, now=asked.now), "")
    if credential is None:
        return session
    role_credentials.note_used(credential.id, now=asked.now)
    origin = Origin(session.address, session.user_agent, session.visitor)
    role = Role(credential.role, credential.credential_id)
    return role_switching.switch(role, origin=origin, by=_actor(asked, session), now=asked.now)


def pair(asked: Asked, session: Any) -> Pair:
    """The first tokens of a session that was begun just now, for its user's profile."""
    by = _actor(asked, session)
    row = profiles.profile(session.user_id)
    if row is None:
        arriving.ensure(user_id=session.user_id, by=by, now=asked.now)
        row = profiles.profile(session.user_id)
    if row is None:
        raise Missing("User not found")
    held = Held(
        role=session.role,
        provider=session.provider_name,
        wallet_os=session.wallet_os,
        credential=str(session.data.get(tokens.CREDENTIAL, "")),
    )
    live = sessions.live(session, scope_slug=asked.slug)
    return tokens.pair(live, row, held, now=asked.now)


def _actor(asked: Asked, session: Any) -> Actor:
    return Actor(
        kind=ActorKind.SESSION,
        scope_id=session.scope_id,
        user_id=session.user_id,
        public_id=session.user.public_id,
        session_id=session.id,
        address=asked.sent.address,
    )


def told(found: Pair, visitor: str) -> dict[str, str]:
    """What a page is told that begins to use a session."""
    return {
        "sessionToken": found.access,
        "refreshToken": found.refresh,
        "visitorId": visitor,
        "csrfToken": tokens.csrf_of(found.access),
    }
