"""Reads about roles, rules and groups."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from accounts import rights
from accounts.models import Group, GroupMember, Role, RoleRule, Rule
from accounts.queries import listing
from accounts.queries.rows import GroupRow, RoleRow, RuleRow
from identity import errors, permissions
from identity.paging import MOST_ROWS, Listed, Page
from identity.permissions import PredefinedRole


def roles(page: Page) -> Listed[RoleRow]:
    """Predefined roles first, then custom ones; filters `status` and `name`."""
    predefined = predefined_roles(page.filters)
    listing.require_bounds(page)
    start = max(0, page.offset - len(predefined))
    head = predefined[page.offset : page.offset + page.limit]
    room = page.limit - len(head)
    custom = listing.listed(
        Role.objects.all(),
        Page(max(1, room), start, page.sort_by, page.is_descending, page.filters),
        filters=ROLE_FILTERS,
        read=role_rows,
    )
    return Listed([*head, *custom.rows[:room]], len(predefined) + custom.total)


def role(role_id: str) -> RoleRow:
    """One role by name (predefined) or id (custom). Raises `Missing`."""
    if role_id in permissions.PREDEFINED_ROLES:
        return _predefined_row(permissions.PREDEFINED_ROLES[role_id])
    found = Role.objects.filter(public_id=_id(role_id, "role")).first()
    if found is None:
        raise errors.Missing("There is no such role.")
    return role_rows([found])[0]


def rules(page: Page) -> Listed[RuleRow]:
    """Rules; filters `resource` and `action`."""
    return listing.listed(
        Rule.objects.all(),
        page,
        filters=RULE_FILTERS,
        read=lambda found: [rule_row(row) for row in found],
    )


def rule(public_id: UUID) -> RuleRow:
    """One rule. Raises `Missing`."""
    found = Rule.objects.filter(public_id=public_id).first()
    if found is None:
        raise errors.Missing("There is no such rule.")
    return rule_row(found)


def groups(page: Page) -> Listed[GroupRow]:
    """Groups without their members; filters `name` and `user`."""
    return listing.listed(
        Group.objects.all(),
        page,
        filters=GROUP_FILTERS,
        read=lambda found: [group_row(row, [], row.members.count()) for row in found],
    )


def group(public_id: UUID) -> GroupRow:
    """One group with its first 200 members in the order of joining. Raises `Missing`."""
    found = Group.objects.filter(public_id=public_id).first()
    if found is None:
        raise errors.Missing("There is no such group.")
    members = GroupMember.objects.filter(group=found).order_by("joined_at", "id")
    users = list(members.values_list("user__public_id", flat=True)[:MOST_ROWS])
    is_whole = 0 < len(users) < MOST_ROWS
    return group_row(found, users, len(users) if is_whole else found.members.count())


ROLE_FILTERS: Final[Mapping[str, listing.Filter]] = MappingProxyType(
    {
        "status": listing.by_word("status", Role.Status.values),
        "name": listing.by_text("name"),
    }
)
RULE_FILTERS: Final[Mapping[str, listing.Filter]] = MappingProxyType(
    {"resource": listing.by_text("resource"), "action": listing.by_text("action")}
)
GROUP_FILTERS: Final[Mapping[str, listing.Filter]] = MappingProxyType(
    {
        "name": listing.by_text("name"),
        "user": listing.by_id("members__user__public_id"),
    }
)


def predefined_roles(filters: Mapping[str, Any]) -> list[RoleRow]:
    """The predefined roles that fit the filters `status` and `name`."""
    wanted = listing.text(filters["name"]) if "name" in filters else None
    if filters.get("status") == Role.Status.DISABLED:
        return []
    return [
        _predefined_row(known)
        for known in permissions.PREDEFINED_ROLES.values()
        if wanted in {None, known.name}
    ]


def _predefined_row(known: PredefinedRole) -> RoleRow:
    return RoleRow(
        id=known.name,
        name=known.name,
        description=known.description,
        status=Role.Status.ACTIVE,
        is_predefined=True,
        rules=(),
        permissions=sorted(known.permissions),
        approves=sorted(known.approves),
        version=1,
        created_at=None,
        updated_at=None,
    )


def role_rows(found: Sequence[Role]) -> list[RoleRow]:
    """What readers see of custom roles."""
    held: Mapping[UUID, list[Rule]] = defaultdict(list)
    pairs = RoleRule.objects.filter(role__in=found).select_related("rule")
    for pair in pairs.order_by("rule__public_id"):
        held[pair.role_id].append(pair.rule)
    return [_role_row(row, held[row.id]) for row in found]


def _role_row(row: Role, held: Sequence[Rule]) -> RoleRow:
    given = rights.together(
        rights.of_stored_rule(rule.resource, rule.action, rule.proposal_resource) for rule in held
    )
    return RoleRow(
        id=str(row.public_id),
        name=row.name,
        description=row.description,
        status=row.status,
        is_predefined=False,
        rules=[rule.public_id for rule in held],
        permissions=sorted(given.permissions),
        approves=sorted(given.approves),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def rule_row(row: Rule) -> RuleRow:
    """What readers see of a rule."""
    return RuleRow(
        id=row.public_id,
        name=row.name,
        description=row.description,
        resource=row.resource,
        action=row.action,
        proposal_resource=row.proposal_resource,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def group_row(row: Group, users: Sequence[UUID], count: int) -> GroupRow:
    """What readers see of a group with these first members of so many."""
    return GroupRow(
        id=row.public_id,
        name=row.name,
        description=row.description,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        users=users,
        user_count=count,
    )


def _id(text: Any, noun: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise errors.Missing(f"There is no such {noun}.") from None
