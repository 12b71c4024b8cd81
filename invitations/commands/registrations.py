"""The command that makes an account of a registry, an auditor or a user, without a ledger."""

from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.models import RegistryMembership
from accounts.services import registrations
from identity import errors
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, registry

NAME: Final = "user.register"


class RegisterUser(Input, frozen=True):
    """A new account; `user` is its client-visible id, chosen by whoever asks."""

    user: UUID
    username: str
    role: str
    password_verifier: str


def register(details: RegisterUser, *, by: Actor, now: datetime) -> Result:
    """Make the account."""
    made = registrations.register(
        public_id=details.user,
        username=details.username,
        role=details.role,
        verifier=details.password_verifier,
        by=by,
        now=now,
    )
    return {"user": {"id": str(made.public_id), "row": str(made.id)}}


def _check(details: RegisterUser, by: Actor) -> None:
    # As with onboardings: a further registry or auditor of the scope is a matter of its owner.
    is_user = details.role == RegistryMembership.Role.USER
    if not is_user and not by.may("registries:create"):
        raise errors.Forbidden("This needs the permission registries:create.")


registry.add(
    Command(
        name=NAME,
        action="add",
        resource="/onboardings",
        permission="onboardings:create",
        input=RegisterUser,
        execute=register,
        check=_check,
        secrets=frozenset({"password_verifier"}),
    )
)
