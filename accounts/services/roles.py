"""Custom roles: named sets of rules."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts import errors
from accounts.models import Role, RoleRule, Rule
from accounts.models.user import fold
from accounts.services import fields, rules, text_ids, writing
from identity import errors as refusals
from identity import permissions
from identity.actor import Actor
from identity.services import audit

MOST_RULES = 200
_CREATED = ("name", "description", "created_by")
_RESERVED = frozenset(fold(name) for name in permissions.PREDEFINED_ROLES)


def create(
    *,
    public_id: UUID,
    name: str,
    description: str,
    rule_ids: Sequence[UUID],
    by: Actor,
    now: datetime,
) -> Role:
    """Make a role of rules that exist. Names of predefined roles are not free.

    The same call by the same actor gives the same role. Raises `Missing` for an unknown rule,
    `accounts.errors.NameTaken`, `identity.errors.Invalid`.
    """
    with writing.of(by):
        chosen = _chosen(rule_ids)
        role, is_new = writing.insert_once(
            Role(
                scope_id=by.scope_id,
                public_id=public_id,
                name=_free_name(name),
                description=fields.line(description, name="description", most=512),
                created_at=now,
                created_by=by.user_id,
                updated_at=now,
            ),
            public_id=public_id,
            fields=_CREATED,
            is_same=lambda earlier: _holds(earlier, chosen),
        )
        if is_new:
            _set_rules(role, chosen)
            _record("role.created", role, chosen, by=by, now=now)
    return role


def edit(
    *,
    public_id: UUID,
    by: Actor,
    now: datetime,
    name: str | None = None,
    description: str | None = None,
    rule_ids: Sequence[UUID] | None = None,
    status: str | None = None,
) -> Role:
    """Change what is given; `rule_ids` replaces the whole set, `status` is active or disabled.

    A disabled role gives nothing to who holds it. Raises `Missing`, `accounts.errors.NameTaken`,
    `identity.errors.Invalid`.
    """
    with writing.of(by):
        role = locked(public_id)
        if name is not None and name != role.name:
            role.name = _free_name(name)
            _require_unused(role)
        if description is not None:
            role.description = fields.line(description, name="description", most=512)
        if status is not None:
            role.status = _status(status)
        if rule_ids is not None:
            _set_rules(role, _chosen(rule_ids))
        role.version += 1
        role.updated_at = now
        role.save()
        _record("role.edited", role, list(role.rules.all()), by=by, now=now)
    return role


def delete(*, public_id: UUID, by: Actor, now: datetime) -> None:
    """Remove a role that nobody holds. Raises `Missing` and `accounts.errors.InUse`."""
    with writing.of(by):
        role = locked(public_id)
        if role.assignments.exists():
            raise errors.InUse("Withdraw the role from everybody first.")
        _record("role.deleted", role, [], by=by, now=now)
        role.delete()


def locked(public_id: UUID) -> Role:
    """The role with its row locked until the transaction ends. Raises `Missing`."""
    role = Role.objects.select_for_update().filter(public_id=public_id).first()
    if role is None:
        raise refusals.Missing("There is no such role.")
    return role


def _free_name(name: str) -> str:
    text = fields.line(name, name="name", most=128, least=1)
    text_ids.require_plain(text, name="name")
    if fold(text) in _RESERVED:
        raise errors.NameTaken("This is the name of a predefined role.")
    return text


def _require_unused(role: Role) -> None:
    if Role.objects.filter(name=role.name).exclude(id=role.id).exists():
        raise errors.NameTaken


def _status(status: str) -> str:
    if status not in Role.Status.values:
        raise refusals.Invalid("status is active or disabled.", field="status")
    return status


def _chosen(rule_ids: Sequence[UUID]) -> list[Rule]:
    if len(rule_ids) > MOST_RULES:
        raise refusals.Invalid(f"A role has at most {MOST_RULES} rules.", field="rules")
    return rules.named(list(rule_ids))


def _set_rules(role: Role, chosen: Sequence[Rule]) -> None:
    RoleRule.objects.filter(role=role).delete()
    RoleRule.objects.bulk_create(
        [RoleRule(scope_id=role.scope_id, role=role, rule=rule) for rule in chosen]
    )


def _holds(role: Role, chosen: Sequence[Rule]) -> bool:
    held = RoleRule.objects.filter(role=role).values_list("rule_id", flat=True)
    return set(held) == {rule.id for rule in chosen}


def _record(name: str, role: Role, held: Sequence[Rule], *, by: Actor, now: datetime) -> None:
    facts = {
        "name": role.name,
        "status": str(role.status),
        "version": role.version,
        "rules": sorted(str(rule.public_id) for rule in held),
    }
    audit.record(name, by=by, subject=("role", str(role.public_id)), now=now, facts=facts)
