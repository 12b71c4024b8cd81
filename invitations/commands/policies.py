"""Commands that make, change and remove policies."""

from datetime import datetime
from typing import Any
from uuid import UUID

from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, Target, registry
from invitations.models import Policy
from invitations.services import policies


class CreatePolicy(Input, frozen=True):
    """A new policy; `policy` is chosen by the client. `review_expression` is its text form."""

    policy: UUID
    name: str
    resource: str
    action: str
    decision_on_true: str
    description: str = ""
    priority: int = 100
    expression: str = ""
    review_expression: str = ""
    status: str = "active"


class EditPolicy(Input, frozen=True):
    """A change of some fields; absent ones stay."""

    policy: UUID
    name: str | None = None
    resource: str | None = None
    action: str | None = None
    decision_on_true: str | None = None
    description: str | None = None
    priority: int | None = None
    expression: str | None = None
    review_expression: str | None = None
    status: str | None = None


class DeletePolicy(Input, frozen=True):
    """The removal of a policy."""

    policy: UUID


def create(details: CreatePolicy, *, by: Actor, now: datetime) -> Result:
    """Make the policy."""
    fields = {name: getattr(details, name) for name in policies.FIELDS}
    return policies.described(
        policies.create(public_id=details.policy, fields=fields, by=by, now=now)
    )


def edit(details: EditPolicy, *, by: Actor, now: datetime) -> Result:
    """Change the policy."""
    return policies.described(
        policies.edit(public_id=details.policy, fields=_changes(details), by=by, now=now)
    )


def delete(details: DeletePolicy, *, by: Actor, now: datetime) -> Result:
    """Remove the policy."""
    return policies.described(policies.delete(public_id=details.policy, by=by, now=now))


def _changes(details: EditPolicy) -> dict[str, Any]:
    return {
        name: value for name in policies.FIELDS if (value := getattr(details, name)) is not None
    }


def _target(details: EditPolicy | DeletePolicy) -> Target:
    policy = policies.changeable(details.policy)
    return Target(kind="policy", id=str(policy.public_id), version=policy.version)


def _new_quorum(details: CreatePolicy) -> list[str]:
    return [details.review_expression] if details.decision_on_true == "REVIEW" else []


def _old_and_new_quorum(details: EditPolicy | DeletePolicy) -> list[str]:
    policy = Policy.objects.filter(public_id=details.policy).first()
    before = policy.review_expression if policy else ""
    after = getattr(details, "review_expression", None) or ""
    return [text for text in (before, after) if text]


def _validate_new(details: CreatePolicy) -> None:
    policies.check({name: getattr(details, name) for name in policies.FIELDS})


def _validate_edit(details: EditPolicy) -> None:
    policy = policies.changeable(details.policy)
    policies.check(policies.present(policy) | _changes(details))


registry.add(
    Command(
        name="policy.create",
        action="add",
        resource="/policies",
        permission="policies:create",
        input=CreatePolicy,
        execute=create,
        validate=_validate_new,
        reviews=_new_quorum,
    ),
    Command(
        name="policy.edit",
        action="edit",
        resource="/policies/{policy}",
        permission="policies:edit",
        input=EditPolicy,
        execute=edit,
        validate=_validate_edit,
        target=_target,
        reviews=_old_and_new_quorum,
    ),
    Command(
        name="policy.delete",
        action="delete",
        resource="/policies/{policy}",
        permission="policies:delete",
        input=DeletePolicy,
        execute=delete,
        target=_target,
        reviews=_old_and_new_quorum,
    ),
)
