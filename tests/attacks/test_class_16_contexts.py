"""Classes 15 and 16 of the known attacks, on contexts: keys that reach beyond their limits.

Seen in Keycloak as CVE-2026-3121 and CVE-2026-37980, in Zitadel as CVE-2026-55672: who was given a
part takes the whole. A key of a program is limited to a solution, or to a context; whatever it asks
for, nothing else is seen or changed. And who may only add members changes none that is there.
"""

from typing import Any

import pytest

from accounts.models import Context, ContextMember, Solution
from accounts.services import context_members, contexts, solutions
from identity import ids, limits
from identity.crypto import user_key
from identity.scoping import current
from identity.services import api_key_secrets, api_keys
from tests import acts, cast
from tests.faces.v1.client import Bearer, problem

pytestmark = pytest.mark.django_db

WORDS = tuple(
    f"{noun}:{verb}"
    for noun in ("solutions", "contexts", "members")
    for verb in ("list", "get", "create", "edit", "delete")
)
MINE, THEIRS = "mine", "theirs"


def key(number: int) -> str:
    return user_key.parse_private(number.to_bytes(32, "big")).public.text


@pytest.fixture
def world() -> cast.World:
    """Two solutions with a context of one member each."""
    world = cast.world(governance=False)
    where: dict[str, Any] = {"by": world.system, "now": acts.now()}
    with cast.in_scope(world):
        for number, name in enumerate((MINE, THEIRS), start=1):
            solutions.create(name=name, public_id=name, **where)
            given = contexts.Given(name, name, visibility="public")
            contexts.create(given=given, public_id=f"{name}-circle", **where)
            context_members.add(
                context_id=f"{name}-circle", member_id="bob", public_key=key(number), **where
            )
    return world


def program(world: cast.World, *words: str, **bound: Any) -> Bearer:
    secret = api_key_secrets.new_secret()
    with current.in_scope(world.scope.id):
        api_keys.create(
            key_id=ids.new(),
            name="backend",
            credential=api_key_secrets.bearer(secret),
            words=words or WORDS,
            limits=limits.checked(**bound),
            by=world.system,
            now=acts.now(),
        )
    return Bearer.of(secret, world.scope.slug)


def everything(world: cast.World) -> list[Any]:
    with cast.in_scope(world):
        return [
            row
            for model in (Solution, Context, ContextMember)
            for row in model.objects.order_by("id").values_list()
        ]


CIRCLE = f"/contexts/{THEIRS}-circle"
BEYOND: list[tuple[str, str, Any]] = [
    ("GET", CIRCLE, None),
    ("PATCH", CIRCLE, {"name": "stolen"}),
    ("DELETE", CIRCLE, None),
    ("POST", f"{CIRCLE}/disable", None),
    ("POST", f"{CIRCLE}/enable", None),
    ("PUT", f"{CIRCLE}/shares/{MINE}", None),
    ("DELETE", f"{CIRCLE}/shares/{MINE}", None),
    ("GET", f"{CIRCLE}/members", None),
    ("POST", f"{CIRCLE}/members", {"member": "eve", "public_key": key(9)}),
    ("GET", f"{CIRCLE}/members/bob", None),
    ("DELETE", f"{CIRCLE}/members/bob", None),
    ("PUT", f"{CIRCLE}/members/bob/acl", {"acl": "DENY ALL"}),
    ("PUT", f"{CIRCLE}/members/bob/staff", {"is_staff": True}),
]
OF_SOLUTIONS: list[tuple[str, str, Any]] = [
    ("GET", f"/solutions/{THEIRS}", None),
    ("PATCH", f"/solutions/{THEIRS}", {"name": "stolen"}),
    ("DELETE", f"/solutions/{THEIRS}", None),
    ("POST", "/solutions", {"name": "another"}),
    ("POST", "/contexts", {"solution": THEIRS, "name": "another"}),
    ("PUT", f"/contexts/{MINE}-circle/shares/{THEIRS}", None),
    ("GET", f"/contexts?solution={THEIRS}", None),
]


@pytest.mark.parametrize(
    ("bound", "beyond"),
    [
        ({"solutions": [MINE]}, BEYOND + OF_SOLUTIONS),
        ({"contexts": [f"{MINE}-circle"]}, BEYOND),
        ({"solutions": [MINE, THEIRS], "contexts": [f"{MINE}-circle"]}, BEYOND),
        ({"solutions": ["*"], "contexts": [f"{MINE}-circle"]}, BEYOND),
    ],
    ids=["solution", "context", "both", "all solutions"],
)
def test_a_limited_key_touches_nothing_else(
    world: cast.World, bound: dict[str, Any], beyond: list[tuple[str, str, Any]]
) -> None:
    robot = program(world, **bound)
    before = everything(world)
    for method, path, body in beyond:
        answer = robot.send(method, path, body, {"If-Match": "*"})
        problem(answer, 403, "limits.outside")
    assert everything(world) == before
    listed = robot.get("/contexts").json()["items"]
    assert [row["id"] for row in listed] == [f"{MINE}-circle"]
    assert robot.get(f"/contexts/{MINE}-circle/members/bob").status_code == 200
    added = robot.post(f"/contexts/{MINE}-circle/members", {"member": "eve", "public_key": key(9)})
    assert added.json()["changed"] == "added"


def test_a_key_of_a_context_makes_no_other(world: cast.World) -> None:
    robot = program(world, contexts=[f"{MINE}-circle"])
    answer = robot.post("/contexts", {"solution": MINE, "name": "another"})
    problem(answer, 403, "limits.outside")


def test_a_key_of_a_borrowing_solution_sees_what_it_borrows(world: cast.World) -> None:
    robot = program(world, solutions=[MINE])
    with cast.in_scope(world):
        contexts.share(
            context_id=f"{THEIRS}-circle", solution_id=MINE, by=world.system, now=acts.now()
        )
    assert robot.get(f"{CIRCLE}/members/bob").status_code == 200
    assert {row["id"] for row in robot.get("/contexts").json()["items"]} == {
        f"{MINE}-circle",
        f"{THEIRS}-circle",
    }
    with cast.in_scope(world):
        contexts.unshare(
            context_id=f"{THEIRS}-circle", solution_id=MINE, by=world.system, now=acts.now()
        )
    problem(robot.get(f"{CIRCLE}/members/bob"), 403, "limits.outside")


CHANGES: list[dict[str, Any]] = [
    {"member": "bob", "public_key": key(8)},
    {"member": "bob", "public_key": key(1), "acl": "DENY ALL"},
    {"member": "bob", "public_key": key(1), "is_staff": True},
    {"member": "eve", "public_key": key(8), "is_staff": True},
    {"member": "eve", "public_key": key(8), "user": "alice"},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_who_may_only_add_changes_nobody(world: cast.World, change: dict[str, Any]) -> None:
    robot = program(world, "members:create")
    alice = world.member("alice")
    if "user" in change:
        change = {**change, "user": alice.uid}
    before = everything(world)
    problem(robot.post(f"/contexts/{MINE}-circle/members", change), 403, "forbidden")
    assert everything(world) == before
    same = {"member": "bob", "public_key": key(1)}
    assert robot.post(f"/contexts/{MINE}-circle/members", same).json()["changed"] == "nothing"


def test_no_member_becomes_another_accounts(world: cast.World) -> None:
    robot = program(world)
    alice, carol = world.member("alice"), world.member("carol")
    path = f"/contexts/{MINE}-circle/members"
    mine = {"member": "bob", "public_key": key(1)}
    assert robot.post(path, {**mine, "user": alice.uid}).json()["changed"] == "edited"
    problem(robot.post(path, {**mine, "user": carol.uid}), 409, "member.taken")
    other = {"member": "bob", "public_key": key(7), "user": carol.uid}
    problem(robot.post(path, other), 409, "member.taken")


def test_ids_of_another_scope_are_unknown(world: cast.World) -> None:
    """The same ids in another scope are other things there."""
    other = cast.world("other", governance=False)
    where: dict[str, Any] = {"by": other.system, "now": acts.now()}
    with cast.in_scope(other):
        solutions.create(name="other", public_id=MINE, **where)
    robot = program(other)
    before = everything(world)
    assert robot.get(f"/solutions/{MINE}").json()["name"] == "other"
    for method, path, body in [(*each,) for each in BEYOND if "shares" not in each[1]]:
        problem(robot.send(method, path, body, {"If-Match": "*"}), 404, "context.missing")
    problem(robot.get(f"/solutions/{THEIRS}"), 404, "solution.missing")
    assert everything(world) == before
