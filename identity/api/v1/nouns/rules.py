"""Rules: single rights of which roles are made."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import queries as accounts
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.paging import After, Window


class Rule(Shown, frozen=True):
    """A right: an action on a resource, or deciding proposals about `proposal_resource`."""

    id: UUID
    name: str
    description: str
    resource: str
    action: str
    proposal_resource: str
    created_at: datetime
    updated_at: datetime


class RuleFilters(Newest, frozen=True):
    """Which rules."""

    resource: str | None = None
    action: str | None = None


class NewRule(Body, frozen=True):
    """A new rule; `id` may be chosen by the client."""

    name: str
    resource: str
    action: str
    description: str = ""
    proposal_resource: str = ""
    id: UUID | None = None


class RuleEdit(Body, frozen=True):
    """A change of some fields."""

    name: str | None = None
    description: str | None = None
    resource: str | None = None
    action: str | None = None
    proposal_resource: str | None = None


@route.listing("/rules", "rules:list", "rules_list", "Rules", of=Rule, query=RuleFilters)
def rules(asked: Asked, after: After) -> Window[Any]:
    """Rules of the scope."""
    del asked
    return accounts.rules_window(after)


@route.read("/rules/{rule}", "rules:get", "rules_get", "A rule", shows=Rule)
def rule(asked: Asked) -> Rule:
    """One rule."""
    shown: Rule = shapes.of_row(Rule, accounts.rule(asked.ids["rule"]))
    return shown


_rule = shapes.part("rule", Rule)

ROUTES: Final = (
    rules,
    rule,
    route.change(
        "POST",
        "/rules",
        "rules:create",
        "rules_create",
        "Make a rule",
        Change("rule.create", _rule, made="rule"),
        body=NewRule,
        shows=Rule,
    ),
    route.change(
        "PATCH",
        "/rules/{rule}",
        "rules:edit",
        "rules_edit",
        "Change a rule",
        Change("rule.edit", _rule),
        body=RuleEdit,
        shows=Rule,
    ),
    route.change(
        "DELETE",
        "/rules/{rule}",
        "rules:delete",
        "rules_delete",
        "Remove a rule",
        Change("rule.delete", shapes.gone("rule")),
        shows=shapes.Gone,
    ),
)
