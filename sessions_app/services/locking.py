"""What stops at once when somebody else may be in an account: all of it, or other sessions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.services import users, writing
from identity.actor import Actor
from identity.services import api_keys
from sessions_app.services import sessions


@dataclass(frozen=True, slots=True)
class Locked:
    """What was stopped: sessions that were going on, API keys that acted for the account."""

    sessions: int
    api_keys: int


def lock(*, user_id: UUID, by: Actor, now: datetime) -> Locked:
    """Disable a user, end its sessions and revoke its API keys, in one transaction.

    Devices are refused while the account is locked; sessions and API keys, which whoever broke in
    may have made, do not come back with it. Enabling the user unlocks it. Raises Missing, and
    `accounts.errors.LastOwner` for the last owner, who can end all sessions instead.
    """
    with writing.of(by):
        # First, so that the count is of what was going on; disabling would end them too.
        ended = sessions.end_all_of(user_id, by=by, now=now, reason="account-locked")
        revoked = api_keys.revoke_all_of(user_id, by=by, now=now)
        users.disable(user_id=user_id, by=by, now=now, event="user.locked")
    return Locked(ended, revoked)


def sign_out_others(user_id: UUID, *, by: Actor, now: datetime) -> None:
    """After a change of the password: whoever got in with the old one is out.

    The session that asked for it goes on if it is the account's own.
    """
    own = by.session_id if by.user_id == user_id else None
    sessions.end_all_of(user_id, by=by, now=now, reason="password-changed", but=own)
