"""Accounts under a name, by passkey: for clients that join when nobody has the name.

Where a scope takes newcomers, whoever tries to join learns which names are taken; so there a name
without a passkey is said to be one at once, and no key is made for a name that is taken. Elsewhere
such a name gets options like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import errors
from accounts.models import User
from accounts.queries import managed_keys as keys
from accounts.queries import names, passkeys
from accounts.queries.managed_keys import ManagedKeyFacts
from accounts.services import fields, managed_keys
from identity.services import scopes
from sessions_app.models import Session
from sessions_app.services import challenges, passkey_ceremonies, passkey_sign_in
from sessions_app.services.first_factor import Arrival, SecondFactorDue
from sessions_app.services.passkey_ceremonies import Joined
from sessions_app.services.passkey_options import Ceremony

LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session that began just now, and the account that it signs with."""

    session: Session = field(repr=False)
    key: ManagedKeyFacts


def begin_joining(*, name: str, display_name: str, now: datetime) -> Ceremony:
    """As `passkey_ceremonies.begin_newcomer`. Raises `accounts.errors.NameTaken`, too."""
    shown = fields.line(display_name, name="display name", most=LONGEST_SHOWN)
    if scopes.settings().passkey_sign_up and names.named(name) is not None:
        raise errors.NameTaken
    return passkey_ceremonies.begin_newcomer(name=name, display_name=shown, now=now)


def complete_joining(
    *,
    challenge_id: UUID,
    name: str,
    display_name: str,
    credential: Mapping[str, Any],
    address: str,
    now: datetime,
) -> Joined:
    """As `passkey_ceremonies.complete_newcomer`."""
    return passkey_ceremonies.complete_newcomer(
        challenge_id=challenge_id,
        name=name,
        display_name=fields.line(display_name, name="display name", most=LONGEST_SHOWN),
        credential=credential,
        address=address,
        now=now,
    )


def begin(*, name: str, now: datetime) -> Ceremony | None:
    """Options to sign in; None where nobody who may join here has a passkey under this name."""
    if _is_known_to_be_free(name):
        return None
    return passkey_ceremonies.begin_authentication(name=name, now=now)


def begin_alone(*, name: str, now: datetime) -> Ceremony | None:
    """As `begin`; the session that follows ends the user's other ones of the same audience."""
    if _is_known_to_be_free(name):
        return None
    return passkey_sign_in.begin_alone(name=name, now=now)


def complete(
    *,
    challenge_id: UUID,
    name: str,
    credential: Mapping[str, Any],
    arrival: Arrival,
    now: datetime,
) -> Admitted | SecondFactorDue:
    """Sign in; whoever has no account that signs yet gets it now.

    Not to be called in a transaction. Raises as `passkey_sign_in.sign_in`.
    """
    passed = passkey_sign_in.sign_in(
        challenge_id=challenge_id, name=name, credential=credential, arrival=arrival, now=now
    )
    if not isinstance(passed, Session):
        return passed
    return Admitted(passed, _key_of(passed.user, now=now))


def mark(session: Session, token: str) -> None:
    """Let `identity.scoping.session_doors.scope_by_token` find the session by this very text.

    For clients that send nothing but it.
    """
    Session.objects.filter(id=session.id).update(mark=challenges.digest(token))


def _key_of(user: User, *, now: datetime) -> ManagedKeyFacts:
    found = keys.of_user(user.id)
    if found is None:
        managed_keys.create(user=user, now=now)
        found = keys.of_user(user.id)
    if found is None:
        raise RuntimeError("a key that was made is not there")
    return found


def _is_known_to_be_free(name: str) -> bool:
    if not scopes.settings().passkey_sign_up:
        return False
    user_id = names.named(fields.username(name))
    return user_id is None or not passkeys.has_usable(user_id)
