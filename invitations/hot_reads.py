"""Reads of the hottest paths, compiled once: an invitation by id, the active policies."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, models

from identity.scoping import prepared
from invitations.models import Invitation, Policy

Row = TypeVar("Row", bound=models.Model)

_INVITATION: Final = prepared.prepare(
    lambda invitation: Invitation.objects.filter(id=invitation), "invitation"
)
_POLICIES: Final = prepared.prepare(lambda status: Policy.objects.filter(status=status), "status")
_RESOURCES: Final = prepared.prepare(
    lambda status, action: Policy.objects.filter(
        status=status, action__in=[action, "*"]
    ).values_list("resource"),
    "status",
    "action",
)
_ACCOUNT: Final = prepared.prepare(
    lambda invitation: Invitation.objects.filter(id=invitation).values_list(
        "user__status", "user__password"
    ),
    "invitation",
)


def invitation(invitation_id: UUID) -> Invitation | None:
    """One invitation, not locked."""
    rows = _INVITATION.rows(invitation=invitation_id)
    return _instance(Invitation, rows[0]) if rows else None


class ActivePolicies:
    """The active policies of the scope, in the order that `ordered` gives them.

    The database is asked each time; of the same rows the very same instances are given, which
    nobody changes.
    """

    def __init__(self, ordered: Callable[[Iterable[Policy]], Sequence[Policy]]) -> None:
        self._made = prepared.Made(
            _POLICIES,
            lambda rows: ordered([_instance(Policy, row) for row in rows]),
            most=1024,
        )

    def read(self) -> Sequence[Policy]:
        """The policies as of now."""
        return self._made.of(status=Policy.Status.ACTIVE)


def resources_of_policies(action: str) -> list[str]:
    """The patterns of the active policies about an action, one or several in each text."""
    rows = _RESOURCES.rows(status=Policy.Status.ACTIVE, action=action)
    return [resource for (resource,) in rows]


def account(invitation_id: UUID) -> tuple[str, str]:
    """Status and password verifier of the invited user."""
    row = _ACCOUNT.one(invitation=invitation_id)
    if row is None:
        raise LookupError("an invitation always has a user")
    status, password = row
    return status, password


def _instance(model: type[Row], values: tuple[Any, ...]) -> Row:
    names = [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 Django's own word
    return model.from_db(DEFAULT_DB_ALIAS, names, values)
