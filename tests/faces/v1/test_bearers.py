"""Tokens and API keys in the header Authorization (RFC 6750)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from accounts.services import role_assignments, users
from identity import ids
from identity.api.v1 import route
from identity.api.v1.caller import Kind
from identity.api.v1.table import TABLE
from identity.models import ApiKey
from identity.sdk.keys import DeviceKeys
from identity.services import api_key_secrets, api_keys
from invitations.commands.command import registry
from tests import cast, signed_in
from tests.faces.v1.client import BASE, Bearer, InProcess, Signed, problem

IDS = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def member(world: cast.World) -> cast.Member:
    world.member("owner", "super-admin")
    return world.member("alice", "super-admin")


@pytest.fixture
def session(world: cast.World, member: cast.Member) -> Bearer:
    return Bearer.of(signed_in.start(world, member).access, world.scope.slug)


def key_of(world: cast.World, *words: str, owner: cast.Member | None = None) -> Bearer:
    secret = api_key_secrets.new_secret()
    with cast.in_scope(world):
        api_keys.create(
            key_id=ids.new(),
            name="backend",
            credential=api_key_secrets.bearer(secret),
            words=words,
            holder=api_keys.Holder(user_id=owner.user.id if owner else None),
            by=world.system,
            now=datetime.now(UTC),
        )
    return Bearer.of(secret, world.scope.slug)


def path_of(each: route.Route) -> str:
    names = {name: "1" if name == "event" else IDS for name in each.placeholders}
    return each.path.format_map(names)


def test_a_session_reads_its_own_account(session: Bearer, member: cast.Member) -> None:
    told = session.get("/me").json()
    assert told["user"]["id"] == member.uid
    assert told["kind"] == "session"
    assert told["permissions"] == []


ABOUT = {"member_keys_list_by_query": "?member=alice"}
JOINING = {
    "contexts_join_challenge": {
        "member": "somebody",
        "public_key": "5p78kHbL33Rn3JWkTWRE2B9uz6gy4r1KbfAKLNQGE3ovKxJ2W1",
    },
    "contexts_join": {"message": "{}", "signature": "00"},
}


def test_a_session_opens_nothing_but_its_own(session: Bearer) -> None:
    # Its user is a super-admin: the token is not.
    for each in TABLE.routes:
        if each.kind is not Kind.SELF and each.permission != route.OPEN:
            # Whether one may join by a key oneself is said by what the body is about.
            body: Any = JOINING.get(each.name, {}) if each.body is not None else None
            answer = session.send(each.method, path_of(each) + ABOUT.get(each.name, ""), body)
            assert problem(answer, 403, "forbidden"), each.name


def test_a_session_that_was_left_alone_registers_no_device(
    world: cast.World, member: cast.Member
) -> None:
    earlier = datetime.now(UTC) - timedelta(minutes=6)
    held = signed_in.start(world, member, now=earlier)
    session = Bearer.of(held.access, world.scope.slug)
    keys = {"statement": "e30=", "signature": "e30="}
    problem(session.post("/me/devices", keys), 403, "session.step-up-needed")


def test_no_command_takes_a_session_for_its_user(world: cast.World, member: cast.Member) -> None:
    # Else a stolen token could make itself a device, and with that everything its user may do.
    held = signed_in.start(world, member)
    actor = signed_in.check(world, held.access).actor("192.0.2.7")
    known = registry.get("device.register")
    given = {"user": member.uid, "name": "x", "signature_key": "x", "encryption_key": "x"}
    assert not known.is_own(known.read({**given, "registration": ""}), actor)
    assert not actor.may(known.permission)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_name_of_the_scheme_has_no_case(session: Bearer, scheme: str) -> None:
    answer = session.get("/me", headers={"Authorization": f"{scheme} {session.token}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Bearer csk_x", "Bearer a.b.c", "Bearer \u00e9"]
)
def test_refuses_what_is_no_token_in_one_way(session: Bearer, header: str) -> None:
    raw = httpx.Headers([(b"Authorization", header.encode("latin-1"))])
    answer = session.http.get(f"{session.prefix}/me", headers=raw)
    told = problem(answer, 401, "unauthenticated")
    assert set(told) == {"type", "title", "status"}
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_a_token_is_of_no_use_at_another_scopes_address(session: Bearer) -> None:
    other = cast.world()
    problem(Bearer.of(session.token, other.scope.slug).get("/me"), 401, "unauthenticated")
    headers = {"X-Scope-Id": str(other.scope.id)}
    problem(session.get("/me", headers=headers), 401, "unauthenticated")


def test_without_a_prefix_the_token_names_the_scope(session: Bearer) -> None:
    session.prefix = "/v1"
    assert session.get("/me").status_code == 200


def test_a_signature_beside_a_token_is_nobody(session: Bearer, alice_signed: Signed) -> None:
    answer = alice_signed.get("/me", headers={"Authorization": f"Bearer {session.token}"})
    problem(answer, 401, "unauthenticated")


@pytest.fixture
def alice_signed(world: cast.World, member: cast.Member) -> Signed:
    return Signed.of(member, world.scope.slug)


def test_an_api_key_does_what_its_words_say(world: cast.World, member: cast.Member) -> None:
    key = key_of(world, "users:list", "groups:create")
    assert key.get("/users").status_code == 200
    problem(key.get("/groups"), 403, "forbidden")
    problem(key.get(f"/users/{member.uid}"), 403, "forbidden")


def test_an_api_key_has_no_account(world: cast.World, member: cast.Member) -> None:
    key = key_of(world, "users:list", owner=member)
    for each in TABLE.routes:
        if each.kind is Kind.SELF:
            body: Any = {} if each.body is not None else None
            problem(key.send(each.method, path_of(each), body), 403, "forbidden")
    # The own account needs no word; for a key it does.
    problem(key.get(f"/users/{member.uid}"), 403, "forbidden")
    problem(key.send("DELETE", f"/users/{member.uid}/password"), 403, "forbidden")


def test_an_api_key_makes_what_needs_nobody_else(world: cast.World) -> None:
    key = key_of(world, "groups:create")
    made = key.post("/groups", {"name": "tea"}, headers={"Idempotency-Key": "one"})
    assert made.status_code == 201, made.text
    again = key.post("/groups", {"name": "tea"}, headers={"Idempotency-Key": "one"})
    assert again.json() == made.json()


def test_an_api_key_proposes_nothing(world: cast.World) -> None:
    key = key_of(world, "groups:create")
    for name in ("alice", "bob"):
        world.member(name, "super-admin")
    problem(key.post("/groups", {"name": "tea"}), 403, "forbidden")
    assert key_of(world, "proposals:list").get("/proposals").json()["items"] == []


def test_an_api_key_brings_no_keys_of_programs(world: cast.World) -> None:
    keys = DeviceKeys.generate()
    body = {
        "email": "x@example.test",
        "signature_key": keys.signature_pubkey,
        "encryption_key": keys.encryption_pubkey,
    }
    problem(key_of(world, "users:create").post("/users", body), 403, "forbidden")


def test_an_api_key_loses_what_its_owner_loses(world: cast.World, member: cast.Member) -> None:
    bob = world.member("bob", "workspace-auditor")
    key = key_of(world, "users:list", "users:edit", owner=bob)
    assert key.get("/users").status_code == 200
    problem(key.send("PATCH", f"/users/{member.uid}", {"email": "x@x.test"}), 403, "forbidden")
    with cast.in_scope(world):
        role_assignments.withdraw(
            user_id=bob.user.id, role="workspace-auditor", by=world.system, now=datetime.now(UTC)
        )
    problem(key.get("/users"), 403, "forbidden")
    users.disable(user_id=bob.user.id, by=world.system, now=datetime.now(UTC))
    problem(key.get("/users"), 401, "unauthenticated")


def test_notes_the_use_of_a_key_once_a_minute(world: cast.World) -> None:
    key = key_of(world, "users:list")

    def last() -> datetime | None:
        with cast.in_scope(world):
            return ApiKey.objects.get().last_used_at

    key.get("/users")
    first = last()
    assert first is not None
    key.get("/users")
    assert last() == first
    with cast.in_scope(world):
        ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    key.get("/users")
    latest = last()
    assert latest is not None
    assert latest >= first


def test_cookies_play_no_part_beside_a_token(world: cast.World, session: Bearer) -> None:
    http = httpx.Client(base_url=BASE, transport=InProcess(), cookies={"sessionid": "x"})
    answer = http.post(
        f"{session.prefix}/me/sessions/end-others",
        json={},
        headers={"Authorization": f"Bearer {session.token}"},
    )
    assert answer.status_code == 200


def test_the_export_takes_a_key_too(world: cast.World) -> None:
    answer = key_of(world, "audit:list").get("/audit/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jsonl"
