"""Windows go on behind a cursor, in order, without gaps and repeats, in few statements."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts import queries
from accounts.models import User
from accounts.services import groups, role_assignments, roles, users
from identity import errors, ids, paging
from identity.actor import Actor
from identity.models import Scope
from identity.paging import After
from identity.permissions import PREDEFINED_ROLES
from identity.scoping import current
from tests.unit.accounts.people import MakeDevice, MakeUser

SOME = UUID(int=7)
WINDOWS: list[Any] = [
    queries.users_window,
    queries.devices_window,
    queries.groups_window,
    queries.roles_window,
    queries.rules_window,
]


@pytest.fixture
def five(person: MakeUser, now: datetime) -> list[UUID]:
    """Five users; the last three were made in one and the same moment."""
    made = [person(f"user{number}") for number in range(5)]
    for number, user in enumerate(made):
        at = now + timedelta(minutes=min(number, 2))
        User.objects.filter(id=user.id).update(created_at=at)
    return [user.public_id for user in made]


def walked(window: Any, **asked: Any) -> list[Any]:
    found = []
    after = ""
    for _ in range(99):
        shown = window(After(after=after, **asked))
        found += shown.rows
        if shown.next is None:
            return found
        after = shown.next
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 50])
def test_shows_everybody_once_in_order(five: list[UUID], limit: int) -> None:
    found = [row.id for row in walked(queries.users_window, limit=limit, is_descending=False)]
    assert found == five
    backwards = [row.id for row in walked(queries.users_window, limit=limit)]
    assert backwards == five[::-1]


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize(
    "filters",
    [{"status": "invited"}, {"kind": "person"}, {"search": "USER"}, {"email_begins": "u"}],
)
def test_filters_walk_as_the_whole_does(
    five: list[UUID], limit: int, filters: dict[str, str]
) -> None:
    found = walked(queries.users_window, limit=limit, is_descending=False, filters=filters)
    assert [row.id for row in found] == five
    found = walked(queries.users_window, limit=limit, filters=filters)
    assert [row.id for row in found] == five[::-1]


def test_searches_by_the_beginning(five: list[UUID], person: MakeUser) -> None:
    other = person("strasse_")
    for text, expected in [
        ("user3", [five[3]]),
        ("STRAßE_", [other.public_id]),
        ("strasse%", []),
        ("ser", []),
        ("", [other.public_id, *five]),
    ]:
        found = queries.users_window(After(is_descending=False, filters={"search": text}))
        assert [row.id for row in found.rows] == expected, text
    found = queries.users_window(After(filters={"email": "user1@example.com"}))
    assert [row.id for row in found.rows] == [five[1]]


def test_says_roles_groups_and_authors(
    person: MakeUser, system: Actor, now: datetime, five: list[UUID]
) -> None:
    alice = person("alice", "super-admin", "support")
    own = roles.create(
        public_id=ids.new(), name="own", description="", rule_ids=(), by=system, now=now
    )
    role_assignments.grant(user_id=alice.id, role=str(own.public_id), by=system, now=now)
    group = groups.create(public_id=ids.new(), name="g", description="", by=system, now=now)
    groups.add_member(public_id=group.public_id, user_id=alice.id, by=system, now=now)
    User.objects.filter(id=alice.id).update(created_by=alice.id)
    shown = queries.users_window(After())
    row = next(row for row in shown.rows if row.id == alice.public_id)
    assert row == queries.user(alice.public_id)
    assert (row.roles, row.groups) == (["own", "super-admin", "support"], [group.public_id])
    assert row.created_by == alice.public_id
    assert queries.groups_window(After()).rows[0].user_count == 1
    with_role = queries.users_window(After(filters={"role": "support"}))
    assert [row.id for row in with_role.rows] == [alice.public_id]


def test_reads_fifty_users_in_two_statements(
    five: list[UUID], django_assert_num_queries: Any
) -> None:
    queries.users_window(After())
    with django_assert_num_queries(2):
        assert len(queries.users_window(After()).rows) == 5
    with django_assert_num_queries(2):
        assert len(queries.users_window(After(filters={"status": "invited"})).rows) == 5


def test_a_deleted_user_is_not_there(five: list[UUID], system: Actor, now: datetime) -> None:
    users.delete(user_id=User.objects.get(public_id=five[0]).id, by=system, now=now)
    assert five[0] not in [row.id for row in queries.users_window(After()).rows]


def test_devices_come_by_registration(person: MakeUser, register: MakeDevice) -> None:
    alice, bob = person("alice"), person("bob")
    made = [register(alice).id, register(bob).id, register(alice).id]
    found = walked(queries.devices_window, limit=1, is_descending=False)
    assert sorted(row.id for row in found) == sorted(made)
    of_alice = queries.devices_window(After(filters={"user": str(alice.public_id)}))
    assert {row.id for row in of_alice.rows} == {made[0], made[2]}
    assert queries.device(made[1]) in found


@pytest.mark.parametrize("limit", [1, 3, 7, 8, 50])
def test_roles_show_predefined_ones_first(system: Actor, now: datetime, limit: int) -> None:
    for number in range(3):
        roles.create(
            public_id=ids.new(),
            name=f"own {number}",
            description="",
            rule_ids=(),
            by=system,
            now=now + timedelta(minutes=number),
        )
    found = walked(queries.roles_window, limit=limit, is_descending=False)
    assert [row.name for row in found[-3:]] == ["own 0", "own 1", "own 2"]
    assert [row.is_predefined for row in found] == [True] * len(PREDEFINED_ROLES) + [False] * 3
    named = walked(queries.roles_window, limit=limit, filters={"name": "own 1"})
    assert [row.name for row in named] == ["own 1"]


@pytest.mark.parametrize("window", WINDOWS)
def test_shows_one_scope_alone(
    window: Any, five: list[UUID], register: MakeDevice, other: Scope
) -> None:
    register(User.objects.get(public_id=five[0]))
    with current.in_scope(other.id):
        assert not [row for row in window(After()).rows if not getattr(row, "is_predefined", False)]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    "after",
    [
        After(limit=0),
        After(limit=201),
        After(filters={"password": "x"}),
        After(filters={"user__password": "x"}),
        After(filters={"status": ["x"]}),
        After(filters={"name": "\0"}),
    ],
)
def test_refuses_what_there_is_not(window: Any, after: After, inside: Scope) -> None:
    with pytest.raises(errors.Invalid):
        window(after)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    "text",
    [
        "x",
        "é",
        "A" * 5000,
        paging.cursor(1),
        paging.cursor("x", SOME),
        paging.cursor(2**63, SOME),
        paging.cursor(2**62, SOME),
        paging.cursor(-(2**62), SOME),
        paging.cursor(1, "x"),
        paging.cursor(1.5, SOME),
        paging.cursor(1, SOME, 1),
    ],
)
def test_refuses_a_text_that_is_no_cursor(window: Any, text: str, inside: Scope) -> None:
    with pytest.raises(paging.CursorInvalid):
        window(After(after=text))


def test_refuses_two_searches(inside: Scope) -> None:
    with pytest.raises(errors.Invalid):
        queries.users_window(After(filters={"search": "a", "email_begins": "a"}))


@pytest.mark.parametrize("text", [paging.cursor("\0", SOME), paging.cursor(1, SOME)])
def test_a_search_refuses_other_cursors(inside: Scope, text: str) -> None:
    with pytest.raises(paging.CursorInvalid):
        queries.users_window(After(after=text, filters={"search": "a"}))
