"""GET /v1/contexts/{context}/contacts and /v1/contexts/{context}/members/{member}/keys."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from accounts.models import ContextMember, Profile, User
from accounts.queries import contacts
from accounts.services import context_members, profile_editing, users
from identity.scoping import current
from tests import acts, cast, circles, user_key_holders
from tests.circles import Circle
from tests.faces.v1.client import Bearer, problem
from tests.user_key_holders import key

ALICE = key("alice")
READS = "ALLOW READ"
NEVER = "ALLOW ALL\nDENY thread/ALL"


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False, sign_up=True)


@pytest.fixture
def circle(world: cast.World) -> Circle:
    return circles.circle(world)


@pytest.fixture
def alice(world: cast.World, circle: Circle) -> Bearer:
    """A member without any right in the scope."""
    session = user_key_holders.session(world, user_key_holders.sign_up(world, ALICE, "alice"))
    circle.add("alice", ALICE, user_id=user_of(world, "alice").id)
    return session


@pytest.fixture
def program(world: cast.World) -> Bearer:
    return circles.program(world, "members:list", "members:get")


def user_of(world: cast.World, name: str) -> User:
    with current.in_scope(world.scope.id):
        return User.objects.get(username=name)


def seen(who: Bearer, circle: Circle, **query: Any) -> list[dict[str, Any]]:
    answer = who.get(f"/contexts/{circle.id}/contacts?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def names(who: Bearer, circle: Circle, **query: Any) -> list[str]:
    return [each["member"] for each in seen(who, circle, **query)]


def test_shows_the_others_with_their_keys(world: cast.World, alice: Bearer, circle: Circle) -> None:
    circle.add("bob", key("bob"), is_staff=True)
    circle.add("carol ☃\n", key("carol"), proven=True)
    found = seen(alice, circle, kind="thread")
    assert [each["member"] for each in found] == ["bob", "carol ☃\n"]
    assert [each["public_key"] for each in found] == [
        key("bob").public.text,
        key("carol").public.text,
    ]
    assert [each["is_staff"] for each in found] == [True, False]
    assert [each["proven_at"] is not None for each in found] == [False, True]
    assert {each["user"] for each in found} == {None}


def test_shows_what_people_do_not_hide(world: cast.World, alice: Bearer, circle: Circle) -> None:
    for name in ("open", "shy", "friendly"):
        answer = user_key_holders.sign_up(world, key(name), name, full_name=f"{name.title()} X")
        assert answer.status_code == 201
        user = user_of(world, name)
        circle.add(name, key(name), user_id=user.id)
        hidden: dict[str, Any] = {
            "shy": {"fullName": True},
            "friendly": {"fullName": "follower-only"},
        }
        with current.in_scope(world.scope.id):
            profile_editing.set_privacy(
                user_id=user.id, changes=hidden.get(name, {}), by=world.system, now=acts.now()
            )
    found = {each["member"]: each for each in seen(alice, circle)}
    assert {name: each["full_name"] for name, each in found.items()} == {
        "open": "Open X",
        "shy": "",
        "friendly": "",
    }
    assert found["open"]["user"] == str(user_of(world, "open").public_id)
    assert not {"email", "phone"} & set(found["open"])


def test_both_access_lists_count(world: cast.World, alice: Bearer, circle: Circle) -> None:
    circle.add("reader", key("reader"), acl=READS)
    circle.add("never", key("never"), acl=NEVER)
    circle.add("none", key("none"), acl="DENY ALL")
    assert names(alice, circle, kind="thread") == ["reader"]
    assert names(alice, circle, kind="store") == ["reader", "never"]
    assert names(alice, circle) == ["reader", "never"]
    with current.in_scope(world.scope.id):
        context_members.set_acl(
            context_id=circle.id, member_id="alice", acl=NEVER, by=world.system, now=acts.now()
        )
    assert names(alice, circle, kind="thread") == []
    assert names(alice, circle, kind="kvdb") == ["reader", "never"]
    with current.in_scope(world.scope.id):
        context_members.set_acl(
            context_id=circle.id, member_id="alice", acl=READS, by=world.system, now=acts.now()
        )
    # Who only reads begins nothing.
    assert names(alice, circle) == []


def test_where_the_context_says_so_others_see_staff_only(
    world: cast.World, alice: Bearer, circle: Circle, program: Bearer
) -> None:
    circle.set(contacts="staff")
    for number in range(5):
        circle.add(f"member {number}", key(f"member {number}"), is_staff=number % 2 == 0)
    assert names(alice, circle) == ["member 0", "member 2", "member 4"]
    first = alice.get(f"/contexts/{circle.id}/contacts?limit=2").json()
    assert [each["member"] for each in first["items"]] == ["member 0", "member 2"]
    assert names(alice, circle, limit=2, after=first["next"]) == ["member 4"]
    everybody = ["alice", *(f"member {number}" for number in range(5))]
    assert names(program, circle, member="member 0") == [
        name for name in everybody if name != "member 0"
    ]
    assert names(program, circle, member="member 1") == ["member 0", "member 2", "member 4"]


def test_who_cannot_act_is_left_out(world: cast.World, alice: Bearer, circle: Circle) -> None:
    for name in ("active", "disabled", "over"):
        assert user_key_holders.sign_up(world, key(name), name).status_code == 201
        circle.add(name, key(name), user_id=user_of(world, name).id)
    with current.in_scope(world.scope.id):
        User.objects.filter(username="over").update(expires_at=acts.now())
        users.disable(user_id=user_of(world, "disabled").id, by=world.system, now=acts.now())
    assert names(alice, circle) == ["active"]


def test_who_cannot_act_has_no_contacts_and_no_valid_key(
    world: cast.World, alice: Bearer, circle: Circle, program: Bearer
) -> None:
    for name in ("disabled", "over"):
        assert user_key_holders.sign_up(world, key(name), name).status_code == 201
        # Nothing says whose account it is but the key.
        circle.add(name, key(name))
        assert names(program, circle, member=name)
    before = acts.now()
    with current.in_scope(world.scope.id):
        users.disable(user_id=user_of(world, "disabled").id, by=world.system, now=acts.now())
        User.objects.filter(username="over").update(expires_at=acts.now())
    for name in ("disabled", "over"):
        assert names(program, circle, member=name) == []
        for who in (alice, program):
            for moment in (acts.now(), acts.now() + timedelta(days=1)):
                assert periods(who, circle, name, at=moment.isoformat()) == []
            text = key(name).public.text
            assert periods(who, circle, name) == [text], "what was, was"
            assert periods(who, circle, name, at=before.isoformat()) == [text]
    assert names(alice, circle) == []
    with current.in_scope(world.scope.id):
        users.edit(
            user_id=user_of(world, "disabled").id, status="active", by=world.system, now=acts.now()
        )
    now = acts.now().isoformat()
    assert periods(program, circle, "disabled", at=now) == [key("disabled").public.text]
    assert names(program, circle, member="disabled") == ["alice"]


def test_who_left_is_left_out(world: cast.World, alice: Bearer, circle: Circle) -> None:
    circle.add("bob", key("bob"))
    circle.add("bob", key("bob's new one"))
    circle.add("carol", key("carol"))
    with current.in_scope(world.scope.id):
        context_members.remove(
            context_id=circle.id, member_id="carol", by=world.system, now=acts.now()
        )
    (bob,) = seen(alice, circle)
    assert (bob["member"], bob["public_key"]) == ("bob", key("bob's new one").public.text)


def test_goes_on_page_by_page(
    alice: Bearer, circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = []
    for number in range(12):
        is_seen = number % 3 != 1
        acl = None if is_seen else NEVER
        circle.add(f"m{number}", key(f"m{number}"), acl=acl)
        wanted += [f"m{number}"] if is_seen else []
    for stretch in (3, 4, contacts.STRETCH):
        monkeypatch.setattr(contacts, "STRETCH", stretch)
        for limit in (1, 2, 5, 200):
            found: list[str] = []
            after: str | None = ""
            pages = 0
            while after is not None:
                query = {"limit": limit, "after": after, "kind": "thread"}
                page = alice.get(f"/contexts/{circle.id}/contacts?{urlencode(query)}").json()
                assert len(page["items"]) <= limit
                found += [each["member"] for each in page["items"]]
                after, pages = page["next"], pages + 1
            assert found == wanted
            assert pages <= 14


FAR = "WzkyMjMzNzIwMzY4NTQ3NzU4MDdd"
"""The place 2^63 - 1."""


@pytest.mark.parametrize("after", ["x", "e30", "WzFd WzFd", "Wy0xXQ", FAR])
def test_refuses_places_that_are_none(alice: Bearer, circle: Circle, after: str) -> None:
    answer = alice.get(f"/contexts/{circle.id}/contacts?{urlencode({'after': after})}")
    assert answer.status_code == 400


def test_who_is_no_member_learns_nothing(world: cast.World, alice: Bearer, circle: Circle) -> None:
    circle.add("bob", key("bob"))
    other = circles.circle(world)
    other.add("bob", key("bob"))
    for path in (
        f"/contexts/{other.id}/contacts",
        "/contexts/unknown/contacts",
        f"/contexts/{other.id}/members/bob/keys",
        "/contexts/unknown/members/bob/keys",
        f"/contexts/{circle.id}/contacts?member=bob",  # not even as another
        f"/contexts/{circle.id}/contacts?member=alice",
    ):
        problem(alice.get(path), 403, "forbidden")
    with current.in_scope(world.scope.id):
        context_members.remove(
            context_id=circle.id, member_id="alice", by=world.system, now=acts.now()
        )
    problem(alice.get(f"/contexts/{circle.id}/contacts"), 403, "forbidden")


def test_a_disabled_context_shows_nobody(alice: Bearer, circle: Circle, program: Bearer) -> None:
    circle.add("bob", key("bob"))
    circle.set(status="disabled")
    problem(alice.get(f"/contexts/{circle.id}/contacts"), 409, "context.disabled")
    problem(program.get(f"/contexts/{circle.id}/contacts?member=bob"), 409, "context.disabled")


def test_a_program_says_for_whom(circle: Circle, program: Bearer, world: cast.World) -> None:
    circle.add("bob", key("bob"))
    circle.add("carol", key("carol"))
    assert names(program, circle, member="bob") == ["carol"]
    problem(program.get(f"/contexts/{circle.id}/contacts"), 400, "invalid")
    problem(program.get(f"/contexts/{circle.id}/contacts?member=x"), 404, "member.missing")
    problem(program.get(f"/contexts/{circle.id}/contacts?member=%00"), 404, "member.missing")
    problem(program.get("/contexts/x/contacts?member=bob"), 404, "context.missing")
    stranger = circles.program(world, "members:create", "contexts:list")
    problem(stranger.get(f"/contexts/{circle.id}/contacts?member=bob"), 403, "forbidden")


def test_names_the_parameters_that_there_are(circle: Circle, program: Bearer) -> None:
    path = f"/contexts/{circle.id}/contacts"
    told = problem(program.get(f"{path}?user_id=bob&member=bob&x=1"), 400, "invalid")
    assert told["detail"] == "This takes after, kind, limit, member."
    assert told["known"] == ["after", "kind", "limit", "member"]
    assert told["unknown"] == ["user_id", "x"]


def periods(who: Bearer, circle: Circle, member: str, **query: Any) -> list[str]:
    answer = who.get(f"/contexts/{circle.id}/members/{member}/keys?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    return [each["public_key"] for each in answer.json()["items"]]


def test_tells_which_key_was_valid_when(
    world: cast.World, alice: Bearer, circle: Circle, program: Bearer
) -> None:
    begin = datetime(2026, 5, 1, 12, 0, 0, 500, tzinfo=UTC) - timedelta(days=90)
    one, two, three = (key(name) for name in ("one", "two", "three"))
    # Members of this context never join before others did: so it is a new one.
    history = circles.circle(world)
    history.add("bob", one, now=begin)
    history.add("bob", two, now=begin + timedelta(microseconds=300))
    history.add("alice", ALICE, now=begin + timedelta(days=1), user_id=user_of(world, "alice").id)
    with current.in_scope(world.scope.id):
        context_members.remove(
            context_id=history.id, member_id="bob", by=world.system, now=begin + timedelta(days=2)
        )
    history.add("bob", three, now=begin + timedelta(days=3))
    keys = {"one": one.public.text, "two": two.public.text, "three": three.public.text}
    for who in (alice, program):
        assert periods(who, history, "bob") == [keys["three"], keys["two"], keys["one"]]
        assert periods(who, history, "bob", order="oldest", limit=1) == [keys["one"]]
        for moment, expected in (
            (begin - timedelta(microseconds=1), []),
            (begin, [keys["one"]]),
            (begin + timedelta(microseconds=299), [keys["one"]]),
            (begin + timedelta(microseconds=300), [keys["two"]]),
            (begin + timedelta(days=2), []),
            (begin + timedelta(days=2, hours=12), []),
            (begin + timedelta(days=30), [keys["three"]]),
        ):
            assert periods(who, history, "bob", at=moment.isoformat()) == expected
            for public_key in keys.values():
                is_valid = periods(
                    who, history, "bob", at=moment.isoformat(), public_key=public_key
                )
                assert is_valid == [each for each in expected if each == public_key]
    last = program.get(f"/contexts/{history.id}/members/bob/keys").json()["items"]
    assert last[1]["valid_until"] == "2026-02-02T12:00:00.000500Z"
    assert [each["ended_reason"] for each in last] == ["", "removed", "replaced"]


def test_a_time_has_a_zone(alice: Bearer, circle: Circle) -> None:
    path = f"/contexts/{circle.id}/members/alice/keys"
    assert alice.get(f"{path}?at=2026-05-01T12:00:00").status_code == 400
    assert alice.get(f"{path}?at=yesterday").status_code == 400
    assert alice.get(f"{path}?public_key=%00").json()["items"] == []


def test_keys_of_whom_one_may_not_see_stay_hidden(
    world: cast.World, alice: Bearer, circle: Circle
) -> None:
    circle.add("boss", key("boss"), is_staff=True)
    circle.add("bob", key("bob"))
    assert len(periods(alice, circle, "bob")) == 1
    circle.set(contacts="staff")
    for name in ("bob", "nobody"):
        problem(alice.get(f"/contexts/{circle.id}/members/{name}/keys"), 403, "forbidden")
        problem(alice.get(f"/contexts/{circle.id}/member-keys?member={name}"), 403, "forbidden")
    shown = alice.get(f"/contexts/{circle.id}/member-keys?member=boss").json()["items"]
    assert len(shown) == 1
    assert len(periods(alice, circle, "alice")) == len(periods(alice, circle, "boss")) == 1


def test_shows_no_profile_that_is_not_there(world: cast.World, circle: Circle) -> None:
    bob = world.member("bob")
    circle.add("bob", key("bob"), user_id=bob.user.id)
    circle.add("carol", key("carol"))
    program = circles.program(world, "members:list")
    (shown,) = seen(program, circle, member="carol")
    assert (shown["full_name"], shown["name"], shown["user"]) == ("", "", bob.uid)
    with current.in_scope(world.scope.id):
        assert not Profile.objects.exists()
        assert ContextMember.objects.count() == 2
