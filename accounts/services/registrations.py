"""Accounts of registries and their users that begin with a user name and a password alone."""

from datetime import datetime
from uuid import UUID

from accounts import errors
from accounts.models import RegistryMembership, User
from accounts.services import fields, onboarding_requests, passwords, registries, users, writing
from identity import errors as refusals
from identity.actor import Actor

Role = RegistryMembership.Role


def checked(*, username: str, role: str, password: str) -> tuple[str, str]:
    """The user name as it is stored, and the verifier of the password.

    Raises `Invalid`, `accounts.errors.NameTaken`, `PasswordUnfit` and `Busy`. Not to be called in
    a transaction, since it hashes.
    """
    _require_role(role)
    name = fields.new_username(username)
    onboarding_requests.require_free(name)
    return name, passwords.make_verifier(password)


def register(
    *, public_id: UUID, username: str, role: str, verifier: str, by: Actor, now: datetime
) -> User:
    """Make an active person with this part, who has no DID and no ledger account yet.

    Raises `accounts.errors.NameTaken`, also for a name that an open onboarding holds, `Invalid`.
    """
    _require_role(role)
    with writing.of(by):
        onboarding_requests.hold_names()
        onboarding_requests.require_free(username)
        user = users.new(public_id, username, {}, by=by, now=now)
        user.status, user.password = User.Status.ACTIVE, verifier
        user, is_new = users.insert_once(user)
        if not is_new:
            raise errors.NameTaken
        users.record("user.created", user, by=by, now=now, kind=str(user.kind))
        registries.enrol(user=user, role=role, by=by, now=now)
    return user


def _require_role(role: str) -> None:
    if role not in Role.values:
        raise refusals.Invalid(f"role is one of {', '.join(Role.values)}.", field="role")
