"""Members of contexts: added, replaced, removed, with the history of their keys."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from accounts.context_errors import (
    AclInvalid,
    ContextDisabled,
    ContextMissing,
    MemberKeyTaken,
    MemberMissing,
    MemberTaken,
)
from accounts.models import Context, ContextMember, ContextTally, User
from accounts.services import context_members, contexts, solutions, users
from identity.actor import Actor
from identity.crypto import user_key
from identity.crypto.errors import KeyInvalid
from identity.errors import Invalid, Missing
from tests.unit.accounts.people import Events

Add = Callable[..., context_members.Added]


def key(number: int) -> str:
    return user_key.parse_private(number.to_bytes(32, "big")).public.text


@pytest.fixture
def circle(system: Actor, now: datetime) -> Context:
    solution = solutions.create(name="Main", by=system, now=now)
    given = contexts.Given(solution.public_id, "Circle")
    return contexts.create(given=given, by=system, now=now)


@pytest.fixture
def add(circle: Context, system: Actor, now: datetime) -> Add:
    def run(member: str, number: int, *, at: datetime = now, **more: object) -> object:
        return context_members.add(
            context_id=circle.public_id,
            member_id=member,
            public_key=key(number),
            by=system,
            now=at,
            **more,  # type: ignore[arg-type]
        )

    return run  # type: ignore[return-value]


def living(circle: Context) -> list[tuple[str, str]]:
    rows = ContextMember.objects.filter(context=circle, ended_at__isnull=True)
    return list(rows.order_by("position").values_list("member_id", "public_key"))


def told(circle: Context) -> tuple[int, int]:
    """What the context and its tallies say of how many members there are."""
    circle.refresh_from_db()
    lowest = ContextTally.objects.filter(context=circle, level=0)
    highest = ContextTally.objects.filter(context=circle, level=1)
    counted = {sum(rows.values_list("members", flat=True)) for rows in (lowest, highest)}
    assert len(counted) == 1
    return circle.member_count, counted.pop()


def test_adds_members(circle: Context, add: Add, events: Events) -> None:
    assert add("alice", 1).changed == "added"
    assert add("bob\n😀 ", 2).changed == "added"
    assert living(circle) == [("alice", key(1)), ("bob\n😀 ", key(2))]
    assert told(circle) == (2, 2)
    assert events()[-2:] == ["member.added", "member.added"]
    row = ContextMember.objects.get(member_id="alice")
    assert (row.acl, row.reach, row.starts) == ("ALLOW ALL", 31, 31)
    assert (row.is_staff, row.proven_at, row.user_id, row.position) == (False, None, None, 1)


def test_the_same_again_changes_nothing(circle: Context, add: Add, events: Events) -> None:
    add("alice", 1)
    before = events()
    assert add("alice", 1).changed == "nothing"
    assert add("alice", 1, acl="ALLOW ALL").changed == "nothing"
    assert events() == before
    assert told(circle) == (1, 1)


def test_a_given_list_is_not_dropped_on_a_repeat(add: Add) -> None:
    add("alice", 1)
    assert add("alice", 1, acl="ALLOW thread/READ").changed == "edited"
    row = ContextMember.objects.get()
    assert (row.acl, row.reach, row.starts) == ("ALLOW thread/READ", 1, 0)
    assert add("alice", 1).changed == "nothing"
    row.refresh_from_db()
    assert row.acl == "ALLOW thread/READ"


def test_another_key_takes_the_place(
    circle: Context, add: Add, now: datetime, events: Events
) -> None:
    add("alice", 1, acl="DENY ALL")
    add("bob", 2)
    later = now + timedelta(hours=1)
    assert add("alice", 3, at=later).changed == "replaced"
    assert living(circle) == [("bob", key(2)), ("alice", key(3))]
    assert told(circle) == (2, 2)
    old = ContextMember.objects.get(public_key=key(1))
    assert (old.ended_at, old.ended_reason) == (later, "replaced")
    new = ContextMember.objects.get(public_key=key(3))
    assert (new.acl, new.created_at, new.is_staff) == ("ALLOW ALL", later, False)
    assert events()[-1] == "member.replaced"
    assert add("carol", 1).changed == "added", "the old key is free"


def test_a_key_is_one_members(circle: Context, add: Add) -> None:
    add("alice", 1)
    add("bob", 2)
    for member in ("carol", "bob"):
        with pytest.raises(MemberKeyTaken):
            add(member, 1)
    assert living(circle) == [("alice", key(1)), ("bob", key(2))]
    assert told(circle) == (2, 2)


def test_a_key_may_be_in_many_contexts(
    circle: Context, add: Add, system: Actor, now: datetime
) -> None:
    given = contexts.Given(circle.solution.public_id, "Other")
    other = contexts.create(given=given, by=system, now=now)
    add("alice", 1)
    context_members.add(
        context_id=other.public_id, member_id="ally", public_key=key(1), by=system, now=now
    )
    assert living(other) == [("ally", key(1))]


def test_time_never_goes_back(circle: Context, add: Add, now: datetime) -> None:
    add("alice", 1)
    add("bob", 2, at=now - timedelta(hours=1))
    add("alice", 3, at=now - timedelta(hours=2))
    rows = ContextMember.objects.order_by("position")
    assert {row.created_at for row in rows} == {now}
    assert [row.position for row in rows] == [1, 2, 3]


def test_removes_members(circle: Context, add: Add, system: Actor, now: datetime) -> None:
    add("alice", 1)
    add("bob", 2)
    where = {"context_id": circle.public_id, "by": system, "now": now}
    context_members.remove(member_id="alice", **where)  # type: ignore[arg-type]
    named = context_members.remove_by_key(public_key=key(2), **where)  # type: ignore[arg-type]
    assert named == "bob"
    assert living(circle) == []
    assert told(circle) == (0, 0)
    assert not ContextTally.objects.exists(), "nothing is left of an empty stretch"
    for number in (1, 2):
        with pytest.raises(MemberMissing):
            context_members.remove_by_key(public_key=key(number), **where)  # type: ignore[arg-type]
    with pytest.raises(MemberMissing):
        context_members.remove(member_id="alice", **where)  # type: ignore[arg-type]


def test_says_what_a_member_may(
    circle: Context, add: Add, system: Actor, now: datetime, events: Events
) -> None:
    add("alice", 1)
    where = {"context_id": circle.public_id, "member_id": "alice", "by": system, "now": now}
    context_members.set_acl(acl="ALLOW store/ALL", **where)  # type: ignore[arg-type]
    context_members.set_staff(is_staff=True, **where)  # type: ignore[arg-type]
    row = ContextMember.objects.get()
    assert (row.acl, row.reach, row.starts, row.is_staff) == ("ALLOW store/ALL", 2, 2, True)
    assert events()[-2:] == ["member.edited", "member.edited"]
    where["member_id"] = "nobody"
    with pytest.raises(MemberMissing):
        context_members.set_acl(acl="ALLOW ALL", **where)  # type: ignore[arg-type]


def test_the_list_is_read_before_the_context_is_looked_for(system: Actor, now: datetime) -> None:
    where = {"context_id": "none", "member_id": "alice", "by": system, "now": now}
    with pytest.raises(AclInvalid):
        context_members.add(acl="", public_key=key(1), **where)  # type: ignore[arg-type]
    with pytest.raises(ContextMissing):
        context_members.add(public_key=key(1), **where)  # type: ignore[arg-type]
    with pytest.raises(AclInvalid):
        context_members.set_acl(acl="ALLOW all", **where)  # type: ignore[arg-type]


@pytest.mark.parametrize("member", ["", "x" * 129, "nul\0", "half \ud800"])
def test_refuses_ids_that_cannot_be_kept(add: Add, member: str) -> None:
    with pytest.raises(Invalid):
        add(member, 1)


def test_refuses_what_is_no_key(circle: Context, system: Actor, now: datetime) -> None:
    with pytest.raises(KeyInvalid):
        context_members.add(
            context_id=circle.public_id, member_id="a", public_key=key(1)[:-1], by=system, now=now
        )


def test_a_disabled_context_takes_nobody(
    circle: Context, add: Add, system: Actor, now: datetime
) -> None:
    add("alice", 1)
    contexts.disable(context_id=circle.public_id, by=system, now=now)
    with pytest.raises(ContextDisabled):
        add("bob", 2)
    with pytest.raises(ContextDisabled):
        add("alice", 1)
    context_members.remove(context_id=circle.public_id, member_id="alice", by=system, now=now)
    contexts.enable(context_id=circle.public_id, by=system, now=now)
    assert add("bob", 2).changed == "added"


def test_a_member_who_proves_a_key_becomes_an_account(
    add: Add, member: Callable[..., User], now: datetime
) -> None:
    alice, bob = member("alice"), member("bob")
    add("alice", 1)
    assert add("alice", 1, user_id=alice.id, proven=True).changed == "edited"
    row = ContextMember.objects.get()
    assert (row.user_id, row.proven_at) == (alice.id, now)
    assert add("alice", 1, user_id=alice.id, proven=True).changed == "nothing"
    for number in (1, 2):
        with pytest.raises(MemberTaken):
            add("alice", number, user_id=bob.id, proven=True)
    add("alice", 2)
    row = ContextMember.objects.get(ended_at__isnull=True)
    assert (row.user_id, row.proven_at) == (alice.id, None), "the new key was vouched for"


def test_memberships_end_with_the_account(
    circle: Context, add: Add, member: Callable[..., User], system: Actor, now: datetime
) -> None:
    alice = member("alice")
    add("alice", 1, user_id=alice.id, proven=True)
    add("bob", 2)
    users.delete(user_id=alice.id, by=system, now=now)
    assert living(circle) == [("bob", key(2))]
    assert ContextMember.objects.get(member_id="alice").ended_reason == "account-deleted"
    assert told(circle) == (1, 1)
    with pytest.raises(Missing):
        add("alice", 1, user_id=alice.id, proven=True)
