"""Electors: users with rights to approve, and since when they have them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Min, Q, QuerySet

from accounts import rights
from accounts.models import Device, GroupMember, Role, RoleAssignment, RoleRule, User
from identity.permissions import PREDEFINED_ROLES


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role of a user, since when, and whose proposals it lets the holder decide."""

    name: str
    since: datetime
    approves: frozenset[str]


@dataclass(frozen=True, slots=True)
class Elector:
    """An active user whose roles let it approve something.

    `person_id` is the user itself, or for a program the person at the end of its makers: one
    person and all its programs never count as two.
    """

    user_id: UUID
    person_id: UUID | None
    public_id: UUID
    username: str
    is_program: bool
    created_by: UUID | None
    roles: tuple[HeldRole, ...]
    groups: Mapping[str, datetime]
    oldest_device_at: datetime | None

    def roles_held(self, latest: datetime | None) -> frozenset[str]:
        """Names of the roles held, if asked only those gained at `latest` or before."""
        return frozenset(role.name for role in self._roles(latest))

    def approves_by(self, latest: datetime | None) -> frozenset[str]:
        """Resource roots whose proposals those roles let this user decide."""
        return frozenset(root for role in self._roles(latest) for root in role.approves)

    def groups_joined(self, latest: datetime | None) -> frozenset[str]:
        """Names of the groups joined, if asked only those joined at `latest` or before."""
        return frozenset(
            name for name, since in self.groups.items() if latest is None or since <= latest
        )

    def _roles(self, latest: datetime | None) -> list[HeldRole]:
        return [role for role in self.roles if latest is None or role.since <= latest]


@dataclass(frozen=True, slots=True)
class Electorate:
    """Everybody who may approve something, and the persons behind the scope's programs."""

    people: Sequence[Elector]
    makers: Mapping[UUID, UUID | None]

    def person_behind(self, user_id: UUID | None) -> UUID | None:
        """The user itself, or for a program the person who made it; None where nobody did."""
        return None if user_id is None else self.makers.get(user_id, user_id)


def everybody(now: datetime) -> Electorate:
    """Every active user of the scope in force whose roles let it approve anything, by joining.

    Six statements, whatever the number of users; only those who may approve are read.
    """
    programs = User.objects.filter(kind=User.Kind.PROGRAM)
    makers = dict(programs.values_list("id", "created_by"))
    approvals = _approvals_of_custom_roles()
    return _electorate(_approvers(approvals), approvals, _persons_behind(makers), now=now)


def alone(user_id: UUID, *, beside: Collection[UUID], now: datetime) -> Electorate:
    """As `everybody`, with one user alone, and the persons behind it and those `beside` it.

    Costs the same in a scope of any size.
    """
    approvals = _approvals_of_custom_roles()
    approvers = _approvers(approvals).filter(user_id=user_id)
    persons = _persons_behind(_makers_of({user_id, *beside}))
    return _electorate(approvers, approvals, persons, now=now)


def _electorate(
    approvers: "QuerySet[RoleAssignment, UUID]",
    approvals: Mapping[UUID, set[str]],
    persons: Mapping[UUID, UUID | None],
    *,
    now: datetime,
) -> Electorate:
    groups: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    members = GroupMember.objects.filter(user_id__in=approvers)
    for user_id, name, joined_at in members.values_list("user_id", "group__name", "joined_at"):
        groups[user_id][name] = joined_at
    devices = dict(
        Device.objects.filter(user_id__in=approvers, status=Device.Status.ACTIVE)
        .values_list("user_id")
        .annotate(Min("registered_at"))
    )
    roles = _roles_by_user(approvers, approvals)
    living = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    users = User.objects.filter(living, id__in=approvers, status=User.Status.ACTIVE)
    people = [
        Elector(
            user_id=user.id,
            person_id=persons.get(user.id, user.id),
            public_id=user.public_id,
            username=user.username,
            is_program=user.kind == User.Kind.PROGRAM,
            created_by=user.created_by,
            roles=tuple(roles[user.id]),
            groups=groups[user.id],
            oldest_device_at=devices.get(user.id),
        )
        for user in users.order_by("created_at", "id")
    ]
    return Electorate(people, persons)


def _makers_of(user_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Who made the programs among these users, and who made those makers, to the end."""
    makers: dict[UUID, UUID | None] = {}
    wanted = set(user_ids)
    while wanted:
        programs = User.objects.filter(id__in=wanted, kind=User.Kind.PROGRAM)
        found = dict(programs.values_list("id", "created_by"))
        makers |= found
        wanted = {maker for maker in found.values() if maker is not None} - makers.keys()
    return makers


def _persons_behind(makers: Mapping[UUID, UUID | None]) -> dict[UUID, UUID | None]:
    """For every program the person who made it, through all makers in between.

    None where no person did: the platform's shell or an operator made it.
    """
    return {program: _person_behind(program, makers) for program in makers}


def _person_behind(program: UUID, makers: Mapping[UUID, UUID | None]) -> UUID | None:
    seen: set[UUID] = set()
    maker: UUID | None = program
    while maker is not None and maker in makers and maker not in seen:
        seen.add(maker)
        maker = makers[maker]
    return maker


def holders_of_role(role: UUID) -> set[UUID]:
    """Client-visible ids of the users who hold a custom role."""
    held = RoleAssignment.objects.filter(role__public_id=role)
    return set(held.values_list("user__public_id", flat=True))


def holders_of_rule(rule: UUID) -> set[UUID]:
    """Client-visible ids of the users who hold a role that a rule is part of."""
    held = RoleAssignment.objects.filter(role__role_rules__rule__public_id=rule)
    return set(held.values_list("user__public_id", flat=True))


def _approvers(approvals: Mapping[UUID, set[str]]) -> "QuerySet[RoleAssignment, UUID]":
    predefined = [role.name for role in PREDEFINED_ROLES.values() if role.approves]
    holders = Q(predefined__in=predefined) | Q(
        role_id__in=list(approvals), role__status=Role.Status.ACTIVE
    )
    return RoleAssignment.objects.filter(holders).values_list("user_id", flat=True)


def _roles_by_user(
    approvers: "QuerySet[RoleAssignment, UUID]", approvals: Mapping[UUID, set[str]]
) -> dict[UUID, list[HeldRole]]:
    held: dict[UUID, list[HeldRole]] = defaultdict(list)
    rows = RoleAssignment.objects.filter(user_id__in=approvers).values_list(
        "user_id", "predefined", "role_id", "role__name", "role__status", "granted_at"
    )
    for user_id, predefined, role_id, name, status, granted_at in rows:
        if predefined in PREDEFINED_ROLES:
            approves = PREDEFINED_ROLES[predefined].approves
            held[user_id].append(HeldRole(predefined, granted_at, approves))
        elif status == Role.Status.ACTIVE:
            gained = frozenset(approvals.get(role_id, ()))
            held[user_id].append(HeldRole(name, granted_at, gained))
    return held


def _approvals_of_custom_roles() -> dict[UUID, set[str]]:
    approves: dict[UUID, set[str]] = defaultdict(set)
    rows = RoleRule.objects.filter(rule__resource="/proposals").values_list(
        "role_id", "rule__resource", "rule__action", "rule__proposal_resource"
    )
    for role_id, *rule in rows:
        approves[role_id] |= rights.of_stored_rule(*rule).approves
    return approves
