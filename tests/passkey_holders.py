"""People with passkeys."""

from datetime import UTC, datetime

from accounts.models import Passkey, User
from identity.actor import Actor
from sessions_app.services import passkey_ceremonies
from tests.authenticator import Authenticator


def passkey(user: User, *, by: Actor, device: Authenticator | None = None) -> Passkey:
    """A passkey of a user in the scope in force, made by an authenticator in software."""
    now, device = datetime.now(UTC), device or Authenticator()
    begun = passkey_ceremonies.begin_registration(user=user, by=by, now=now)
    return passkey_ceremonies.complete_registration(
        challenge_id=begun.challenge_id,
        user=user,
        credential=device.create(begun.options),
        name="Key",
        by=by,
        now=now,
    )
