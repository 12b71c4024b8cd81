"""Whose account a member is: its key tells, and what was given to a person goes with the person."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.context_errors import MemberTaken
from accounts.errors import UserInactive
from accounts.models import ContextMember, User
from accounts.queries import user_keys as key_queries
from accounts.services import context_joins, user_keys, users
from accounts.services.context_joins import Wish
from identity import actor, ids
from identity.actor import Actor
from identity.crypto import user_key
from identity.models import AuditEvent, Scope
from identity.scoping import current
from sessions_app.services import user_key_sign_in
from tests.unit.accounts.test_context_members import Add, add, circle, key, living

__all__ = ["add", "circle"]
Owner = Callable[..., User]


@pytest.fixture
def owner(member: Callable[..., User], system: Actor, now: datetime) -> Owner:
    """Makes somebody with user keys."""

    def run(name: str, *numbers: int) -> User:
        user = member(name)
        for number in numbers:
            public = user_key.parse_private(number.to_bytes(32, "big")).public
            wallet = user_key_sign_in.wallet_of(public)
            user_keys.add(user_id=user.id, key=wallet, by=system, now=now)
        return user

    return run


def row(member: str = "boss") -> ContextMember:
    return ContextMember.objects.get(member_id=member, ended_at__isnull=True)


def test_a_member_is_the_account_that_its_key_signs_in(add: Add, owner: Owner) -> None:
    alice = owner("alice", 1, 2)
    assert add("boss", 1).changed == "added"
    assert (row().user_id, row().proven_at) == (alice.id, None), "vouched for"
    assert add("boss", 1).changed == "nothing"
    assert add("boss", 2).changed == "replaced"
    assert row().user_id == alice.id
    add("guest", 9)
    assert row("guest").user_id is None


def test_a_pair_that_was_there_before_the_account_is_linked_and_stays_staff(
    add: Add, owner: Owner
) -> None:
    add("boss", 1, is_staff=True)
    alice = owner("alice", 1)
    assert add("boss", 1).changed == "edited"
    assert (row().user_id, row().is_staff) == (alice.id, True), "it is the same key"


def test_nobody_is_staff_by_the_name_of_one_who_was(add: Add, owner: Owner) -> None:
    add("boss", 1, is_staff=True)
    stranger = owner("stranger", 2)
    assert add("boss", 2).changed == "replaced"
    assert (row().user_id, row().is_staff) == (stranger.id, False)
    facts = AuditEvent.objects.filter(name="member.replaced").latest("sequence").facts
    assert facts["is_staff"] is False
    add("boss2", 3, is_staff=True)
    other = owner("other", 4)
    add("boss2", 4, is_staff=True)
    assert (row("boss2").user_id, row("boss2").is_staff) == (other.id, True), "the call says so"
    add("boss3", 5, is_staff=True)
    add("boss3", 6, user_id=owner("third").id)
    assert row("boss3").is_staff is False, "also with a name of the account"


def test_nobody_joins_as_staff_by_the_name_of_one_who_was(
    circle: Any, add: Add, owner: Owner, system: Actor, now: datetime
) -> None:
    add("boss", 1, is_staff=True)
    stranger = owner("stranger", 2)
    joined = context_joins.join(Wish(circle.public_id, "boss", key(2)), by=system, now=now)
    assert (joined.user, joined.is_staff) == (stranger.public_id, False)


def test_staff_stays_with_who_it_was_given_to(add: Add, owner: Owner) -> None:
    alice = owner("alice", 1, 2)
    add("boss", 1, is_staff=True)
    for number in (2, 3):
        assert add("boss", number).changed == "replaced"
        assert (row().user_id, row().is_staff) == (alice.id, True)
    add("guest", 8, is_staff=True)
    add("guest", 9)
    assert row("guest").is_staff is False, "nothing tells that it is the same person"
    add("guest", 8, is_staff=True)
    assert row("guest").is_staff is True, "the call says so"


def test_a_deleted_account_leaves_no_place_to_take(
    circle: Any, add: Add, owner: Owner, system: Actor, now: datetime
) -> None:
    boss = owner("boss", 1)
    add("boss", 1, is_staff=True)
    users.delete(user_id=boss.id, by=system, now=now)
    assert living(circle) == []
    stranger = owner("boss", 2)
    assert add("boss", 2).changed == "added"
    assert (row().user_id, row().is_staff) == (stranger.id, False)


def test_no_account_takes_anothers_place(circle: Any, add: Add, owner: Owner) -> None:
    owner("alice", 1)
    stranger = owner("stranger", 2)
    add("boss", 1, is_staff=True)
    before = living(circle)
    for more in ({}, {"proven": True}, {"user_id": stranger.id}):
        with pytest.raises(MemberTaken):
            add("boss", 2, **more)
    assert living(circle) == before


def test_a_proof_of_some_key_is_none_of_being_the_account(
    circle: Any, add: Add, owner: Owner, system: Actor, now: datetime
) -> None:
    owner("alice", 1)
    add("boss", 1, is_staff=True)
    with pytest.raises(MemberTaken):
        context_joins.join(Wish(circle.public_id, "boss", key(9)), by=system, now=now)
    assert living(circle) == [("boss", key(1))]


def test_a_key_is_not_said_to_be_anothers(circle: Any, add: Add, owner: Owner) -> None:
    alice, stranger = owner("alice", 1), owner("stranger")
    for more in ({}, {"proven": True}):
        with pytest.raises(MemberTaken):
            add("boss", 1, user_id=stranger.id, **more)
    assert living(circle) == []
    assert add("boss", 1, user_id=alice.id).changed == "added"


def test_an_account_is_one_member(circle: Any, add: Add, owner: Owner) -> None:
    alice = owner("alice", 1, 2)
    add("boss", 1)
    add("guest", 9)
    for member, number, more in (
        ("other", 2, {}),
        ("other", 8, {"user_id": alice.id}),
        ("guest", 2, {}),
        ("guest", 9, {"user_id": alice.id}),
    ):
        with pytest.raises(MemberTaken):
            add(member, number, **more)
    assert living(circle) == [("boss", key(1)), ("guest", key(9))]


def test_who_is_shut_out_comes_in_nowhere(
    circle: Any, add: Add, owner: Owner, system: Actor, now: datetime
) -> None:
    alice, bob = owner("alice", 1, 2), owner("bob", 3)
    add("boss", 1)
    users.disable(user_id=alice.id, by=system, now=now)
    User.objects.filter(id=bob.id).update(expires_at=now - timedelta(seconds=1))
    assert add("boss", 1).changed == "nothing"
    for member, number, more in (
        ("boss", 2, {}),
        ("boss", 9, {}),
        ("boss", 1, {"proven": True}),
        ("bob", 3, {}),
        ("bob", 9, {"user_id": bob.id}),
    ):
        with pytest.raises(UserInactive):
            add(member, number, **more)
    with pytest.raises(UserInactive):
        context_joins.join(Wish(circle.public_id, "bob", key(3)), by=system, now=now)
    assert living(circle) == [("boss", key(1))]


def test_a_key_that_was_let_go_is_nobodys(
    add: Add, owner: Owner, system: Actor, now: datetime
) -> None:
    alice = owner("alice", 1, 2)
    found = next(each for each in key_queries.of(alice.id) if each.public_key == key(2))
    user_keys.remove(user_id=alice.id, key_id=found.id, by=system, now=now)
    add("boss", 2)
    assert row().user_id is None


def test_whose_key_it_is_costs_one_statement(circle: Any, add: Add, owner: Owner) -> None:
    owner("alice", 1)
    with CaptureQueriesContext(connection) as caught:
        add("guest", 9)
    told = [each["sql"] for each in caught.captured_queries]
    asked = [sql for sql in told if "accounts_wallet" in sql]
    assert len(asked) == 1
    assert not [sql for sql in told if "accounts_user" in sql and sql not in asked]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]}")
            plan = [line[3] for line in cursor.fetchall()]
        assert not any(step.startswith("SCAN") for step in plan if "account" in step), plan


def test_keys_of_another_scope_tell_nothing(add: Add, other: Scope, now: datetime) -> None:
    public = user_key.parse_private((1).to_bytes(32, "big")).public
    with current.in_scope(other.id):
        by = actor.system(other.id)
        charlie = users.create_invited(
            public_id=ids.new(),
            email="charlie@example.com",
            first_name="Charlie",
            last_name="",
            mobile="",
            customer_id="",
            by=by,
            now=now,
        )
        wallet = user_key_sign_in.wallet_of(public)
        user_keys.add(user_id=charlie.id, key=wallet, by=by, now=now)
    add("boss", 1)
    assert row().user_id is None
