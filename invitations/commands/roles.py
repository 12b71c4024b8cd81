"""Commands that make, change, remove, grant and withdraw roles, and the rules they are made of."""

import operator
from datetime import datetime
from uuid import UUID

from accounts import electors, rights
from accounts import queries as accounts
from accounts.services import role_assignments, roles, rules
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, Target, no_target, registry


class CreateRole(Input, frozen=True):
    """A new role; `role` is chosen by the client, `rules` are ids."""

    role: UUID
    name: str
    description: str = ""
    rules: tuple[UUID, ...] = ()


class EditRole(Input, frozen=True):
    """A change of some fields; absent ones stay, `rules` replaces all."""

    role: UUID
    name: str | None = None
    description: str | None = None
    rules: tuple[UUID, ...] | None = None
    status: str | None = None


class DeleteRole(Input, frozen=True):
    """The removal of a role."""

    role: UUID


class CreateRule(Input, frozen=True):
    """A new rule; `rule` is chosen by the client."""

    rule: UUID
    name: str
    resource: str
    action: str
    description: str = ""
    proposal_resource: str = ""


class EditRule(Input, frozen=True):
    """A change of some fields; absent ones stay."""

    rule: UUID
    name: str | None = None
    description: str | None = None
    resource: str | None = None
    action: str | None = None
    proposal_resource: str | None = None


class DeleteRule(Input, frozen=True):
    """The removal of a rule."""

    rule: UUID


class HoldRole(Input, frozen=True):
    """A user and a role: the name of a predefined one, the id of a custom one."""

    user: UUID
    role: str


def create_role(details: CreateRole, *, by: Actor, now: datetime) -> Result:
    """Make the role."""
    made = roles.create(
        public_id=details.role,
        name=details.name,
        description=details.description,
        rule_ids=details.rules,
        by=by,
        now=now,
    )
    return _role(made.public_id)


def edit_role(details: EditRole, *, by: Actor, now: datetime) -> Result:
    """Change the role."""
    roles.edit(
        public_id=details.role,
        name=details.name,
        description=details.description,
        rule_ids=details.rules,
        status=details.status,
        by=by,
        now=now,
    )
    return _role(details.role)


def delete_role(details: DeleteRole, *, by: Actor, now: datetime) -> Result:
    """Remove the role."""
    roles.delete(public_id=details.role, by=by, now=now)
    return {"role": {"id": str(details.role)}}


def create_rule(details: CreateRule, *, by: Actor, now: datetime) -> Result:
    """Make the rule."""
    made = rules.create(
        public_id=details.rule,
        name=details.name,
        description=details.description,
        resource=details.resource,
        action=details.action,
        proposal_resource=details.proposal_resource,
        by=by,
        now=now,
    )
    return _rule(made.public_id)


def edit_rule(details: EditRule, *, by: Actor, now: datetime) -> Result:
    """Change the rule."""
    rules.edit(
        public_id=details.rule,
        name=details.name,
        description=details.description,
        resource=details.resource,
        action=details.action,
        proposal_resource=details.proposal_resource,
        by=by,
        now=now,
    )
    return _rule(details.rule)


def delete_rule(details: DeleteRule, *, by: Actor, now: datetime) -> Result:
    """Remove the rule."""
    rules.delete(public_id=details.rule, by=by, now=now)
    return {"rule": {"id": str(details.rule)}}


def grant(details: HoldRole, *, by: Actor, now: datetime) -> Result:
    """Give the user the role."""
    user_id = accounts.user_id_of(details.user)
    role_assignments.grant(user_id=user_id, role=details.role, by=by, now=now)
    return {"user": accounts.described(accounts.user(details.user))}


def withdraw(details: HoldRole, *, by: Actor, now: datetime) -> Result:
    """Take the role from the user."""
    user_id = accounts.user_id_of(details.user)
    role_assignments.withdraw(user_id=user_id, role=details.role, by=by, now=now)
    return {"user": accounts.described(accounts.user(details.user))}


def _role(public_id: UUID) -> Result:
    return {"role": accounts.described(accounts.role(str(public_id)))}


def _rule(public_id: UUID) -> Result:
    return {"rule": accounts.described(accounts.rule(public_id))}


def _validate_role(details: CreateRole) -> None:
    rules.named(list(details.rules))


def _validate_role_edit(details: EditRole) -> None:
    accounts.role(str(details.role))
    rules.named(list(details.rules or ()))


def _check_role_edit(details: EditRole, by: Actor) -> None:
    # A wider role widens everybody who holds it, the editor perhaps among them.
    held = accounts.role(str(details.role)).rules if details.status == "active" else ()
    given = rules.rights_of([*(held if details.rules is None else details.rules)])
    role_assignments.check_rights(by, given)


def _validate_rule(details: CreateRule) -> None:
    rights.of_rule(details.resource, details.action, details.proposal_resource)


def _validate_rule_edit(details: EditRule) -> None:
    _rights_afterwards(details)


def _check_rule_edit(details: EditRule, by: Actor) -> None:
    role_assignments.check_rights(by, _rights_afterwards(details))


def _rights_afterwards(details: EditRule) -> rights.Rights:
    rule = accounts.rule(details.rule)
    narrowed = details.proposal_resource
    return rights.of_rule(
        details.resource or rule.resource,
        details.action or rule.action,
        rule.proposal_resource if narrowed is None else narrowed,
    )


def _validate_held(details: HoldRole) -> None:
    accounts.user_id_of(details.user)
    role_assignments.resolve(details.role)


def _check_grant(details: HoldRole, by: Actor) -> None:
    role_assignments.check_grant(by, details.role)


def _present_role(details: EditRole | DeleteRole | HoldRole) -> Target:
    # What is granted, too, is what the role meant when it was proposed.
    return Target("role", str(details.role), accounts.role(str(details.role)).version)


registry.add(
    Command(
        name="role.create",
        action="add",
        resource="/roles",
        permission="roles:create",
        input=CreateRole,
        execute=create_role,
        validate=_validate_role,
    ),
    Command(
        name="role.edit",
        action="edit",
        resource="/roles/{role}",
        permission="roles:edit",
        input=EditRole,
        execute=edit_role,
        validate=_validate_role_edit,
        check=_check_role_edit,
        target=_present_role,
        raises_rights_of_all=lambda details: electors.holders_of_role(details.role),
    ),
    Command(
        name="role.delete",
        action="delete",
        resource="/roles/{role}",
        permission="roles:delete",
        input=DeleteRole,
        execute=delete_role,
        target=_present_role,
    ),
    Command(
        name="rule.create",
        action="add",
        resource="/rules",
        permission="rules:create",
        input=CreateRule,
        execute=create_rule,
        validate=_validate_rule,
    ),
    Command(
        name="rule.edit",
        action="edit",
        resource="/rules/{rule}",
        permission="rules:edit",
        input=EditRule,
        execute=edit_rule,
        validate=_validate_rule_edit,
        check=_check_rule_edit,
        raises_rights_of_all=lambda details: electors.holders_of_rule(details.rule),
    ),
    Command(
        name="rule.delete",
        action="delete",
        resource="/rules/{rule}",
        permission="rules:delete",
        input=DeleteRule,
        execute=delete_rule,
        target=lambda details: no_target(accounts.rule(details.rule)),
    ),
    Command(
        name="role.grant",
        action="add",
        resource="/users/{user}/roles",
        permission="users:edit",
        input=HoldRole,
        execute=grant,
        validate=_validate_held,
        check=_check_grant,
        target=_present_role,
        raises_rights_of=operator.attrgetter("user"),
    ),
    Command(
        name="role.withdraw",
        action="delete",
        resource="/users/{user}/roles",
        permission="users:edit",
        input=HoldRole,
        execute=withdraw,
        validate=_validate_held,
    ),
)
