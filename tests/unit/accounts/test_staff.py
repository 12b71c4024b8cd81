"""Operators and scope staff are made, and sign in to the admin."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import auth

from accounts import errors
from accounts.backends import StaffBackend
from accounts.models import User
from accounts.services import operators, passwords, users
from identity import actor
from identity import errors as refusals
from identity.actor import Actor
from identity.models import AuditEvent, Scope
from identity.scoping import current
from identity.services import scopes
from tests.unit.accounts.people import MakeActor, MakeUser

PASSWORD = "correct horse battery"


@pytest.fixture
def operator(db: None, now: datetime) -> str:
    password = operators.ensure_first(now=now)
    assert password is not None
    return password


@pytest.fixture
def staff(system: Actor, now: datetime) -> User:
    return operators.add_staff(
        username="Alice",
        password=PASSWORD,
        email="alice@example.com",
        first_name="Alice",
        last_name="",
        roles=["workspace-owner"],
        by=system,
        now=now,
    )


def sign_in(username: str, password: str, **more: Any) -> User | None:
    return StaffBackend().authenticate(None, username=username, password=password, **more)


def test_makes_the_first_operator_once(operator: str, now: datetime) -> None:
    assert len(operator) >= 24
    assert operators.ensure_first(now=now) is None
    platform = operators.ensure_platform(now=now)
    assert platform.is_platform
    with current.in_scope(platform.id):
        user = User.objects.get()
        assert (user.username, user.is_operator, user.is_staff) == ("operator", True, True)
        assert AuditEvent.objects.filter(name="operator.added").count() == 1


def test_takes_no_other_scope_for_the_platform(db: None, now: datetime) -> None:
    scopes.create(slug="platform", name="impostor", now=now)
    with pytest.raises(refusals.Conflict):
        operators.ensure_first(now=now)


def test_makes_no_second_operator_of_a_disabled_ones_name(operator: str, now: datetime) -> None:
    platform = operators.ensure_platform(now=now)
    with current.in_scope(platform.id):
        users.disable(user_id=User.objects.get().id, by=actor.system(platform.id), now=now)
    assert operators.ensure_first(now=now) is None


def test_makes_operators_in_the_platform_only(system: Actor, now: datetime) -> None:
    with pytest.raises(refusals.Forbidden):
        operators.add_operator(username="mallory", password=PASSWORD, by=system, now=now)
    assert not User.objects.exists()


def test_gives_staff_no_more_than_the_giver_has(
    system: Actor, member: MakeUser, acting: MakeActor, now: datetime
) -> None:
    maintainer = acting(member("bob", "workspace-maintainer"))
    with pytest.raises(errors.GrantTooWide):
        operators.add_staff(
            username="alice",
            password=PASSWORD,
            email="",
            first_name="",
            last_name="",
            roles=["super-admin"],
            by=maintainer,
            now=now,
        )
    assert not User.objects.filter(is_staff=True).exists()


def test_signs_operators_in_by_name_alone(operator: str) -> None:
    user = sign_in("Operator", operator)
    assert user is not None
    assert user.scope_slug == "platform"
    assert sign_in("platform/operator", operator) == user
    assert sign_in("operator", operator, scope="platform") == user


def test_signs_staff_in_by_scope_and_name(staff: User, acme: Scope) -> None:
    user = sign_in("acme/ALICE", PASSWORD)
    assert user == staff
    assert sign_in("alice", PASSWORD, scope="acme") == staff
    with current.in_scope(acme.id):
        assert AuditEvent.objects.filter(name="staff.signed-in").count() == 2


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("acme/alice", "wrong horse battery"),
        ("acme/alice", ""),
        ("alice", PASSWORD),
        ("other/alice", PASSWORD),
        ("nowhere/alice", PASSWORD),
        ("acme/nobody", PASSWORD),
        ("acme/al\x00ice", PASSWORD),
        ("ac\x00me/alice", PASSWORD),
        ("acme/\ud800", PASSWORD),
        ("x" * 5000, PASSWORD),
    ],
)
def test_refuses_everybody_else(staff: User, other: Scope, username: str, password: str) -> None:
    assert sign_in(username, password) is None


def test_refuses_members_who_are_no_staff(system: Actor, member: MakeUser, now: datetime) -> None:
    user = member("bob", "super-admin")
    verifier = passwords.make_verifier(PASSWORD)
    passwords.store(user_id=user.id, verifier=verifier, by=system, now=now)
    assert sign_in("acme/bob@example.com", PASSWORD) is None


def test_shares_the_counter_with_other_password_paths(staff: User) -> None:
    now = datetime.now(UTC)
    for _ in range(passwords.MOST_WRONG):
        with pytest.raises(errors.PasswordRefused):
            passwords.check(user_id=staff.id, password="wrong", now=now)
    assert sign_in("acme/alice", PASSWORD) is None


def test_keeps_a_session_while_the_user_is_active(
    staff: User, system: Actor, member: MakeUser, now: datetime
) -> None:
    member("owner", "workspace-owner")
    backend = StaffBackend()
    assert backend.get_user(staff.id) == staff
    users.disable(user_id=staff.id, by=system, now=now)
    assert backend.get_user(staff.id) is None


def test_ends_sessions_of_a_suspended_scope(staff: User, system: Actor, now: datetime) -> None:
    scopes.suspend(by=system, now=now)
    assert StaffBackend().get_user(staff.id) is None
    assert sign_in("acme/alice", PASSWORD) is None
    assert Scope.objects.get().status == "suspended"


def test_ends_sessions_of_a_deleted_user(
    staff: User, member: MakeUser, system: Actor, now: datetime
) -> None:
    member("owner", "workspace-owner")
    users.delete(user_id=staff.id, by=system, now=now)
    assert StaffBackend().get_user(staff.id) is None
    assert sign_in("acme/alice", PASSWORD) is None


def test_a_new_password_ends_sessions(staff: User, system: Actor, now: datetime) -> None:
    before = staff.get_session_auth_hash()
    verifier = passwords.make_verifier("another good password")
    passwords.store(user_id=staff.id, verifier=verifier, by=system, now=now)
    assert User.objects.get(id=staff.id).get_session_auth_hash() != before


def test_is_what_django_asks(staff: User, settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = ["accounts.backends.StaffBackend"]
    assert auth.authenticate(username="acme/alice", password=PASSWORD) == staff
    assert auth.authenticate(username="acme/alice", password="wrong") is None
