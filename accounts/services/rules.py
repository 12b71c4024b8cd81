"""Rules: rights as rows, which custom roles are made of."""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from accounts import errors, rights
from accounts.models import Role, Rule
from accounts.services import fields, writing
from identity import errors as refusals
from identity.actor import Actor
from identity.services import audit

_CREATED = ("name", "description", "resource", "action", "proposal_resource", "created_by")


def create(
    *,
    public_id: UUID,
    name: str,
    description: str,
    resource: str,
    action: str,
    proposal_resource: str,
    by: Actor,
    now: datetime,
) -> Rule:
    """Make a rule: an action on a resource, for `approve` on `/proposals` about one resource only.

    The same call by the same actor gives the same rule. Raises `accounts.errors.RuleUnknown`,
    `NameTaken` and `identity.errors.Invalid`.
    """
    rights.of_rule(resource, action, proposal_resource)
    with writing.of(by):
        rule, is_new = writing.insert_once(
            Rule(
                scope_id=by.scope_id,
                public_id=public_id,
                name=fields.line(name, name="name", most=128, least=1),
                description=fields.line(description, name="description", most=512),
                resource=resource,
                action=action,
                proposal_resource=proposal_resource,
                created_at=now,
                created_by=by.user_id,
                updated_at=now,
            ),
            public_id=public_id,
            fields=_CREATED,
        )
        if is_new:
            _record("rule.created", rule, by=by, now=now)
    return rule


def edit(
    *,
    public_id: UUID,
    by: Actor,
    now: datetime,
    name: str | None = None,
    description: str | None = None,
    resource: str | None = None,
    action: str | None = None,
    proposal_resource: str | None = None,
) -> Rule:
    """Change what is given; roles that hold the rule get a new version, as they mean something new.

    Raises `Missing`, `accounts.errors.RuleUnknown`, `identity.errors.Invalid`.
    """
    with writing.of(by):
        rule = locked(public_id)
        if name is not None:
            rule.name = fields.line(name, name="name", most=128, least=1)
        if description is not None:
            rule.description = fields.line(description, name="description", most=512)
        rule.resource = rule.resource if resource is None else resource
        rule.action = rule.action if action is None else action
        if proposal_resource is not None:
            rule.proposal_resource = proposal_resource
        rights.of_rule(rule.resource, rule.action, rule.proposal_resource)
        rule.updated_at = now
        rule.save()
        holders = Role.objects.filter(role_rules__rule=rule)
        holders.update(version=F("version") + 1, updated_at=now)
        _record("rule.edited", rule, by=by, now=now)
    return rule


def delete(*, public_id: UUID, by: Actor, now: datetime) -> None:
    """Remove a rule that no role holds. Raises `Missing` and `accounts.errors.InUse`."""
    with writing.of(by):
        rule = locked(public_id)
        if rule.role_rules.exists():
            raise errors.InUse("Take the rule out of every role first.")
        _record("rule.deleted", rule, by=by, now=now)
        rule.delete()


def locked(public_id: UUID) -> Rule:
    """The rule with its row locked until the transaction ends. Raises `Missing`."""
    rule = Rule.objects.select_for_update().filter(public_id=public_id).first()
    if rule is None:
        raise refusals.Missing("There is no such rule.")
    return rule


def named(public_ids: list[UUID]) -> list[Rule]:
    """The rules of these ids, each once. Raises `Missing` if there is one that is not there."""
    wanted = set(public_ids)
    rules = list(Rule.objects.filter(public_id__in=wanted).order_by("public_id"))
    if len(rules) != len(wanted):
        raise refusals.Missing("There is no such rule.")
    return rules


def rights_of(public_ids: list[UUID]) -> rights.Rights:
    """What these rules give together. Raises `Missing`."""
    return rights.together(
        rights.of_stored_rule(rule.resource, rule.action, rule.proposal_resource)
        for rule in named(public_ids)
    )


def _record(name: str, rule: Rule, *, by: Actor, now: datetime) -> None:
    facts = {"name": rule.name, "resource": rule.resource, "action": rule.action}
    facts |= {"proposal_resource": rule.proposal_resource}
    audit.record(name, by=by, subject=("rule", str(rule.public_id)), now=now, facts=facts)
