"""Joining contexts at one moment: a key and a text are used once, and what ends first holds."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from accounts.models import Context, ContextMember, User
from accounts.services import context_members, contexts, users
from identity.errors import DomainError
from identity.models import AuditEvent
from identity.services import audit_trail
from tests import acts, cast, circles, user_key_holders
from tests.circles import Circle
from tests.faces.v1.client import Bearer
from tests.races import together
from tests.races.test_context_members import checked
from tests.user_key_holders import key, signed

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 20
DEVICE = key("a device")


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False, sign_up=True)


@pytest.fixture
def circle(world: cast.World) -> Circle:
    return circles.circle(world, joining="open")


@pytest.fixture
def people(world: cast.World) -> Sequence[Bearer]:
    return [person(world, f"person {number}") for number in range(COUNT)]


def person(world: cast.World, name: str) -> Bearer:
    return user_key_holders.session(world, user_key_holders.sign_up(world, key(name), name))


def proof(who: Bearer, circle: Circle, member: str, holder: Any) -> dict[str, str]:
    """The signed text with which somebody joins."""
    asked = {"member": member, "public_key": holder.public.text}
    answer = who.post(f"/contexts/{circle.id}/join/challenge", asked)
    assert answer.status_code == 200, answer.text
    text = answer.json()["message"]
    return {"message": text, "signature": signed(holder, text)}


def join(who: Bearer, circle: Circle, body: Any) -> str:
    """What came of it: how the member changed, or the code of the refusal."""
    answer: httpx.Response = who.post(f"/contexts/{circle.id}/join", body)
    assert answer.status_code < 500, answer.text
    told = answer.json()
    return str(told["change"] if answer.status_code == 200 else told["type"].rpartition("/")[2])


def at_once(work: Callable[[int], str], count: int = COUNT) -> Counter[str]:
    ends = together.run(work, count=count)
    assert all(isinstance(end, str) for end in ends), ends
    return Counter(ends)


def by_system(world: cast.World, act: Callable[..., Any], **given: Any) -> str:
    """A service, by the system; the code of what it refuses."""
    try:
        with cast.in_scope(world):
            act(by=world.system, now=acts.now(), **given)
    except DomainError as refused:
        return refused.code
    return "done"


def record(world: cast.World) -> list[str]:
    """The names of all events that there are, in the order of the chain, which is whole."""
    with cast.in_scope(world):
        audit_trail.verify()
        return list(AuditEvent.objects.order_by("sequence").values_list("name", flat=True))


def test_of_many_accounts_with_one_key_one_joins(
    world: cast.World, circle: Circle, people: Sequence[Bearer]
) -> None:
    proofs = [proof(each, circle, f"person {number}", DEVICE) for number, each in enumerate(people)]
    ends = at_once(lambda number: join(people[number], circle, proofs[number]))
    assert ends == {"added": 1, "member.key-taken": COUNT - 1}
    (only,) = checked(world, circle.id)
    assert only.proven_at is not None
    assert record(world).count("member.added") == 1


def test_of_many_answers_to_one_text_one_counts(
    world: cast.World, circle: Circle, people: Sequence[Bearer]
) -> None:
    given = proof(people[0], circle, "person 0", DEVICE)
    # Half of them bring the other signature that is as good.
    other = {**given, "signature": user_key_holders.other_signature(given["signature"])}
    ends = at_once(lambda number: join(people[0], circle, (given, other)[number % 2]))
    assert ends == {"added": 1, "challenge.refused": COUNT - 1}
    assert len(checked(world, circle.id)) == 1


def test_of_many_programs_that_bring_one_proof_one_is_heard(
    world: cast.World, circle: Circle
) -> None:
    programs = [circles.program(world, "members:create") for _ in range(2)]
    given = proof(programs[0], circle, "somebody", DEVICE)
    ends = at_once(lambda number: join(programs[number % 2], circle, given))
    assert ends == {"added": 1, "challenge.refused": COUNT - 1}
    assert len(checked(world, circle.id)) == 1


def test_an_account_joins_once(world: cast.World, circle: Circle, people: Sequence[Bearer]) -> None:
    proofs = [proof(people[0], circle, "person 0", DEVICE) for _ in range(COUNT)]
    ends = at_once(lambda number: join(people[0], circle, proofs[number]))
    assert ends == {"added": 1, "nothing": COUNT - 1}
    assert len(checked(world, circle.id)) == 1


def test_of_many_keys_of_an_account_the_last_stays(
    world: cast.World, circle: Circle, people: Sequence[Bearer]
) -> None:
    proofs = [proof(people[0], circle, "person 0", key(f"device {n}")) for n in range(COUNT)]
    ends = at_once(lambda number: join(people[0], circle, proofs[number]))
    assert ends == {"added": 1, "replaced": COUNT - 1}
    (only,) = checked(world, circle.id)
    assert only.position == COUNT


def test_a_key_is_joined_with_or_vouched_for(
    world: cast.World, circle: Circle, people: Sequence[Bearer]
) -> None:
    proofs = [proof(each, circle, f"person {number}", DEVICE) for number, each in enumerate(people)]

    def one(number: int) -> str:
        if number % 2:
            return join(people[number], circle, proofs[number])
        given = {"member_id": f"other {number}", "public_key": DEVICE.public.text}
        return by_system(world, context_members.add, context_id=circle.id, **given)

    ends = at_once(one)
    assert ends["added"] + ends["done"] == 1
    assert ends["member.key-taken"] == COUNT - 1
    assert len(checked(world, circle.id)) == 1


def test_a_member_joins_and_is_removed(
    world: cast.World, circle: Circle, people: Sequence[Bearer]
) -> None:
    proofs = [proof(people[0], circle, "person 0", key(f"device {n}")) for n in range(COUNT)]

    def one(number: int) -> str:
        if number % 2:
            return by_system(
                world, context_members.remove, context_id=circle.id, member_id="person 0"
            )
        return join(people[0], circle, proofs[number])

    ends = at_once(one)
    assert set(ends) <= {"added", "replaced", "done", "member.missing"}
    living = checked(world, circle.id)
    assert ends["added"] - ends["done"] == len(living)
    names = [name for name in record(world) if name.startswith("member.")]
    last = names[-1]
    assert (last == "member.removed") is not bool(living)


@pytest.mark.parametrize(
    ("act", "event", "refusal"),
    [
        (contexts.disable, "context.disabled", "context.disabled"),
        (lambda **given: contexts.edit(changes={"joining": "closed"}, **given), "", "forbidden"),
    ],
    ids=["disabled", "closed"],
)
def test_nobody_joins_after_the_end(
    world: cast.World,
    circle: Circle,
    people: Sequence[Bearer],
    act: Callable[..., Any],
    event: str,
    refusal: str,
) -> None:
    proofs = [
        proof(each, circle, f"person {number}", key(f"device {number}"))
        for number, each in enumerate(people)
    ]

    def one(number: int) -> str:
        if number == COUNT // 2:
            return by_system(world, act, context_id=circle.id)
        return join(people[number], circle, proofs[number])

    ends = at_once(one)
    assert set(ends) <= {"added", "done", refusal}
    assert ends["done"] == 1
    assert len(checked(world, circle.id)) == ends["added"]
    told = [name for name in record(world) if name in {"member.added", event or "context.edited"}]
    assert told[-1] == (event or "context.edited"), "somebody came in behind the end"


def test_a_context_goes_with_everybody_who_joined(
    world: cast.World, circle: Circle, people: Sequence[Bearer]
) -> None:
    proofs = [
        proof(each, circle, f"person {number}", key(f"device {number}"))
        for number, each in enumerate(people)
    ]

    def one(number: int) -> str:
        if number == COUNT // 2:
            return by_system(world, contexts.delete, context_id=circle.id)
        return join(people[number], circle, proofs[number])

    ends = at_once(one)
    # Who comes later is told the same as of any context that is not for them.
    assert set(ends) <= {"added", "done", "forbidden", "context.missing"}
    assert ends["done"] == 1
    with cast.in_scope(world):
        assert not Context.objects.exists()
        assert not ContextMember.objects.exists()
    assert record(world).count("member.added") == ends["added"]


def test_nobody_joins_after_its_account_is_gone(
    world: cast.World, circle: Circle, people: Sequence[Bearer]
) -> None:
    proofs = [proof(people[0], circle, "person 0", key(f"device {n}")) for n in range(COUNT)]
    with cast.in_scope(world):
        user = User.objects.get(username="person 0").id

    def one(number: int) -> str:
        if number == COUNT // 2:
            return by_system(world, users.delete, user_id=user)
        return join(people[0], circle, proofs[number])

    ends = at_once(one)
    assert ends["done"] == 1
    assert set(ends) <= {"added", "replaced", "done", "unauthenticated", "missing", "forbidden"}
    assert checked(world, circle.id) == []
