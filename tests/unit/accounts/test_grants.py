"""What a user may do now follows from its roles, in one statement."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from accounts import errors, queries
from accounts.models import Role, User
from accounts.queries import grants
from accounts.services import devices, groups, operators, role_assignments, roles, rules, users
from identity import actor, ids, permissions
from identity import errors as refusals
from identity.actor import Actor, ActorKind
from identity.models import Scope
from identity.scoping import current
from tests.unit.accounts.people import MakeActor, MakeUser


def custom_role(by: Actor, now: datetime, *held: Any) -> Role:
    made = [
        rules.create(
            public_id=ids.new(),
            name="rule",
            description="",
            resource=resource,
            action=action,
            proposal_resource=narrowed,
            by=by,
            now=now,
        ).public_id
        for resource, action, narrowed in held
    ]
    return roles.create(
        public_id=ids.new(), name="desk", description="", rule_ids=made, by=by, now=now
    )


def test_gives_everybody_self_service(member: MakeUser) -> None:
    assert queries.grants_of(member("bob").id) == grants.NOTHING
    assert queries.grants_of(None).permissions == permissions.SELF_SERVICE


def test_adds_up_predefined_and_custom_roles_and_groups(
    system: Actor, member: MakeUser, now: datetime, django_assert_num_queries: Any
) -> None:
    user = member("bob", "support", "member")
    role = custom_role(system, now, ("/policies", "list", ""), ("/proposals", "approve", "/users"))
    role_assignments.grant(user_id=user.id, role=str(role.public_id), by=system, now=now)
    group = groups.create(public_id=ids.new(), name="security", description="", by=system, now=now)
    groups.add_member(public_id=group.public_id, user_id=user.id, by=system, now=now)
    queries.grants_of(user.id)  # compiles the statement
    with django_assert_num_queries(1):
        found = queries.grants_of(user.id)
    assert found.roles == {"support", "member", "desk"}
    assert found.groups == {str(group.public_id)}
    assert found.approves == {"/users"}
    support = permissions.PREDEFINED_ROLES["support"].permissions
    own = {"policies:list", "proposals:approve"}
    assert found.permissions == support | own | permissions.SELF_SERVICE


def test_gives_nothing_for_a_disabled_role(system: Actor, member: MakeUser, now: datetime) -> None:
    user = member("bob")
    role = custom_role(system, now, ("/policies", "list", ""))
    role_assignments.grant(user_id=user.id, role=str(role.public_id), by=system, now=now)
    assert "policies:list" in queries.grants_of(user.id).permissions
    roles.edit(public_id=role.public_id, status="disabled", by=system, now=now)
    assert queries.grants_of(user.id) == grants.NOTHING


def test_gives_nothing_in_another_scope(member: MakeUser, other: Scope) -> None:
    user = member("alice", "super-admin")
    with current.in_scope(other.id):
        assert queries.grants_of(user.id) == grants.NOTHING


def test_makes_an_actor_of_a_user_and_its_device(member: MakeUser, acting: MakeActor) -> None:
    user = member("alice", "workspace-owner")
    by = acting(user)
    assert (by.user_id, by.public_id, by.scope_id) == (user.id, user.public_id, user.scope_id)
    assert by.roles == {"workspace-owner"}
    assert by.may("users:list")
    assert by.device_registered_at is not None
    assert not by.is_program


@pytest.mark.parametrize("end", [devices.revoke, devices.suspend])
def test_makes_no_actor_of_a_device_that_is_refused(
    system: Actor, member: MakeUser, acting: MakeActor, now: datetime, end: Callable[..., object]
) -> None:
    user = member("bob")
    device = user.devices.get()
    end(device_id=device.id, reason="", by=system, now=now)
    with pytest.raises(errors.UserInactive):
        acting(user)


def test_makes_no_actor_of_a_disabled_user_or_anothers_device(
    system: Actor, member: MakeUser, now: datetime
) -> None:
    bob, carol = member("bob"), member("carol")
    with pytest.raises(errors.UserInactive):
        queries.actor_of_user(
            user_id=bob.id, kind=ActorKind.DEVICE, device_id=carol.devices.get().id
        )
    with pytest.raises(errors.UserInactive):
        queries.actor_of_user(user_id=bob.id, kind=ActorKind.DEVICE)
    users.disable(user_id=bob.id, by=system, now=now)
    with pytest.raises(errors.UserInactive):
        queries.actor_of_user(user_id=bob.id, kind=ActorKind.DEVICE, device_id=bob.devices.get().id)


def test_an_invited_actor_has_no_rights(system: Actor, person: MakeUser, now: datetime) -> None:
    user = person("bob", "super-admin")
    by = queries.actor_of_user(user_id=user.id, kind=ActorKind.INVITATION, device_id=ids.new())
    assert (by.permissions, by.approves, by.roles) == (frozenset(), frozenset(), frozenset())
    users.disable(user_id=user.id, by=system, now=now)
    with pytest.raises(errors.UserInactive):
        queries.actor_of_user(user_id=user.id, kind=ActorKind.INVITATION)


def test_tells_no_one_of_users_of_another_scope(member: MakeUser, other: Scope) -> None:
    user = member("alice")
    with current.in_scope(other.id):
        for kind in (ActorKind.DEVICE, ActorKind.INVITATION, ActorKind.STAFF):
            with pytest.raises(refusals.Missing):
                queries.actor_of_user(user_id=user.id, kind=kind, device_id=None)


def test_operators_work_everywhere_and_vote_nowhere(acme: Scope, now: datetime) -> None:
    operators.ensure_first(now=now)
    platform = operators.ensure_platform(now=now)
    with current.in_scope(platform.id):
        user = User.objects.get()
    by = queries.staff_actor(user, scope_id=acme.id)
    assert (by.scope_id, by.is_operator, by.kind) == (acme.id, True, ActorKind.STAFF)
    assert by.permissions == permissions.OPERATOR
    assert not by.may("proposals:approve")
    with current.in_scope(acme.id):
        assert queries.actor_of_user(user_id=user.id, kind=ActorKind.STAFF) == by
        assert queries.operator(user.id, scope_id=acme.id) == by
    with current.in_scope(platform.id):
        users.disable(user_id=user.id, by=actor.system(platform.id), now=now)
    with current.in_scope(acme.id):
        for ask in (
            lambda: queries.actor_of_user(user_id=user.id, kind=ActorKind.STAFF),
            lambda: queries.operator(user.id, scope_id=acme.id),
        ):
            with pytest.raises(errors.UserInactive):
                ask()


def test_staff_of_a_scope_works_with_its_roles_and_only_there(
    system: Actor, acme: Scope, other: Scope, now: datetime
) -> None:
    user = operators.add_staff(
        username="alice",
        password="correct horse battery",
        email="",
        first_name="",
        last_name="",
        roles=["workspace-auditor"],
        by=system,
        now=now,
    )
    by = queries.staff_actor(user, scope_id=acme.id)
    assert by.permissions == queries.grants_of(user.id).permissions
    assert by.roles == {"workspace-auditor"}
    with pytest.raises(refusals.Forbidden):
        queries.staff_actor(user, scope_id=other.id)
    with pytest.raises(errors.UserInactive):
        queries.operator(user.id, scope_id=acme.id)
