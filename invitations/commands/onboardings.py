"""The command that lets an onboarding begin; what is secret about it never comes this way."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from accounts.models import RegistryMembership
from accounts.services import onboardings
from identity import errors
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, registry

NAME: Final = "user.onboard"
PERMISSION: Final = "onboardings:create"


class OnboardUser(Input, frozen=True):
    """The onboarding `onboarding`, which is stored and waits; the rest is what it says.

    `parent` is the user name of the registry, empty for a registry. `account` and `did` are those
    that are brought along, `fields` what the user's credential will say.
    """

    onboarding: UUID
    username: str
    role: str
    parent: str = ""
    account: str = ""
    did: str = ""
    is_signed_elsewhere: bool = False
    fields: dict[str, Any] = msgspec.field(default_factory=dict)


def onboard(details: OnboardUser, *, by: Actor, now: datetime) -> Result:
    """Let workers take it up."""
    row = onboardings.release(onboarding_id=details.onboarding, by=by, now=now)
    return {"onboarding": {"id": str(row.id), "state": str(row.state)}}


def _validate(details: OnboardUser) -> None:
    # What approvers read must be what is stored.
    told = msgspec.structs.asdict(details)
    if onboardings.told(told.pop("onboarding")) != told:
        raise errors.Invalid("This is not what the onboarding says.")


def _check(details: OnboardUser, by: Actor) -> None:
    # A further registry of the scope is a matter of its owner, not of the registries.
    is_registry = details.role == RegistryMembership.Role.STANDARD_REGISTRY
    if is_registry and not by.may("registries:create"):
        raise errors.Forbidden("This needs the permission registries:create.")


def _abandon(details: OnboardUser, *, now: datetime) -> None:
    onboardings.abandon(onboarding_id=details.onboarding, now=now)


registry.add(
    Command(
        name=NAME,
        action="add",
        resource="/onboardings",
        permission=PERMISSION,
        input=OnboardUser,
        execute=onboard,
        validate=_validate,
        check=_check,
        abandon=_abandon,
    )
)
