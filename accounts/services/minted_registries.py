"""Registries that an operator makes from the shell, onboarded before the command ends."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from accounts.models import Onboarding, RegistryMembership
from accounts.services import onboarding_work, onboardings
from accounts.services.onboarding_requests import Request
from identity.actor import Actor
from identity.errors import Conflict

HOLDER: Final = "shell"
_ENOUGH: Final = timedelta(minutes=1)
# Also what asks for letters of both cases and digits takes it.
_FORM: Final = "{}aA1"


@dataclass(frozen=True, slots=True)
class Minted:
    """A registry that is ready, and its password, which is shown once."""

    username: str
    password: str = field(repr=False)


def mint(
    *, username: str, by: Actor, clock: Callable[[], datetime], pause: Callable[[], object]
) -> Minted:
    """Make a registry with a random password and onboard it, beside a worker or without one.

    `pause` is called while somebody else is at it. Raises what `onboardings.start` raises, and
    `Conflict` if the ledger does not do its part: the onboarding is there then, and goes on or can
    be tried again.
    """
    password = _FORM.format(secrets.token_urlsafe(18))
    role = str(RegistryMembership.Role.STANDARD_REGISTRY)
    request = Request(role=role, username=username, password=password)
    task = onboardings.start(request=request, by=by, now=clock())
    latest = clock() + _ENOUGH
    while not task.is_ended and clock() < latest:
        if not onboarding_work.work(task.id, clock=clock, holder=HOLDER):
            pause()
        task.refresh_from_db()
    if task.state != Onboarding.State.COMPLETED:
        told = task.error or "The ledger does not answer."
        raise Conflict(f"The registry is not onboarded: {told} Look at the task {task.id}.")
    return Minted(task.username, password)
