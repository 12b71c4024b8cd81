"""Policies: made, changed and removed by command; built-in ones come with the scope."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from identity import errors
from identity.actor import Actor
from identity.models import Scope
from identity.services import audit, scope_settings
from invitations import errors as refusals
from invitations.decision import expression, patterns, review
from invitations.models import Policy
from invitations.services import decisions
from invitations.services.usual_policies import DEFAULTS, LOCKED

ONE_OTHER_PERSON = '{"all":[],"deny":1,"min":1}'


def on_scope_created(scope: Scope, now: datetime) -> None:
    """Called inside a new scope's transaction."""
    governed = scope_settings.of(scope.settings).governance
    add_built_in(scope_id=scope.id, is_governed=governed, now=now)


def add_built_in(*, scope_id: UUID, is_governed: bool, now: datetime) -> None:
    """Give a new scope its locked policies and, where it is governed, the usual defaults."""
    rows = [
        Policy(
            **policy,
            scope_id=scope_id,
            action="*",
            priority=0,
            decision_on_true=Policy.Decision.REVIEW,
            review_expression=ONE_OTHER_PERSON,
            is_locked=True,
            only_if_reachable=True,
            created_at=now,
            updated_at=now,
        )
        for policy in LOCKED
    ]
    rows += [
        Policy(
            **policy,
            scope_id=scope_id,
            priority=1000,
            decision_on_true=Policy.Decision.REVIEW,
            review_expression=ONE_OTHER_PERSON,
            only_if_reachable=True,
            created_at=now,
            updated_at=now,
        )
        for policy in (DEFAULTS if is_governed else ())
    ]
    Policy.objects.bulk_create(rows)


def create(*, public_id: UUID, fields: Mapping[str, Any], by: Actor, now: datetime) -> Policy:
    """Make a policy. Raises `Conflict` for a taken id and the parsers' errors for bad texts."""
    values = check(fields)
    with transaction.atomic():
        policy = Policy(
            public_id=public_id, scope_id=by.scope_id, created_at=now, updated_at=now, **values
        )
        try:
            with transaction.atomic():
                policy.save(force_insert=True)
        except IntegrityError:
            return _same_or_conflict(public_id, values)
        _record("policy.created", policy, by=by, now=now)
    return policy


def edit(*, public_id: UUID, fields: Mapping[str, Any], by: Actor, now: datetime) -> Policy:
    """Change a policy; its version goes up, so proposals made under the old one become stale."""
    with transaction.atomic():
        policy = changeable(public_id)
        values = check(present(policy) | dict(fields))
        for name, value in values.items():
            setattr(policy, name, value)
        policy.version += 1
        policy.updated_at = now
        policy.save()
        _record("policy.edited", policy, by=by, now=now)
    return policy


def delete(*, public_id: UUID, by: Actor, now: datetime) -> Policy:
    """Remove a policy."""
    with transaction.atomic():
        policy = changeable(public_id)
        _record("policy.deleted", policy, by=by, now=now)
        policy.delete()
    return policy


def changeable(public_id: UUID) -> Policy:
    """The policy, locked for change. Raises `Missing` and `PolicyLocked`."""
    policy = Policy.objects.select_for_update().filter(public_id=public_id).first()
    if policy is None:
        raise errors.Missing("There is no such policy.")
    if policy.is_locked:
        raise refusals.PolicyLocked
    return policy


FIELDS = (
    "name",
    "description",
    "resource",
    "action",
    "priority",
    "expression",
    "decision_on_true",
    "review_expression",
    "status",
)


BLANK: Mapping[str, Any] = {
    "name": "New policy",
    "description": "",
    "resource": "*",
    "action": "*",
    "priority": 100,
    "expression": "",
    "decision_on_true": "DENY",
    "review_expression": "",
    "status": "active",
}
"""Where a new policy begins that is not written yet."""


def present(policy: Policy) -> dict[str, Any]:
    """The changeable fields as they are."""
    return {name: getattr(policy, name) for name in FIELDS}


def described(policy: Policy) -> dict[str, Any]:
    """The answer about one policy in our words."""
    return {"policy": str(policy.public_id), "version": policy.version} | present(policy)


def check(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in the form in which they are stored. Raises typed errors for bad texts."""
    values = dict(fields)
    if values["decision_on_true"] not in Policy.Decision.values:
        raise errors.Invalid("decision_on_true is ALLOW, DENY or REVIEW.")
    if values["status"] not in Policy.Status.values:
        raise errors.Invalid("status is active or disabled.")
    if values["action"] not in {"*", "add", "edit", "delete"}:
        raise errors.Invalid("action is add, edit, delete or *.")
    if not values["name"] or len(values["name"]) > 128 or len(values["description"]) > 512:
        raise errors.Invalid("name has 1 to 128 characters, description at most 512.")
    if not -(2**31) <= values["priority"] < 2**31:
        raise errors.Invalid("priority is a 32-bit integer.")
    if len(values["resource"]) > patterns.MAX_PATTERN:
        raise patterns.PatternInvalid(
            f"Shorten the patterns to {patterns.MAX_PATTERN} characters together."
        )
    for pattern in values["resource"].split(" "):
        patterns.parse(pattern)
    expression.parse(values.get("expression", ""))
    if values["decision_on_true"] == Policy.Decision.REVIEW:
        values["review_expression"] = review.canonical(
            review.parse(values.get("review_expression", ""))
        )
    elif values.get("review_expression"):
        raise errors.Invalid("Only a policy that decides REVIEW has a review_expression.")
    return values


def _same_or_conflict(public_id: UUID, values: Mapping[str, Any]) -> Policy:
    # Client-chosen ids are natural keys: the same id with the same fields is a repeat.
    policy = Policy.objects.get(public_id=public_id)
    if present(policy) | dict(values) != present(policy):
        raise errors.Conflict("Another policy has this plid.")
    return policy


def _record(name: str, policy: Policy, *, by: Actor, now: datetime) -> None:
    audit.record(
        name,
        by=by,
        subject=("policy", str(policy.public_id)),
        now=now,
        facts=decisions.snapshot(policy) | {"status": policy.status},
    )
