"""Introspection and revocation of the tokens that programs get for their API keys."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.services import users
from identity.models import ApiKey, AuditEvent
from identity.services.api_keys import Holder
from sessions_app.errors import TokenRefused
from sessions_app.models import MachineSession
from sessions_app.services import machine_keys, machine_renewals, tokens
from sessions_app.services.machine_sessions import Pair
from sessions_app.services.machine_starts import Asked
from tests import acts, cast, programs
from tests.faces.v1.client import Bearer, problem
from tests.faces.v1.test_bearers import key_of
from tests.programs import AT, Program

REFRESH = {"token_type_hint": "refresh_token"}
INACTIVE = {"active": False}


@pytest.fixture
def robot(world: cast.World) -> Program:
    return programs.make(world.system, "users:list", "members:list")


@pytest.fixture
def pair(robot: Program) -> Pair:
    return robot.begin()


@pytest.fixture
def backend(world: cast.World) -> Bearer:
    return key_of(world, "sessions:introspect")


def told(who: Bearer, token: str, **more: str) -> dict[str, Any]:
    answer = who.post("/token/introspect", {"token": token, **more})
    assert answer.status_code == 200, answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    found: dict[str, Any] = answer.json()
    return found


def test_tells_what_an_access_token_gives(
    world: cast.World, robot: Program, pair: Pair, backend: Bearer
) -> None:
    found = told(backend, pair.access)
    issuer = tokens.issuer(world.scope.slug)
    with cast.in_scope(world):
        session = MachineSession.objects.get()
    assert found == {
        "active": True,
        "token_type": "Bearer",
        "iss": issuer,
        "aud": issuer,
        "sub": f"api-key:{robot.row.id}",
        "sid": str(pair.session_id),
        "iat": int(session.refreshed_at.timestamp()),
        "exp": int(pair.access_expires_at.timestamp()),
        "client_id": robot.row.key_id,
        "scope_id": str(world.scope.id),
        "scope": "members:list users:list",
    }


def test_tells_a_refresh_token_to_who_asks_about_one(pair: Pair, backend: Bearer) -> None:
    assert told(backend, pair.refresh) == INACTIVE
    assert told(backend, pair.refresh, token_type_hint="access_token") == INACTIVE
    found = told(backend, pair.refresh, **REFRESH)
    access = told(backend, pair.access, **REFRESH)
    assert (found["token_type"], access["token_type"]) == ("N_A", "Bearer")
    assert found["exp"] == int(pair.refresh_expires_at.timestamp())
    assert found["exp"] > access["exp"]
    assert {**found, "exp": 0, "token_type": ""} == {**access, "exp": 0, "token_type": ""}


def test_tells_no_more_than_the_session_and_its_key_give(
    world: cast.World, backend: Bearer
) -> None:
    robot = programs.make(
        world.system, "users:list", "members:list", solutions=("one", "two"), contexts=("c", "d")
    )
    narrow = Asked(permissions=frozenset({"members:list"}), solutions=("one",), contexts=("c",))
    found = told(backend, robot.begin(narrow).access)
    assert (found["scope"], found["solutions"], found["contexts"]) == (
        "members:list",
        ["one"],
        ["c"],
    )
    wide = robot.begin().access
    with cast.in_scope(world):
        ApiKey.objects.filter(id=robot.row.id).update(permissions=["users:list"], contexts=["d"])
    found = told(backend, wide)
    assert (found["scope"], found["contexts"]) == ("users:list", ["d"])


def test_whoever_lost_a_right_has_none_to_lend(world: cast.World, backend: Bearer) -> None:
    world.member("owner", "super-admin")
    bob = world.member("bob", "workspace-auditor")
    robot = programs.make(
        world.system, "users:list", "users:edit", holder=Holder(user_id=bob.user.id)
    )
    pair = robot.begin()
    found = told(backend, pair.access)
    assert found["scope"] == "users:list"
    # The key acts for bob, and is not bob: nobody takes its tokens for his.
    assert found["sub"] == f"api-key:{robot.row.id}"
    assert "username" not in found
    users.disable(user_id=bob.user.id, by=world.system, now=acts.now())
    assert told(backend, pair.access) == told(backend, pair.refresh, **REFRESH) == INACTIVE


def test_a_token_ends_with_its_key(world: cast.World, backend: Bearer) -> None:
    end = acts.now() + timedelta(minutes=5)
    robot = programs.make(world.system, expires_at=end)
    pair = robot.begin()
    assert told(backend, pair.access)["exp"] == int(end.timestamp())
    assert told(backend, pair.refresh, **REFRESH)["exp"] == int(end.timestamp())
    machine_keys.disable(key_id=robot.row.id, by=world.system, now=acts.now())
    assert told(backend, pair.access) == told(backend, pair.refresh, **REFRESH) == INACTIVE


def test_of_a_renewed_session_the_newest_pair_is_told(
    pair: Pair, backend: Bearer, world: cast.World
) -> None:
    newer = machine_renewals.refresh(pair.refresh, origin=AT, now=acts.now())
    assert told(backend, pair.access) == told(backend, pair.refresh, **REFRESH) == INACTIVE
    assert told(backend, newer.access)["active"]
    assert told(backend, newer.refresh, **REFRESH)["active"]
    with cast.in_scope(world):
        # To ask is no use of a spent token: nothing ends, and nobody is alarmed.
        assert MachineSession.objects.get().status == "active"
        assert not AuditEvent.objects.filter(name="machine-session.reused").exists()
        assert MachineSession.objects.get().serial == 2


def test_to_ask_is_no_use_of_the_key(world: cast.World, robot: Program, backend: Bearer) -> None:
    pair = robot.begin()
    with cast.in_scope(world):
        ApiKey.objects.filter(id=robot.row.id).update(last_used_at=None)
        assert told(backend, pair.access)["active"]
        assert ApiKey.objects.get(id=robot.row.id).last_used_at is None


def test_what_is_bound_to_a_place_is_told_to_nobody(robot: Program, backend: Bearer) -> None:
    for bound in (Asked(address=AT.address), Asked(connection="c1")):
        pair = robot.begin(bound)
        assert told(backend, pair.access) == told(backend, pair.refresh, **REFRESH) == INACTIVE


def test_needs_the_word_and_the_scope(world: cast.World, pair: Pair) -> None:
    for weak in (key_of(world, "sessions:view"), Bearer.of(pair.access, world.scope.slug)):
        problem(weak.post("/token/introspect", {"token": pair.access}), 403, "forbidden")
    elsewhere = key_of(cast.world(), "sessions:introspect")
    assert told(elsewhere, pair.access) == told(elsewhere, pair.refresh, **REFRESH) == INACTIVE


def test_a_program_may_look_into_tokens_by_a_token(world: cast.World, pair: Pair) -> None:
    gateway = programs.make(world.system, "sessions:introspect").begin()
    asking = Bearer.of(gateway.access, world.scope.slug)
    assert told(asking, pair.access)["active"]
    assert told(asking, gateway.access)["scope"] == "sessions:introspect"


@pytest.mark.parametrize("which", ["access", "refresh", "spent"])
def test_whoever_holds_a_token_ends_its_session(
    world: cast.World, pair: Pair, backend: Bearer, which: str
) -> None:
    given = pair.access if which == "access" else pair.refresh
    newest = pair
    if which == "spent":
        newest = machine_renewals.refresh(pair.refresh, origin=AT, now=acts.now())
    asking = Bearer.of(newest.access, world.scope.slug)
    assert asking.get("/users").status_code == 200
    assert backend.post("/token/revoke", {"token": given}).json() == {}
    problem(asking.get("/users"), 401, "unauthenticated")
    assert told(backend, newest.access) == told(backend, newest.refresh, **REFRESH) == INACTIVE
    with pytest.raises(TokenRefused):
        machine_renewals.refresh(newest.refresh, origin=AT, now=acts.now())
    assert backend.post("/token/revoke", {"token": given}).json() == {}
    with cast.in_scope(world):
        session = MachineSession.objects.get()
        assert (session.status, session.ended_reason) == ("ended", "revoked")
        event = AuditEvent.objects.get(name="machine-session.ended")
        assert event.subject_id == str(session.id)
        assert event.facts == {"reason": "revoked"}


def test_revokes_nothing_of_another_scope_and_no_other_session(
    world: cast.World, robot: Program, pair: Pair
) -> None:
    elsewhere = key_of(cast.world(), "sessions:introspect")
    other = robot.begin()
    for token in (pair.access, pair.refresh):
        assert elsewhere.post("/token/revoke", {"token": token}).json() == {}
    assert programs.asking(pair).session_id == pair.session_id
    assert elsewhere.post("/token/revoke", {"token": pair.access}).json() == {}
    here = key_of(world, "sessions:view")
    assert here.post("/token/revoke", {"token": other.access}).json() == {}
    assert programs.asking(pair).session_id == pair.session_id
    with pytest.raises(TokenRefused):
        programs.asking(other)


def test_tells_and_ends_nothing_for_a_token_that_was_altered(
    world: cast.World, pair: Pair, backend: Bearer
) -> None:
    for token in (pair.access, pair.refresh):
        for place in range(0, len(token), 3):
            sign = "A" if token[place] != "A" else "B"
            altered = f"{token[:place]}{sign}{token[place + 1 :]}"
            assert told(backend, altered, **REFRESH) == INACTIVE
            assert backend.post("/token/revoke", {"token": altered}).json() == {}
    # The one text in the other's place, too: each says for what it is.
    for token, use in ((pair.access, "csmr"), (pair.refresh, "csma")):
        assert told(backend, use + token[4:], **REFRESH) == INACTIVE
    assert programs.asking(pair).session_id == pair.session_id
