"""The door of an onboarding's task id: how far it is, before a scope is known."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from identity.scoping import lookups, onboarding_lookups


@dataclass(frozen=True, slots=True)
class ProgressDoor:
    """How far an onboarding is. `error` is empty unless it failed, and never holds a secret."""

    scope_id: UUID
    scope_slug: str
    scope_status: str
    action: str
    state: str
    error: str


def progress(task_id: UUID) -> ProgressDoor | None:
    """The onboarding of this id in whatever scope."""
    rows = lookups.call(connection, onboarding_lookups.PROGRESS, task_id)
    return ProgressDoor(*rows[0]) if rows else None
