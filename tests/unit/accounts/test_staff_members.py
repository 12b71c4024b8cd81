"""Staff of a scope: its own people, and logins of other scopes that act as users here."""

from datetime import datetime

import pytest

from accounts import errors
from accounts.models import User
from accounts.queries import staff_actor_in, staff_member, staff_rows
from accounts.queries.grants import actor_of_user
from accounts.services import operators, staff, users
from identity import actor, ids
from identity import errors as refusals
from identity.actor import Actor, ActorKind
from identity.models import Scope
from identity.scoping import current
from identity.services import scopes
from tests.unit.accounts.people import Events, MakeUser

PASSWORD = "correct horse battery"


@pytest.fixture
def charlie(other: Scope, now: datetime) -> User:
    """charlie signs in in the other scope."""
    with current.in_scope(other.id):
        for name in ("charlie", "dave"):
            operators.add_staff(
                username=name,
                password=PASSWORD,
                email="",
                first_name="",
                last_name="",
                roles=["super-admin"],
                by=actor.system(other.id),
                now=now,
            )
        user = User.objects.get(username="charlie")
    user.scope_slug = "other"
    return user


def admit(by: Actor, now: datetime, *roles: str, name: str = "other/charlie") -> User:
    return staff.admit_login(public_id=ids.new(), name=name, roles=roles, by=by, now=now)


def test_lets_a_person_of_the_scope_in_and_out(
    system: Actor, member: MakeUser, now: datetime, events: Events
) -> None:
    alice = member("alice", "workspace-auditor")
    staff.admit(user_id=alice.id, by=system, now=now)
    staff.admit(user_id=alice.id, by=system, now=now)
    assert User.objects.get(id=alice.id).is_staff
    row = staff_member(alice.public_id)
    assert (row.login, row.roles, row.has_one_time_password) == ("", ["workspace-auditor"], False)
    staff.dismiss(user_id=alice.id, by=system, now=now)
    assert not User.objects.get(id=alice.id).is_staff
    assert events()[-2:] == ["staff.admitted", "staff.dismissed"]
    with pytest.raises(refusals.Missing):
        staff.dismiss(user_id=alice.id, by=system, now=now)


def test_lets_no_program_and_nobody_inactive_in(
    system: Actor, person: MakeUser, now: datetime
) -> None:
    bob = person("bob")
    with pytest.raises(refusals.Conflict):
        staff.admit(user_id=bob.id, by=system, now=now)
    with pytest.raises(refusals.Missing):
        staff.admit(user_id=ids.new(), by=system, now=now)


def test_a_login_acts_as_a_user_of_its_own(
    system: Actor, charlie: User, inside: Scope, now: datetime
) -> None:
    user = admit(system, now, "workspace-auditor")
    by = staff_actor_in(charlie, "acme")
    assert by is not None
    assert (by.scope_id, by.user_id, by.kind) == (inside.id, user.id, ActorKind.STAFF)
    assert by.roles == {"workspace-auditor"}
    assert not by.is_operator
    # At home the rights are those at home.
    home = staff_actor_in(charlie, "other")
    assert home is not None
    assert home.user_id == charlie.id
    assert home.roles == {"super-admin"}
    # Who proposed as staff is judged so again when the proposal is carried out.
    assert actor_of_user(user_id=user.id, kind=ActorKind.STAFF).roles == {"workspace-auditor"}
    assert staff_member(user.public_id).login == "other/charlie"


@pytest.mark.parametrize(
    "name",
    ["other/nobody", "nowhere/charlie", "charlie", "/charlie", "acme/alice", "other/", "a\x00/b"],
)
def test_admits_no_login_that_is_none(
    system: Actor, charlie: User, member: MakeUser, now: datetime, name: str
) -> None:
    alice = member("alice")
    staff.admit(user_id=alice.id, by=system, now=now)
    with pytest.raises(refusals.Missing):
        admit(system, now, name=name)


def test_admits_no_operator(system: Actor, now: datetime) -> None:
    operators.ensure_first(now=now)
    with pytest.raises(refusals.Missing):
        admit(system, now, name="platform/operator")


def test_ties_no_login_to_somebody_who_is_here(
    system: Actor, charlie: User, member: MakeUser, now: datetime
) -> None:
    alice = member("alice", "super-admin")
    with pytest.raises(errors.NameTaken):
        staff.admit_login(
            public_id=alice.public_id, name="other/charlie", roles=(), by=system, now=now
        )
    assert staff_actor_in(charlie, "acme") is None


def test_who_comes_back_is_who_it_was(system: Actor, charlie: User, now: datetime) -> None:
    user = admit(system, now, "workspace-auditor")
    staff.dismiss(user_id=user.id, by=system, now=now)
    assert staff_actor_in(charlie, "acme") is None
    with pytest.raises(errors.UserInactive):
        actor_of_user(user_id=user.id, kind=ActorKind.STAFF)
    with pytest.raises(refusals.Conflict):
        admit(system, now)
    again = staff.admit_login(
        public_id=user.public_id, name="other/charlie", roles=(), by=system, now=now
    )
    assert again.id == user.id
    assert staff_actor_in(charlie, "acme") is not None


def test_is_shut_out_with_the_user_the_login_or_either_scope(
    system: Actor, charlie: User, member: MakeUser, other: Scope, now: datetime
) -> None:
    member("owner", "super-admin")
    user = admit(system, now, "workspace-auditor")
    users.disable(user_id=user.id, by=system, now=now)
    assert staff_actor_in(charlie, "acme") is None
    users.edit(user_id=user.id, status="active", by=system, now=now)
    assert staff_actor_in(charlie, "acme") is not None
    with current.in_scope(other.id):
        users.disable(user_id=charlie.id, by=actor.system(other.id), now=now)
    assert staff_actor_in(charlie, "acme") is None
    with current.in_scope(other.id):
        users.edit(user_id=charlie.id, status="active", by=actor.system(other.id), now=now)
        scopes.suspend(by=actor.system(other.id), now=now)
    assert staff_actor_in(charlie, "acme") is None
    with current.in_scope(other.id):
        scopes.activate(by=actor.system(other.id), now=now)
    assert staff_actor_in(charlie, "acme") is not None
    scopes.suspend(by=system, now=now)
    assert staff_actor_in(charlie, "acme") is None


def test_lists_staff_by_name(system: Actor, charlie: User, member: MakeUser, now: datetime) -> None:
    member("nobody")
    alice = member("alice")
    staff.admit(user_id=alice.id, by=system, now=now)
    admit(system, now)
    names = [row.username for row in staff_rows()]
    assert names == ["alice@example.com", "other/charlie"]
    assert [row.username for row in staff_rows(after="Alice@example.com")] == ["other/charlie"]
    assert [row.username for row in staff_rows(most=1)] == ["alice@example.com"]
