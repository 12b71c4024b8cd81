"""Classes 4, 13, 18, 19, 22 and 28 of the known attacks, on joining, contacts and key history.

A text that is altered, answered twice, late or elsewhere (CVE-2025-46815, Zitadel); what was
switched off works on there (CVE-2026-1486, Keycloak); many questions at once (CVE-2026-9798,
Keycloak); refusals that tell what is there (CVE-2026-4633, Keycloak); small requests that cost or
break much (CVE-2026-4634, Keycloak).
"""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from accounts.models import ContextMember, User
from accounts.services import context_members, users
from identity.api.v1 import desk
from identity.models import ApiKey
from identity.scoping import current
from identity.services import scopes
from identity.web.throttle import Throttle
from sessions_app.models import Challenge, Session
from tests import acts, cast, circles, user_key_holders
from tests.attacks import stopwatch
from tests.circles import Circle
from tests.faces.v1.client import Bearer, problem
from tests.user_key_holders import key, other_signature, signed

pytestmark = pytest.mark.django_db(transaction=True)

ALICE, BOB, DEVICE = key("alice"), key("bob"), key("a device")
WORDS = ("members:create", "members:list", "members:get")
LONGEST = 3.0
"""Seconds; on a busy machine too."""


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False, sign_up=True)


@pytest.fixture
def circle(world: cast.World) -> Circle:
    return circles.circle(world, joining="open")


@pytest.fixture
def alice(world: cast.World) -> Bearer:
    return user_key_holders.session(world, user_key_holders.sign_up(world, ALICE, "alice"))


@pytest.fixture
def robot(world: cast.World) -> Bearer:
    return circles.program(world, *WORDS)


def text(who: Bearer, circle: Circle, member: str = "alice", holder: Any = DEVICE) -> str:
    body = {"member": member, "public_key": holder.public.text}
    answer = who.post(f"/contexts/{circle.id}/join/challenge", body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["message"])


def answer(who: Bearer, circle: Circle, message: str, signature: str = "") -> httpx.Response:
    body = {"message": message, "signature": signature or signed(DEVICE, message)}
    return who.post(f"/contexts/{circle.id}/join", body)


def members(circle: Circle) -> int:
    with current.in_scope(circle.world.scope.id):
        return ContextMember.objects.filter(context=circle.row, ended_at__isnull=True).count()


def test_class_04_a_text_that_is_spelled_otherwise_is_none(
    alice: Bearer, robot: Bearer, circle: Circle
) -> None:
    for who in (alice, robot):
        message = text(who, circle)
        spelled = [
            message + " ",
            message.replace('":', '": ', 1),
            message[:-1] + ',"act":"join"}',
            message.replace("alice", "\\u0061lice"),
            message.replace('"act":"join"', '"act":"sign-in"'),
        ]
        for other in spelled:
            assert answer(who, circle, other).status_code in {401, 403}
    assert not members(circle)


def test_class_04_a_signature_is_that_of_the_key_over_the_text(
    alice: Bearer, circle: Circle
) -> None:
    message = text(alice, circle)
    right = bytes.fromhex(signed(DEVICE, message))
    for position in range(len(right)):
        changed = bytearray(right)
        changed[position] ^= 1
        problem(answer(alice, circle, message, changed.hex()), 401, "signature.invalid")
    wrong = [right[1:].hex(), right.hex() + "00", (right[:33] + b"\xff" * 32).hex(), "é" * 65]
    for each in (*wrong, signed(ALICE, message), signed(DEVICE, message + " ")):
        assert answer(alice, circle, message, each).status_code in {400, 401}
    assert not members(circle)
    assert answer(alice, circle, message).status_code == 200


def test_class_13_a_text_is_answered_once_by_either_signature(
    alice: Bearer, robot: Bearer, circle: Circle
) -> None:
    for who in (alice, robot):
        message = text(who, circle)
        first = signed(DEVICE, message)
        assert answer(who, circle, message, other_signature(first)).status_code == 200
        for again in (first, other_signature(first)):
            problem(answer(who, circle, message, again), 401, "challenge.refused")
    assert members(circle) == 1


def test_class_13_a_refused_join_spends_its_text(alice: Bearer, circle: Circle) -> None:
    message = text(alice, circle)
    circle.set(status="disabled")
    problem(answer(alice, circle, message), 409, "context.disabled")
    circle.set(status="active")
    problem(answer(alice, circle, message), 401, "challenge.refused")


def test_class_13_a_text_comes_late(world: cast.World, alice: Bearer, circle: Circle) -> None:
    message = text(alice, circle)
    with current.in_scope(world.scope.id):
        Challenge.objects.update(expires_at=acts.now() - timedelta(seconds=1))
    problem(answer(alice, circle, message), 401, "challenge.refused")


def test_class_13_a_text_is_good_for_one_act_one_context_and_one_account(
    world: cast.World, alice: Bearer, robot: Bearer, circle: Circle
) -> None:
    bob = user_key_holders.session(world, user_key_holders.sign_up(world, BOB, "bob"))
    other = circles.circle(world, joining="open")
    problem(answer(alice, other, text(alice, circle)), 403, "forbidden")
    problem(answer(robot, other, text(robot, circle)), 401, "challenge.refused")
    problem(answer(bob, circle, text(alice, circle)), 403, "forbidden")
    # A program brings proofs that were made for programs, not those of whoever joins alone.
    problem(answer(robot, circle, text(alice, circle)), 401, "challenge.refused")
    problem(answer(alice, circle, text(robot, circle)), 403, "forbidden")
    for path in ("/sign-in/user-key", "/sign-up/user-key", "/me/user-keys", "/me/step-up/user-key"):
        named = {"public_key": DEVICE.public.text}
        where = path if path.endswith("step-up/user-key") else f"{path}/challenge"
        elsewhere = alice.post(where, named).json()["message"]
        problem(answer(robot, circle, elsewhere), 401, "challenge.refused")
        assert answer(alice, circle, elsewhere).status_code in {401, 403}
        mine = text(alice, circle)
        body = {"message": mine, "signature": signed(DEVICE, mine)}
        asked = ("/me/step-up", {"user_key": body}) if "step-up" in path else (path, body)
        problem(alice.post(*asked), 401, "challenge.refused")
    assert members(circle) == members(other) == 0


def of_user(**changes: Any) -> Callable[[cast.World], object]:
    return lambda _: User.objects.filter(username="alice").update(**changes)


def sessions_over(_: cast.World) -> object:
    return Session.objects.update(status="ended", ended_at=acts.now())


def suspended(world: cast.World) -> object:
    return scopes.suspend(by=world.system, now=acts.now())


OF_PEOPLE: dict[str, Callable[[cast.World], object]] = {
    "user disabled": of_user(status="disabled"),
    "user deleted": of_user(status="disabled", deleted_at=acts.now()),
    "user over": of_user(expires_at=acts.now() - timedelta(seconds=1)),
    "user elsewhere": of_user(networks=["198.51.100.0/24"]),
    "session over": sessions_over,
    "scope suspended": suspended,
}
OF_PROGRAMS: dict[str, Callable[[cast.World], object]] = {
    "disabled": lambda _: ApiKey.objects.update(status="disabled"),
    "revoked": lambda _: ApiKey.objects.update(status="revoked", revoked_at=acts.now()),
    "over": lambda _: ApiKey.objects.update(expires_at=acts.now() - timedelta(seconds=1)),
    "elsewhere": lambda _: ApiKey.objects.update(networks=["198.51.100.0/24"]),
    "scope suspended": suspended,
}


def everything_of(who: Bearer, circle: Circle, message: str, more: str = "") -> set[int]:
    """The answers to all that there is here."""
    body = {"member": "alice", "public_key": DEVICE.public.text}
    return {
        who.post(f"/contexts/{circle.id}/join/challenge", body).status_code,
        answer(who, circle, message).status_code,
        who.get(f"/contexts/{circle.id}/contacts{more}").status_code,
        who.get(f"/contexts/{circle.id}/members/alice/keys").status_code,
    }


@pytest.mark.parametrize("switch", OF_PEOPLE)
def test_class_18_who_was_shut_out_joins_and_sees_nothing(
    world: cast.World, alice: Bearer, circle: Circle, switch: str
) -> None:
    assert everything_of(alice, circle, text(alice, circle)) == {200}
    assert members(circle) == 1
    message = text(alice, circle)
    with current.in_scope(world.scope.id):
        OF_PEOPLE[switch](world)
    assert everything_of(alice, circle, message) == {401}


@pytest.mark.parametrize("switch", OF_PROGRAMS)
def test_class_18_a_key_that_was_switched_off_does_nothing(
    world: cast.World, robot: Bearer, circle: Circle, switch: str
) -> None:
    for_alice = "?member=alice"
    assert everything_of(robot, circle, text(robot, circle), for_alice) == {200}
    message = text(robot, circle)
    with current.in_scope(world.scope.id):
        OF_PROGRAMS[switch](world)
    assert everything_of(robot, circle, message, for_alice) == {401}


def test_class_18_who_is_no_member_any_more_sees_nothing(
    world: cast.World, alice: Bearer, circle: Circle
) -> None:
    assert answer(alice, circle, text(alice, circle)).status_code == 200
    circle.add("bob", BOB)
    paths = [f"/contexts/{circle.id}/{rest}" for rest in ("contacts", "members/bob/keys")]
    assert {alice.get(path).status_code for path in paths} == {200}
    with current.in_scope(world.scope.id):
        context_members.remove(
            context_id=circle.id, member_id="alice", by=world.system, now=acts.now()
        )
    for path in paths:
        problem(alice.get(path), 403, "forbidden")


def test_class_18_a_contact_who_was_shut_out_is_none(
    world: cast.World, alice: Bearer, robot: Bearer, circle: Circle
) -> None:
    bob = user_key_holders.session(world, user_key_holders.sign_up(world, BOB, "bob"))
    for who, member, holder in ((alice, "alice", ALICE), (bob, "bob", BOB)):
        message = text(who, circle, member, holder)
        assert answer(who, circle, message, signed(holder, message)).status_code == 200
    path = f"/contexts/{circle.id}/contacts"
    assert [row["member"] for row in alice.get(path).json()["items"]] == ["bob"]
    with current.in_scope(world.scope.id):
        row = User.objects.get(username="bob")
        users.disable(user_id=row.id, by=world.system, now=acts.now())
    assert alice.get(path).json()["items"] == []
    assert robot.get(f"{path}?member=alice").json()["items"] == []
    # A program may still ask what was so, and what is known of the member itself.
    assert len(robot.get(f"/contexts/{circle.id}/members/bob/keys").json()["items"]) == 1


def test_class_19_no_flood_of_texts(
    alice: Bearer, circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "per_address", Throttle(count=30, seconds=3600))
    body = {"member": "alice", "public_key": DEVICE.public.text}
    path = f"/contexts/{circle.id}/join/challenge"
    codes = [alice.post(path, body).status_code for _ in range(40)]
    assert codes == [200] * 30 + [429] * 10
    with current.in_scope(circle.world.scope.id):
        # One for signing up, and no more than were let through.
        assert Challenge.objects.count() <= 31


def told(answer: httpx.Response, sent: str) -> tuple[int, str]:
    shown = {**answer.json(), "request_id": "", "instance": ""}
    return answer.status_code, json.dumps(shown, sort_keys=True).replace(sent, "…")


def test_class_22_a_context_that_is_not_for_one_is_as_none(
    world: cast.World, alice: Bearer, circle: Circle
) -> None:
    circle.set(joining="closed")
    circle.add("bob", BOB, is_staff=True)
    stopped = circles.circle(world)
    stopped.set(status="disabled")
    body = {"member": "alice", "public_key": DEVICE.public.text}
    said = {"message": text(circles.program(world, *WORDS), circle), "signature": "00"}
    for method, rest, given in (
        ("GET", "contacts", None),
        ("GET", "contacts?member=bob", None),
        ("GET", "members/bob/keys", None),
        ("GET", "members/nobody/keys", None),
        ("POST", "join/challenge", body),
        ("POST", "join", said),
    ):
        answers = {
            told(alice.send(method, f"/contexts/{name}/{rest}", given), name)
            for name in (circle.id, stopped.id, "unknown")
        }
        assert len(answers) == 1, answers
        assert {code for code, _ in answers} == {403}


def test_class_22_it_takes_no_other_time(
    world: cast.World, alice: Bearer, circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "per_address", Throttle(count=10**9, seconds=60))
    circle.set(joining="closed")
    for number in range(20):
        circle.add(f"m{number}", key(f"m{number}"))
    body = {"member": "m7", "public_key": DEVICE.public.text}

    def asked(name: str, method: str, rest: str, given: Any) -> Callable[[], object]:
        return lambda: alice.send(method, f"/contexts/{name}/{rest}", given)

    for method, rest, given in (
        ("GET", "contacts", None),
        ("GET", "members/m7/keys", None),
        ("POST", "join/challenge", body),
    ):
        stopwatch.alike(
            {name: asked(name, method, rest, given) for name in (circle.id, "unknown")}, rounds=25
        )


BODIES: list[tuple[str, dict[str, Any]]] = [
    ("join/challenge", {"member": "x" * 129, "public_key": DEVICE.public.text}),
    ("join/challenge", {"member": "", "public_key": DEVICE.public.text}),
    ("join/challenge", {"member": "alice", "public_key": "1" * 65}),
    ("join/challenge", {"member": "alice", "public_key": "1" * 64}),
    ("join/challenge", {"member": "alice", "public_key": "\U0001f600" * 64}),
    ("join/challenge", {"member": ["alice"], "public_key": DEVICE.public.text}),
    ("join", {"message": "x" * 8193, "signature": "00"}),
    ("join", {"message": "[" * 8192, "signature": "00"}),
    ("join", {"message": "{" + '"a":{' * 1600, "signature": "00"}),
    ("join", {"message": "{}", "signature": "0" * 131}),
    ("join", {"message": "9" * 8192, "signature": "00"}),
    ("join", {"message": '{"id":1e999,"challenge":"","public_key":""}', "signature": "00"}),
    ("join", {"message": "\ud800", "signature": "00"}),
    ("members", {"member": "alice", "public_key": DEVICE.public.text, "acl": "ALLOW ALL\n" * 4096}),
    ("members", {"member": "alice", "public_key": DEVICE.public.text, "user": "x" * 10_000}),
]


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_class_28_no_body_breaks_it(
    alice: Bearer, robot: Bearer, circle: Circle, number: int
) -> None:
    rest, body = BODIES[number]
    for who in (alice, robot):
        started = time.perf_counter()
        refused = who.http.post(
            f"{who.prefix}/contexts/{circle.id}/{rest}",
            content=json.dumps(body),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {who.token}"},
        )
        assert 400 <= refused.status_code < 500, refused.text
        assert time.perf_counter() - started < LONGEST
    assert not members(circle)


QUERIES = [
    *("at=0001-01-01T00:00:00Z", "at=0001-01-01T00:00:00%2B14:00", "at=9999-12-31T23:59:59Z"),
    *("at=9999-12-31T23:59:59-14:00", "at=2026-01-01T00:00:00.123456789Z", "at=1e9", "at="),
    *("limit=0", "limit=201", "limit=-1", "limit=1e3", "limit=" + "9" * 400),
    *("after=" + "A" * 4097, "after=" + "W1tb" * 1000, "after=%00", "after=bnVsbA"),
    *("public_key=" + "1" * 65, "public_key=%00", "public_key=%F0%9F%98%80"),
    *("kind=all", "kind=", "member=" + "x" * 129, "member=%00", "member=bob&member=alice"),
    *("order=sideways", "at=" + quote("2026-01-01T00:00:00+25:00")),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:24])
def test_class_28_no_parameter_breaks_a_list(
    alice: Bearer, robot: Bearer, circle: Circle, query: str
) -> None:
    assert answer(alice, circle, text(alice, circle)).status_code == 200
    for who in (alice, robot):
        for rest in ("contacts", "members/alice/keys"):
            started = time.perf_counter()
            found = who.get(f"/contexts/{circle.id}/{rest}?{query}")
            assert found.status_code < 500, found.text
            assert time.perf_counter() - started < LONGEST
