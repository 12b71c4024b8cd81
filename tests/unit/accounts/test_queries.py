"""Lists come in pages within bounds, show client-visible ids only and one scope alone."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts import queries
from accounts.models import User
from accounts.services import devices, groups, users
from identity import errors, ids
from identity.actor import Actor
from identity.models import Scope
from identity.paging import Page
from identity.permissions import PREDEFINED_ROLES
from identity.scoping import current
from tests.unit.accounts.people import MakeActor, MakeDevice, MakeUser

LISTS: list[Any] = [
    queries.users,
    queries.devices,
    queries.roles,
    queries.rules,
    queries.groups,
    queries.recipients,
    queries.recipient_groups,
]


@pytest.fixture
def five(person: MakeUser, system: Actor, now: datetime) -> list[UUID]:
    """Five users, made a minute apart."""
    made = []
    for minute in range(5):
        user = person(f"user{minute}")
        User.objects.filter(id=user.id).update(created_at=now + timedelta(minutes=minute))
        made.append(user.public_id)
    return made


def test_pages_in_order_and_counts_all(five: list[UUID]) -> None:
    seen = []
    for offset in (0, 2, 4):
        page = queries.users(Page(limit=2, offset=offset))
        assert page.total == 5
        seen += [row.id for row in page.rows]
    assert seen == five
    backwards = queries.users(Page(is_descending=True))
    assert [row.id for row in backwards.rows] == five[::-1]
    assert queries.users(Page(offset=99)).total == 5


def test_orders_by_the_latest_change(five: list[UUID], system: Actor, now: datetime) -> None:
    user = User.objects.get(public_id=five[0])
    users.edit(user_id=user.id, last_name="x", by=system, now=now + timedelta(hours=1))
    page = queries.users(Page(sort_by="updated_at", is_descending=True, limit=1))
    assert page.rows[0].id == five[0]


def test_counts_only_when_the_end_is_not_shown(
    five: list[UUID], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(3):  # users, their roles, their groups
        assert queries.users(Page(limit=6)).total == 5
    with django_assert_num_queries(4):
        assert queries.users(Page(limit=2)).total == 5


@pytest.mark.parametrize(
    "page",
    [
        Page(limit=0),
        Page(limit=201),
        Page(offset=-1),
        Page(offset=10**7),
        Page(sort_by="password"),
        Page(filters={"password": "x"}),
        Page(filters={"user__password": "x"}),
    ],
)
def test_refuses_pages_out_of_bounds(inside: Scope, page: Page) -> None:
    for listed in LISTS:
        with pytest.raises(errors.Invalid):
            listed(page)


@pytest.mark.parametrize("value", [None, 1, {"a": 1}, ["x"], "a\x00b", "\ud800", "x" * 600])
def test_refuses_filters_of_another_kind(inside: Scope, value: object) -> None:
    for listed, name in (
        (queries.users, "status"),
        (queries.users, "email"),
        (queries.users, "username"),
        (queries.users, "role"),
        (queries.users, "group"),
        (queries.devices, "user"),
        (queries.roles, "name"),
        (queries.roles, "status"),
        (queries.groups, "user"),
        (queries.recipients, "group"),
        (queries.recipient_groups, "kind"),
        (queries.rules, "resource"),
    ):
        with pytest.raises(errors.Invalid):
            listed(Page(filters={name: value}))


def test_filters_users(person: MakeUser, member: MakeUser, system: Actor, now: datetime) -> None:
    bob, alice = person("bob"), member("alice", "workspace-owner")
    group = groups.create(public_id=ids.new(), name="g", description="", by=system, now=now)
    groups.add_member(public_id=group.public_id, user_id=bob.id, by=system, now=now)
    for filters, expected in (
        ({"status": "invited"}, bob),
        ({"status": "active"}, alice),
        ({"email": "bob@example.com"}, bob),
        ({"username": "ALICE@example.com"}, alice),
        ({"role": "workspace-owner"}, alice),
        ({"group": str(group.public_id)}, bob),
        ({"kind": "person", "status": "active"}, alice),
    ):
        assert [row.id for row in queries.users(Page(filters=filters)).rows] == [expected.public_id]
    assert queries.users(Page(filters={"kind": "program"})).total == 0
    assert queries.users(Page(filters={"role": str(ids.new())})).total == 0


def test_shows_a_user_with_what_it_holds(
    member: MakeUser, acting: MakeActor, now: datetime, person: MakeUser
) -> None:
    alice = member("alice", "super-admin")
    bob = person("bob", "member", by=acting(alice))
    row = queries.user(bob.public_id)
    assert (row.roles, row.groups, row.created_by) == (["member"], [], alice.public_id)
    shown = queries.described(row)
    assert shown["id"] == str(bob.public_id)
    assert shown["created_at"] == int(now.timestamp())
    assert shown["created_by"] == str(alice.public_id)


def test_never_shows_the_rows_own_id(member: MakeUser, system: Actor, now: datetime) -> None:
    user = member("alice", "workspace-owner")
    group = groups.create(public_id=ids.new(), name="g", description="", by=system, now=now)
    shown: list[Any] = [
        queries.user(user.public_id),
        queries.group(group.public_id),
        queries.device(user.devices.get().id),
    ]
    hidden = {user.id, group.id}
    for row in shown:
        values = [getattr(row, field.name) for field in dataclasses.fields(row)]
        assert hidden.isdisjoint(value for value in values if isinstance(value, UUID))


def test_lists_devices_of_a_user(
    member: MakeUser, register: MakeDevice, system: Actor, now: datetime
) -> None:
    alice, _ = member("alice"), member("bob")
    second = register(alice)
    devices.revoke(device_id=second.id, reason="lost", by=system, now=now)
    mine = queries.devices_of(alice.public_id, Page())
    assert mine.total == 2
    assert {row.user for row in mine.rows} == {alice.public_id}
    active = queries.devices_of(alice.public_id, Page(filters={"status": "active"}))
    assert [row.is_active for row in active.rows] == [True]
    assert queries.devices(Page()).total == 3
    assert queries.device_of(alice.public_id, second.id).revoke_reason == "lost"


def test_refuses_a_device_under_another_user(member: MakeUser) -> None:
    alice, bob = member("alice"), member("bob")
    with pytest.raises(errors.Missing):
        queries.device_of(alice.public_id, bob.devices.get().id)


def test_shows_nothing_of_another_scope(member: MakeUser, other: Scope) -> None:
    user = member("alice")
    device = user.devices.get()
    with current.in_scope(other.id):
        for listed in LISTS:
            assert listed(Page(filters={}, limit=200)).total in {0, len(PREDEFINED_ROLES)}
        for ask in (
            lambda: queries.user(user.public_id),
            lambda: queries.user_id_of(user.public_id),
            lambda: queries.public_id_of(user.id),
            lambda: queries.user_version(user.public_id),
            lambda: queries.device(device.id),
            lambda: queries.devices_of(user.public_id, Page()),
        ):
            with pytest.raises(errors.Missing):
                ask()
        assert queries.user_by_name("alice@example.com") is None


def test_misses_what_is_not_there(inside: Scope) -> None:
    for ask in (
        queries.user,
        queries.device,
        queries.rule,
        queries.group,
        queries.recipient,
        queries.recipient_group,
    ):
        with pytest.raises(errors.Missing):
            ask(ids.new())
    for name in ("wizard", str(ids.new())):
        with pytest.raises(errors.Missing):
            queries.role(name)
    with pytest.raises(errors.Missing):
        queries.public_id_of(None)
