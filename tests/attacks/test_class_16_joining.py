"""Classes 9, 15 and 16 of the known attacks, on joining, contacts and the history of keys.

Whoever was given a part takes the whole (CVE-2026-3121, Keycloak); ids of others answer (CVE-2026-
4628, Keycloak; CVE-2026-55670, Zitadel); a field that nobody offered is written (CVE-2026-27946,
Zitadel). Keys that are limited to a solution or a context join nobody elsewhere, see no contacts
and no history there; nobody joins as, or with more than, what the text that was signed says.
"""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from accounts.models import ContextMember
from accounts.services import context_members, contexts, solutions
from identity import limits
from identity.models import ApiKey
from identity.scoping import current
from identity.services.api_keys import Holder
from sessions_app.services.machine_starts import Asked
from tests import acts, cast, circles, programs, user_key_holders
from tests.attacks.test_class_16_contexts import MINE, THEIRS, everything, program
from tests.faces.v1.client import Bearer, problem
from tests.user_key_holders import key, signed

pytestmark = pytest.mark.django_db(transaction=True)

BOB, EVE, ALICE = key("bob"), key("eve"), key("alice")
WORDS = ("members:create", "members:list", "members:get", "contexts:list", "solutions:list")
BOUNDS: list[dict[str, Any]] = [
    {"solutions": [MINE]},
    {"contexts": [f"{MINE}-circle"]},
    {"solutions": [MINE, THEIRS], "contexts": [f"{MINE}-circle"]},
    {"solutions": ["*"], "contexts": [f"{MINE}-circle"]},
]
every_bound = pytest.mark.parametrize("bound", BOUNDS, ids=str)


def furnish(world: cast.World) -> cast.World:
    """Two solutions with an open context of two members each."""
    where: dict[str, Any] = {"by": world.system, "now": acts.now()}
    with cast.in_scope(world):
        for name in (MINE, THEIRS):
            solutions.create(name=name, public_id=name, **where)
            given = contexts.Given(name, name, visibility="public", joining="open")
            contexts.create(given=given, public_id=f"{name}-circle", **where)
            for member in ("bob", "carol"):
                context_members.add(
                    context_id=f"{name}-circle",
                    member_id=member,
                    public_key=key(f"{name} {member}").public.text,
                    **where,
                )
    return world


@pytest.fixture
def world() -> cast.World:
    return furnish(cast.world(governance=False, sign_up=True))


def token(world: cast.World, *words: str, **bound: Any) -> Bearer:
    """A token that is narrower than its key, which is limited to nothing."""
    with cast.in_scope(world):
        wide = programs.make(world.system, *words)
        named: dict[str, Any] = {kind: tuple(names) for kind, names in bound.items()}
        pair = wide.begin(Asked(**named))
    return Bearer.of(pair.access, world.scope.slug)


every_credential = pytest.mark.parametrize("credential", [program, token], ids=["key", "token"])


def text(who: Bearer, circle: str, member: str, holder: Any) -> httpx.Response:
    body = {"member": member, "public_key": holder.public.text}
    return who.post(f"/contexts/{circle}-circle/join/challenge", body)


def answer(who: Bearer, circle: str, message: str, holder: Any) -> httpx.Response:
    body = {"message": message, "signature": signed(holder, message)}
    return who.post(f"/contexts/{circle}-circle/join", body)


def join(who: Bearer, circle: str, member: str, holder: Any) -> httpx.Response:
    asked = text(who, circle, member, holder)
    if asked.status_code != 200:
        return asked
    return answer(who, circle, asked.json()["message"], holder)


@every_credential
@every_bound
def test_a_limited_key_joins_nobody_elsewhere(
    world: cast.World, bound: dict[str, Any], credential: Callable[..., Bearer]
) -> None:
    robot, other = credential(world, *WORDS, **bound), program(world, *WORDS)
    before = everything(world)
    problem(text(robot, THEIRS, "eve", EVE), 403, "limits.outside")
    # Not with a text that another program got, nor with its own about what is its own.
    theirs = text(other, THEIRS, "eve", EVE).json()["message"]
    problem(answer(robot, THEIRS, theirs, EVE), 403, "limits.outside")
    mine = text(robot, MINE, "eve", EVE).json()["message"]
    problem(answer(robot, THEIRS, mine, EVE), 401, "challenge.refused")
    problem(text(robot, "no", "eve", EVE), 404, "context.missing")
    assert everything(world) == before
    assert join(robot, MINE, "eve", EVE).json()["change"] == "added"


@every_credential
@every_bound
def test_a_limited_key_sees_nobody_elsewhere(
    world: cast.World, bound: dict[str, Any], credential: Callable[..., Bearer]
) -> None:
    robot = credential(world, *WORDS, **bound)
    for path in ("contacts?member=bob", "members/bob/keys", "members", "members/bob"):
        problem(robot.get(f"/contexts/{THEIRS}-circle/{path}"), 403, "limits.outside")
        assert robot.get(f"/contexts/{MINE}-circle/{path}").status_code == 200
        problem(robot.get(f"/contexts/no-circle/{path}"), 404, "context.missing")
    for path in ("contacts?member=nobody", "members/nobody"):
        problem(robot.get(f"/contexts/{THEIRS}-circle/{path}"), 403, "limits.outside")
        problem(robot.get(f"/contexts/{MINE}-circle/{path}"), 404, "member.missing")
    listed = robot.get("/contexts").json()["items"]
    assert [row["id"] for row in listed] == [f"{MINE}-circle"]
    bound_solutions = [name for name in (MINE, THEIRS) if name in bound.get("solutions", ())]
    shown = [row["id"] for row in robot.get("/solutions").json()["items"]]
    assert sorted(shown) == (sorted(bound_solutions) or [MINE, THEIRS])


def test_what_is_lent_is_within_reach_as_long_as_it_is(world: cast.World) -> None:
    robot = program(world, *WORDS, solutions=[MINE])
    lent: dict[str, Any] = {"context_id": f"{THEIRS}-circle", "solution_id": MINE}
    with cast.in_scope(world):
        contexts.share(**lent, by=world.system, now=acts.now())
    assert join(robot, THEIRS, "eve", EVE).json()["change"] == "added"
    message = text(robot, THEIRS, "late", key("late")).json()["message"]
    assert robot.get(f"/contexts/{THEIRS}-circle/contacts?member=eve").status_code == 200
    with cast.in_scope(world):
        contexts.unshare(**lent, by=world.system, now=acts.now())
    problem(answer(robot, THEIRS, message, key("late")), 403, "limits.outside")
    problem(text(robot, THEIRS, "late", key("late")), 403, "limits.outside")
    problem(robot.get(f"/contexts/{THEIRS}-circle/contacts?member=eve"), 403, "limits.outside")
    problem(robot.get(f"/contexts/{THEIRS}-circle/members/eve/keys"), 403, "limits.outside")


def test_a_key_that_is_narrowed_is_narrow_at_once(world: cast.World) -> None:
    robot = program(world, *WORDS)
    message = text(robot, THEIRS, "eve", EVE).json()["message"]
    bound = limits.checked(solutions=[MINE])
    with cast.in_scope(world):
        ApiKey.objects.update(solutions=list(bound.solutions))
    problem(answer(robot, THEIRS, message, EVE), 403, "limits.outside")
    problem(robot.get(f"/contexts/{THEIRS}-circle/contacts?member=bob"), 403, "limits.outside")


def test_a_key_of_somebody_is_not_that_person(world: cast.World) -> None:
    owner = world.member("owner", "super-admin")
    with cast.in_scope(world):
        context_members.add(
            context_id=f"{MINE}-circle",
            member_id="owner",
            public_key=ALICE.public.text,
            user_id=owner.user.id,
            by=world.system,
            now=acts.now(),
        )
    robot = circles.program(world, "contexts:list", holder=Holder(user_id=owner.user.id))
    for path in ("contacts", "contacts?member=owner", "members/owner/keys"):
        problem(robot.get(f"/contexts/{MINE}-circle/{path}"), 403, "forbidden")
    problem(text(robot, MINE, "owner", ALICE), 403, "forbidden")


@pytest.mark.parametrize("words", [w for w in WORDS if w != "members:create"])
def test_no_other_word_joins(world: cast.World, words: str) -> None:
    robot, other = program(world, words), program(world, *WORDS)
    message = text(other, MINE, "eve", EVE).json()["message"]
    before = everything(world)
    problem(text(robot, MINE, "eve", EVE), 403, "forbidden")
    problem(answer(robot, MINE, message, EVE), 403, "forbidden")
    assert everything(world) == before


def test_ids_of_another_scope_are_unknown(world: cast.World) -> None:
    other = cast.world(governance=False, sign_up=True)
    robot = program(other, *WORDS)
    person = user_key_holders.session(other, user_key_holders.sign_up(other, ALICE, "bob"))
    mine = program(world, *WORDS)
    message = text(mine, MINE, "eve", EVE).json()["message"]
    before = everything(world)
    for path in ("contacts?member=bob", "members/bob/keys"):
        problem(robot.get(f"/contexts/{MINE}-circle/{path}"), 404, "context.missing")
    problem(join(robot, MINE, "eve", EVE), 404, "context.missing")
    for path in ("contacts", "members/bob/keys"):
        problem(person.get(f"/contexts/{MINE}-circle/{path}"), 403, "forbidden")
    problem(join(person, MINE, "bob", ALICE), 403, "forbidden")
    # The same ids are other things there, and a text of here is none.
    furnish(other)
    problem(answer(robot, MINE, message, EVE), 401, "challenge.refused")
    problem(answer(person, MINE, message, EVE), 403, "forbidden")
    shown = robot.get(f"/contexts/{MINE}-circle/members/bob/keys?limit=5").json()["items"]
    assert len(shown) == 1
    assert everything(world) == before
    with current.in_scope(other.scope.id):
        assert ContextMember.objects.count() == 4


MORE: list[dict[str, Any]] = [
    {"is_staff": True},
    {"acl": "ALLOW ALL"},
    {"user": "00000000-0000-4000-8000-000000000000"},
    {"member": "bob"},
    {"context": f"{THEIRS}-circle"},
    {"proven_at": 0},
    {"act": "sign-in"},
    {"expires_at": "2099-01-01T00:00:00Z"},
]


@pytest.mark.parametrize("more", MORE, ids=str)
def test_a_text_says_nothing_that_was_not_given(world: cast.World, more: dict[str, Any]) -> None:
    robot = program(world, *WORDS, "members:edit")
    person = user_key_holders.session(world, user_key_holders.sign_up(world, ALICE, "alice"))
    before = everything(world)
    for who, member, circle in ((robot, "alice", MINE), (person, "alice", MINE)):
        said = json.loads(text(who, circle, member, ALICE).json()["message"])
        changed = json.dumps({**said, **more}, sort_keys=True, separators=(",", ":"))
        for where in {circle, str(more.get("context", circle)).removesuffix("-circle")}:
            refused = answer(who, where, changed, ALICE)
            # Whoever only joins itself is told that nothing else is its own.
            assert refused.status_code in {401, 403}, refused.text
    assert everything(world) == before


def test_nobody_brings_more_in_the_body(world: cast.World) -> None:
    robot = program(world, *WORDS, "members:edit")
    before = everything(world)
    message = text(robot, MINE, "eve", EVE).json()["message"]
    path = f"/contexts/{MINE}-circle"
    for more in ("is_staff", "acl", "user", "proven_at", "member", "public_key", "position"):
        body = {"message": message, "signature": signed(EVE, message), more: "x"}
        assert robot.post(f"{path}/join", body).status_code == 400
        asked = {"member": "eve", "public_key": EVE.public.text}
        if more not in asked:
            asked = {**asked, more: "x"}
            assert robot.post(f"{path}/join/challenge", asked).status_code == 400
    assert everything(world) == before
    assert answer(robot, MINE, message, EVE).status_code == 200
    shown = robot.get(f"{path}/members/eve").json()
    assert (shown["is_staff"], shown["user"], shown["acl"]) == (False, None, "ALLOW ALL")
