"""Roles and rules are made, changed, granted and withdrawn."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from accounts import errors, queries
from accounts.models import Role, RoleAssignment, Rule
from accounts.services import role_assignments, roles, rules
from identity import actor, ids, permissions
from identity import errors as refusals
from identity.actor import Actor, ActorKind
from identity.models import AuditEvent, Scope
from identity.paging import Page
from tests.unit.accounts.people import Events, MakeActor, MakeUser


def make_rule(
    by: Actor,
    now: datetime,
    resource: str = "/users",
    action: str = "list",
    narrowed: str = "",
    public_id: Any = None,
    name: str = "r",
) -> Rule:
    return rules.create(
        public_id=public_id or ids.new(),
        name=name,
        description="",
        resource=resource,
        action=action,
        proposal_resource=narrowed,
        by=by,
        now=now,
    )


def make_role(
    by: Actor, now: datetime, *held: Any, name: str = "desk", public_id: Any = None
) -> Role:
    return roles.create(
        public_id=public_id or ids.new(),
        name=name,
        description="",
        rule_ids=[rule.public_id for rule in held],
        by=by,
        now=now,
    )


def test_makes_a_role_of_rules(system: Actor, now: datetime, events: Events) -> None:
    rule = make_rule(system, now)
    role = make_role(system, now, rule)
    assert list(role.rules.all()) == [rule]
    assert events()[-2:] == ["rule.created", "role.created"]


def test_repeats_creations(system: Actor, now: datetime, events: Events) -> None:
    rule_id, role_id = ids.new(), ids.new()
    rule = make_rule(system, now, public_id=rule_id)
    role = make_role(system, now, rule, public_id=role_id)
    count = len(events())
    assert make_rule(system, now, public_id=rule_id).id == rule.id
    assert make_role(system, now, rule, public_id=role_id).id == role.id
    assert len(events()) == count
    with pytest.raises(errors.NameTaken):
        make_rule(system, now, public_id=rule_id, action="get")
    with pytest.raises(errors.NameTaken):
        make_role(system, now, public_id=role_id)


@pytest.mark.parametrize("name", ["super-admin", "Super-Admin", "\uff53uper-admin", "member "])
def test_keeps_names_of_predefined_roles(system: Actor, now: datetime, name: str) -> None:
    with pytest.raises(errors.NameTaken):
        make_role(system, now, name=name)
    role = make_role(system, now, name="free")
    with pytest.raises(errors.NameTaken):
        roles.edit(public_id=role.public_id, name=name, by=system, now=now)


def test_refuses_a_name_that_another_role_has(system: Actor, now: datetime) -> None:
    make_role(system, now, name="one")
    two = make_role(system, now, name="two")
    with pytest.raises(errors.NameTaken):
        make_role(system, now, name="one")
    with pytest.raises(errors.NameTaken):
        roles.edit(public_id=two.public_id, name="one", by=system, now=now)


def test_refuses_rules_of_unknown_words_and_roles_of_unknown_rules(
    system: Actor, now: datetime
) -> None:
    with pytest.raises(errors.RuleUnknown):
        make_rule(system, now, resource="/wallets")
    with pytest.raises(refusals.Missing):
        roles.create(
            public_id=ids.new(), name="x", description="", rule_ids=[ids.new()], by=system, now=now
        )
    assert not Rule.objects.exists()
    assert not Role.objects.exists()


def test_edits_a_role(system: Actor, now: datetime) -> None:
    first, second = make_rule(system, now), make_rule(system, now, action="get")
    role = make_role(system, now, first)
    roles.edit(
        public_id=role.public_id,
        name="new",
        description="d",
        rule_ids=[second.public_id],
        status="disabled",
        by=system,
        now=now,
    )
    stored = Role.objects.get(id=role.id)
    assert (stored.name, stored.description, stored.status, stored.version) == (
        "new",
        "d",
        "disabled",
        2,
    )
    assert list(stored.rules.all()) == [second]
    with pytest.raises(refusals.Invalid):
        roles.edit(public_id=role.public_id, status="gone", by=system, now=now)


def test_a_changed_rule_makes_a_new_version_of_its_roles(system: Actor, now: datetime) -> None:
    rule = make_rule(system, now)
    role, apart = make_role(system, now, rule), make_role(system, now, name="apart")
    rules.edit(public_id=rule.public_id, action="get", by=system, now=now)
    assert Role.objects.get(id=role.id).version == 2
    assert Role.objects.get(id=apart.id).version == 1
    with pytest.raises(errors.RuleUnknown):
        rules.edit(public_id=rule.public_id, action="fly", by=system, now=now)


def test_deletes_only_what_is_not_in_use(system: Actor, person: MakeUser, now: datetime) -> None:
    rule = make_rule(system, now)
    role = make_role(system, now, rule)
    user = person("bob")
    role_assignments.grant(user_id=user.id, role=str(role.public_id), by=system, now=now)
    with pytest.raises(errors.InUse):
        rules.delete(public_id=rule.public_id, by=system, now=now)
    with pytest.raises(errors.InUse):
        roles.delete(public_id=role.public_id, by=system, now=now)
    role_assignments.withdraw(user_id=user.id, role=str(role.public_id), by=system, now=now)
    roles.delete(public_id=role.public_id, by=system, now=now)
    rules.delete(public_id=rule.public_id, by=system, now=now)
    assert not Role.objects.exists()
    assert not Rule.objects.exists()


def test_grants_and_withdraws(
    system: Actor, person: MakeUser, now: datetime, events: Events
) -> None:
    user = person("bob")
    assert role_assignments.grant(user_id=user.id, role="member", by=system, now=now)
    assert not role_assignments.grant(user_id=user.id, role="member", by=system, now=now)
    assert events().count("role.granted") == 1
    assert AuditEvent.objects.get(name="role.granted").subject_id == str(user.id)
    role_assignments.withdraw(user_id=user.id, role="member", by=system, now=now)
    with pytest.raises(refusals.Missing):
        role_assignments.withdraw(user_id=user.id, role="member", by=system, now=now)
    assert not RoleAssignment.objects.exists()


@pytest.mark.parametrize("role", ["wizard", "", "00000000-0000-0000-0000-000000000000"])
def test_refuses_unknown_roles(system: Actor, person: MakeUser, now: datetime, role: str) -> None:
    with pytest.raises(errors.RoleUnknown):
        role_assignments.grant(user_id=person("bob").id, role=role, by=system, now=now)


def test_refuses_to_grant_a_disabled_role(system: Actor, person: MakeUser, now: datetime) -> None:
    role = make_role(system, now)
    roles.edit(public_id=role.public_id, status="disabled", by=system, now=now)
    with pytest.raises(refusals.Conflict):
        role_assignments.grant(
            user_id=person("bob").id, role=str(role.public_id), by=system, now=now
        )


def test_tells_no_one_of_roles_of_another_scope(
    system: Actor, person: MakeUser, now: datetime, other: Scope
) -> None:
    role, rule = make_role(system, now), make_rule(system, now)
    stranger = actor.system(other.id)
    for service, public_id in (
        (roles.edit, role.public_id),
        (roles.delete, role.public_id),
        (rules.edit, rule.public_id),
        (rules.delete, rule.public_id),
    ):
        with pytest.raises(refusals.Missing):
            service(public_id=public_id, by=stranger, now=now)
    with pytest.raises(refusals.Missing):
        make_role(stranger, now, rule)


def test_keeps_the_last_owner(system: Actor, member: MakeUser, now: datetime) -> None:
    alice = member("alice", "workspace-owner")
    with pytest.raises(errors.LastOwner):
        role_assignments.withdraw(user_id=alice.id, role="workspace-owner", by=system, now=now)
    role_assignments.grant(user_id=alice.id, role="super-admin", by=system, now=now)
    role_assignments.withdraw(user_id=alice.id, role="workspace-owner", by=system, now=now)
    with pytest.raises(errors.LastOwner):
        role_assignments.withdraw(user_id=alice.id, role="super-admin", by=system, now=now)
    member("bob", "workspace-owner")
    role_assignments.withdraw(user_id=alice.id, role="super-admin", by=system, now=now)


def test_takes_an_owners_role_from_who_is_invited_only(
    system: Actor, person: MakeUser, now: datetime
) -> None:
    carol = person("invited", "workspace-owner")
    role_assignments.withdraw(user_id=carol.id, role="workspace-owner", by=system, now=now)


def closure(holder: frozenset[str]) -> frozenset[str]:
    """Roles that a holder of these could come to hold by granting, again and again."""
    held = holder
    while True:
        given = [permissions.PREDEFINED_ROLES[name] for name in held]
        by = actor.Actor(
            kind=ActorKind.DEVICE,
            scope_id=UUID(int=1),
            permissions=frozenset().union(*(role.permissions for role in given)),
            approves=frozenset().union(*(role.approves for role in given)),
        )
        reached = set(held)
        for name in permissions.PREDEFINED_ROLES:
            try:
                role_assignments.check_grant(by, name)
            except errors.GrantTooWide:
                continue
            reached.add(name)
        if reached == held:
            return held
        held = frozenset(reached)


@pytest.mark.parametrize("role", sorted(permissions.PREDEFINED_ROLES))
def test_nobody_reaches_more_than_it_holds_by_granting(role: str) -> None:
    own = permissions.PREDEFINED_ROLES[role]
    reached = [permissions.PREDEFINED_ROLES[name] for name in closure(frozenset({role}))]
    assert frozenset().union(*(each.permissions for each in reached)) == own.permissions
    if "*" not in own.approves:
        assert frozenset().union(*(each.approves for each in reached)) == own.approves


def test_refuses_a_custom_role_wider_than_the_granter(
    system: Actor, member: MakeUser, acting: MakeActor, now: datetime
) -> None:
    rule = make_rule(system, now, "/proposals", "approve", "/policies")
    role = make_role(system, now, rule)
    maintainer = acting(member("bob", "workspace-maintainer"))
    with pytest.raises(errors.GrantTooWide):
        role_assignments.check_grant(maintainer, str(role.public_id))
    role_assignments.check_grant(maintainer, "workspace-maintainer")
    role_assignments.check_grant(system, "super-admin")
    owner = acting(member("alice", "workspace-owner"))
    role_assignments.check_grant(owner, str(role.public_id))


def test_lists_predefined_roles_before_custom_ones(system: Actor, now: datetime) -> None:
    make_role(system, now, make_rule(system, now), name="custom")
    everything = queries.roles(Page(limit=200))
    assert [row.is_predefined for row in everything.rows] == [True] * 10 + [False]
    assert everything.total == 11
    pages = [queries.roles(Page(limit=4, offset=start)).rows for start in (0, 4, 8)]
    assert [row.name for page in pages for row in page] == [row.name for row in everything.rows]
    assert everything.rows[-1].permissions == ["users:list"]
    only = queries.roles(Page(filters={"name": "custom"}))
    assert [row.name for row in only.rows] == ["custom"]
    assert queries.role(only.rows[0].id) == only.rows[0]
    assert queries.role("member").name == "member"
