"""Policies: what is done at once, what is denied, what waits for others."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Place, Shown
from identity.paging import After, Window
from invitations import queries as invitations


class ChangedPolicy(Shown, frozen=True):
    """A policy as a change left it."""

    id: UUID
    name: str
    description: str
    resource: str
    action: str
    priority: int
    expression: str
    decision_on_true: str
    review_expression: str
    status: str
    version: int


class Policy(ChangedPolicy, frozen=True):
    """A policy; nobody changes one that `is_locked`."""

    is_locked: bool
    only_if_reachable: bool
    created_at: datetime
    updated_at: datetime


class PolicyFilters(Place, frozen=True):
    """Which policies."""

    status: Literal["active", "disabled"] | None = None


class NewPolicy(Body, frozen=True):
    """A new policy; `id` may be chosen by the client. `review_expression` is its text form."""

    name: str
    resource: str
    action: str
    decision_on_true: Literal["ALLOW", "DENY", "REVIEW"]
    description: str = ""
    priority: int = 100
    expression: str = ""
    review_expression: str = ""
    status: Literal["active", "disabled"] = "active"
    id: UUID | None = None


class PolicyEdit(Body, frozen=True):
    """A change of some fields."""

    name: str | None = None
    resource: str | None = None
    action: str | None = None
    decision_on_true: Literal["ALLOW", "DENY", "REVIEW"] | None = None
    description: str | None = None
    priority: int | None = None
    expression: str | None = None
    review_expression: str | None = None
    status: Literal["active", "disabled"] | None = None


def shown(row: Any) -> Policy:
    """A stored policy; its client-visible id is another than the row's."""
    fields = {name: getattr(row, name) for name in Policy.__struct_fields__ if name != "id"}
    for name in ("created_at", "updated_at"):
        fields[name] = fields[name].replace(microsecond=0)
    return Policy(id=row.public_id, **fields)


def _present(asked: Asked) -> Policy:
    return shown(invitations.policy(asked.ids["policy"]))


@route.listing(
    "/policies",
    "policies:list",
    "policies_list",
    "Policies in the order in which they are tried",
    of=Policy,
    query=PolicyFilters,
)
def policies(asked: Asked, after: After) -> Window[Any]:
    """Locked ones first."""
    del asked
    found = invitations.policies_window(after)
    return Window([shown(row) for row in found.rows], found.next)


@route.read(
    "/policies/{policy}",
    "policies:get",
    "policies_get",
    "A policy",
    shows=Policy,
    is_versioned=True,
)
def policy(asked: Asked) -> Policy:
    """One policy."""
    return _present(asked)


def _changed(result: Mapping[str, Any]) -> ChangedPolicy:
    changed: ChangedPolicy = shapes.of_result(ChangedPolicy, {**result, "id": result["policy"]})
    return changed


def _gone(result: Mapping[str, Any]) -> shapes.Gone:
    return shapes.Gone(id=str(result["policy"]))


ROUTES: Final = (
    policies,
    policy,
    route.change(
        "POST",
        "/policies",
        "policies:create",
        "policies_create",
        "Make a policy",
        Change("policy.create", _changed, made="policy"),
        body=NewPolicy,
        shows=ChangedPolicy,
    ),
    route.change(
        "PATCH",
        "/policies/{policy}",
        "policies:edit",
        "policies_edit",
        "Change a policy",
        Change("policy.edit", _changed, present=_present),
        body=PolicyEdit,
        shows=ChangedPolicy,
    ),
    route.change(
        "DELETE",
        "/policies/{policy}",
        "policies:delete",
        "policies_delete",
        "Remove a policy",
        Change("policy.delete", _gone),
        shows=shapes.Gone,
    ),
)
