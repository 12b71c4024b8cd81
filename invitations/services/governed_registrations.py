"""Registering somebody by the one door: at once, or after the approval of others."""

from datetime import datetime
from uuid import UUID

from accounts.services import registrations
from identity import ids
from identity.actor import Actor
from identity.errors import Forbidden
from invitations.commands.registrations import NAME
from invitations.services import attested, governance
from invitations.services.governance import Pending, Step

_NEEDED = "onboardings:create"


def register(
    *, username: str, role: str, password: str, by: Actor, now: datetime
) -> UUID | Pending:
    """The row's id of the new user, or the proposal that policy asks for.

    Not to be called in a transaction, since the password is hashed first. Raises `Forbidden`
    without `onboardings:create` (for a registry or an auditor also `registries:create`, unless
    policy asks others), `PolicyDenied`, and what `registrations.checked` raises.
    """
    if not by.may(_NEEDED):
        raise Forbidden(f"This needs the permission {_NEEDED}.")
    name, verifier = registrations.checked(username=username, role=role, password=password)
    details = {
        "user": str(ids.new()),
        "username": name,
        "role": role,
        "password_verifier": verifier,
    }
    answer = governance.submit(
        action=NAME,
        details=details,
        by=by,
        now=now,
        evidence=attested.of_steps([Step(NAME, {**details, "password_verifier": ""})], by=by),
    )
    if isinstance(answer, Pending):
        return answer
    return UUID(answer.result["user"]["row"])
