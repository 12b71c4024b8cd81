"""A key is one member's of a context, and numbers are right, however many act at once."""

from collections import Counter
from typing import Any

import pytest

from accounts.context_errors import MemberKeyTaken, MemberMissing, MemberTaken
from accounts.models import Context, ContextMember, ContextTally
from accounts.services import context_members, contexts, solutions, users
from identity.crypto import user_key
from identity.crypto.user_key import PrivateKey
from identity.errors import DomainError
from identity.models import AuditEvent
from tests import acts, cast, user_key_holders
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50


def holder(number: int) -> PrivateKey:
    return user_key.parse_private((number + 1).to_bytes(32, "big"))


def key(number: int) -> str:
    return holder(number).public.text


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def circle(world: cast.World) -> str:
    with cast.in_scope(world):
        solution = solutions.create(name="Main", by=world.system, now=acts.now())
        given = contexts.Given(solution.public_id, "Circle")
        return contexts.create(given=given, by=world.system, now=acts.now()).public_id


def add(world: cast.World, circle: str, member: str, number: int, **more: Any) -> str:
    try:
        with cast.in_scope(world):
            added = context_members.add(
                context_id=circle,
                member_id=member,
                public_key=key(number),
                by=world.system,
                now=acts.now(),
                **more,
            )
    except DomainError as refused:
        return refused.code
    return added.changed


def remove(world: cast.World, circle: str, member: str) -> str:
    try:
        with cast.in_scope(world):
            context_members.remove(
                context_id=circle, member_id=member, by=world.system, now=acts.now()
            )
    except DomainError as refused:
        return refused.code
    return "removed"


def checked(world: cast.World, circle: str) -> list[ContextMember]:
    """The living members in order, after all that must hold was seen to hold."""
    with cast.in_scope(world):
        context = Context.objects.get(public_id=circle)
        everybody = list(ContextMember.objects.filter(context=context).order_by("position"))
        tallies = list(ContextTally.objects.filter(context=context))
    living = [row for row in everybody if row.ended_at is None]
    assert context.member_count == len(living)
    positions = [row.position for row in everybody]
    assert positions == sorted(set(positions))
    assert positions == list(range(1, context.last_position + 1))
    times = [row.created_at for row in everybody]
    assert times == sorted(times), "who joined later stands behind"
    assert not everybody or times[-1] == context.last_joined_at
    for level, size in enumerate(ContextTally.SIZES):
        told = {row.bucket: row.members for row in tallies if row.level == level}
        assert told == Counter(row.position // size for row in living)
    return living


def test_of_many_who_bring_one_key_one_becomes_its_member(world: cast.World, circle: str) -> None:
    ends = together.run(lambda number: add(world, circle, f"m{number}", 0), count=THREADS)
    assert Counter(ends) == {"added": 1, MemberKeyTaken.code: THREADS - 1}
    (only,) = checked(world, circle)
    assert only.member_id == f"m{ends.index('added')}"
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="member.added").count() == 1


def test_one_member_is_added_once(world: cast.World, circle: str) -> None:
    ends = together.run(lambda _: add(world, circle, "bob", 0), count=THREADS)
    assert Counter(ends) == {"added": 1, "nothing": THREADS - 1}
    assert len(checked(world, circle)) == 1


def test_everybody_has_a_place_of_its_own(world: cast.World, circle: str) -> None:
    ends = together.run(lambda number: add(world, circle, f"m{number}", number), count=THREADS)
    assert Counter(ends) == {"added": THREADS}
    assert len(checked(world, circle)) == THREADS


def test_of_many_keys_of_one_member_the_last_stays(world: cast.World, circle: str) -> None:
    ends = together.run(lambda number: add(world, circle, "bob", number), count=THREADS)
    assert Counter(ends) == {"added": 1, "replaced": THREADS - 1}
    (only,) = checked(world, circle)
    assert only.position == THREADS


def test_adding_and_removing_leave_one_truth(world: cast.World, circle: str) -> None:
    def one(number: int) -> str:
        member = f"m{number % 5}"
        if number % 2:
            return remove(world, circle, member)
        return add(world, circle, member, number)

    ends = together.run(one, count=THREADS)
    assert set(ends) <= {"added", "replaced", "removed", MemberMissing.code}
    living = checked(world, circle)
    assert ends.count("added") - ends.count("removed") == len(living)


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "by its key"])
def test_no_membership_outlives_its_account(
    world: cast.World, circle: str, *, is_named: bool
) -> None:
    bob = world.member("bob")
    user_key_holders.bound(world, bob.user, holder(0))
    more: dict[str, Any] = {"user_id": bob.user.id, "proven": True} if is_named else {}

    def one(number: int) -> str:
        if number != THREADS // 2:
            return add(world, circle, "bob", 0 if number % 2 else number, **more)
        with cast.in_scope(world):
            users.delete(user_id=bob.user.id, by=world.system, now=acts.now())
        return "deleted"

    ends = together.run(one, count=THREADS)
    assert set(ends) <= {"added", "replaced", "edited", "nothing", "missing", "deleted"}
    living = checked(world, circle)
    assert all(row.user_id is None for row in living)
    assert not is_named or not living


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "by its keys"])
def test_an_account_becomes_one_member(world: cast.World, circle: str, *, is_named: bool) -> None:
    bob, count = world.member("bob"), 15
    for number in range(count):
        user_key_holders.bound(world, bob.user, holder(number))
    more = {"user_id": bob.user.id} if is_named else {}
    ends = together.run(lambda n: add(world, circle, f"m{n}", n, **more), count=count)
    assert Counter(ends) == {"added": 1, MemberTaken.code: count - 1}
    (only,) = checked(world, circle)
    assert only.user_id == bob.user.id


def test_a_name_that_many_come_under_makes_nobody_staff(world: cast.World, circle: str) -> None:
    """Of those who bring a key of their own one is the member, and the staff that was is gone."""
    add(world, circle, "boss", 99, is_staff=True)
    people = [world.member(f"person{number}") for number in range(10)]
    for number, each in enumerate(people):
        user_key_holders.bound(world, each.user, holder(number))
    ends = together.run(lambda number: add(world, circle, "boss", number), count=len(people))
    assert Counter(ends) == {"replaced": 1, MemberTaken.code: len(people) - 1}
    (only,) = checked(world, circle)
    assert only.user_id == people[ends.index("replaced")].user.id
    assert not only.is_staff


def test_a_solution_goes_or_gets_a_context(world: cast.World) -> None:
    with cast.in_scope(world):
        solution = solutions.create(name="Main", by=world.system, now=acts.now()).public_id

    def one(number: int) -> str:
        try:
            with cast.in_scope(world):
                if number % 2:
                    given = contexts.Given(solution, "Circle")
                    contexts.create(given=given, by=world.system, now=acts.now())
                    return "made"
                solutions.delete(solution_id=solution, by=world.system, now=acts.now())
                return "deleted"
        except DomainError as refused:
            return refused.code

    ends = Counter(together.run(one, count=20))
    assert not (ends["made"] and ends["deleted"])
    assert ends["deleted"] <= 1
    if ends["deleted"]:
        assert ends == {"deleted": 1, "solution.missing": 19}
    else:
        assert ends == {"made": 10, "solution.has-contexts": 10}
