"""Who performs a command, and in which scope."""

import enum
from dataclasses import dataclass
from uuid import UUID

from identity import permissions
from identity.limits import Limits


class ActorKind(enum.StrEnum):
    """How the actor proved who it is."""

    DEVICE = "device"
    INVITATION = "invitation"
    STAFF = "staff"
    SESSION = "session"
    API_KEY = "api-key"
    REGISTRY = "registry"
    """By a session, in which somebody uses what roles allow of onboarding and nothing else."""
    LAMBDA = "lambda"
    DEVELOPER = "developer"
    """The scope's developer said who the user is."""
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """The performer of a command: always in exactly one scope.

    `user_id` and `device_id` are absent where the actor has none (system). `permissions` are the
    words of `identity.permissions`; `approves` are the resources whose proposals it may decide.
    `groups` are the client-visible ids of its groups as text.
    """

    kind: ActorKind
    scope_id: UUID
    user_id: UUID | None = None
    public_id: UUID | None = None
    """The user's client-visible id."""
    device_id: UUID | None = None
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    lambda_id: UUID | None = None
    """What a user stored to act later: it acts for that user, who need not be there."""
    developer_key_id: UUID | None = None
    """The key whose holder said who the user is."""
    permissions: frozenset[str] = frozenset()
    approves: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    is_program: bool = False
    is_operator: bool = False
    limits: Limits | None = None
    """Of a program with an API key; None for everybody else, who is bound by permissions alone."""
    device_registered_at: int | None = None
    """Seconds since the epoch; policies may ask for a device's age."""
    address: str = ""

    def may(self, permission: str) -> bool:
        """Whether a permission word was granted to this actor."""
        return permission in self.permissions


def system(scope_id: UUID) -> Actor:
    """The platform itself: commands of the operator's shell, sweeps and tasks."""
    return Actor(kind=ActorKind.SYSTEM, scope_id=scope_id, permissions=permissions.OPERATOR)
