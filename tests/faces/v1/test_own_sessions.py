"""Sessions, their history and locking, one's own and others', over `/v1`."""

from datetime import UTC, datetime

import pytest

from identity import ids
from identity.services import api_key_secrets, api_keys
from tests import cast, signed_in
from tests.faces.v1.client import Bearer, Signed, problem
from tests.signed_in import PHONE, SignedIn


@pytest.fixture
def bob_user(world: cast.World) -> cast.Member:
    return world.member("bob", "member")


@pytest.fixture
def laptop(world: cast.World, bob_user: cast.Member) -> SignedIn:
    return signed_in.start(world, bob_user)


@pytest.fixture
def phone(world: cast.World, bob_user: cast.Member) -> SignedIn:
    return signed_in.start(world, bob_user, origin=PHONE)


def bearer(world: cast.World, held: SignedIn) -> Bearer:
    return Bearer.of(held.access, world.scope.slug)


def test_lists_the_own_sessions_only(
    world: cast.World, alice: Signed, laptop: SignedIn, phone: SignedIn
) -> None:
    signed_in.start(world, world.member("charlie"))
    told = bearer(world, laptop).get("/me/sessions").json()["items"]
    assert [(row["id"], row["is_current"]) for row in told] == [
        (str(phone.session.id), False),
        (str(laptop.session.id), True),
    ]
    assert told[0]["user_agent"] == "Phone/1"
    assert told[0]["address"] == PHONE.address
    page = bearer(world, laptop).get("/me/sessions?limit=1")
    assert "next" in page.headers["Link"]


def test_ends_one_of_the_own_sessions(world: cast.World, laptop: SignedIn, phone: SignedIn) -> None:
    mine = bearer(world, laptop)
    assert mine.send("DELETE", f"/me/sessions/{phone.session.id}").status_code == 200
    problem(bearer(world, phone).get("/me"), 401, "unauthenticated")
    assert mine.get("/me").status_code == 200
    ended = mine.get("/me/sessions?status=ended").json()["items"]
    assert [row["ended_reason"] for row in ended] == ["signed-out"]


def test_ends_nobody_elses(world: cast.World, alice: Signed, laptop: SignedIn) -> None:
    other = signed_in.start(world, world.member("charlie"))
    path = f"/me/sessions/{other.session.id}"
    problem(bearer(world, laptop).send("DELETE", path), 404, "missing")
    assert bearer(world, other).get("/me").status_code == 200


def test_ends_all_others(world: cast.World, laptop: SignedIn, phone: SignedIn) -> None:
    told = bearer(world, laptop).post("/me/sessions/end-others", {})
    assert told.json() == {"sessions": 1}
    assert bearer(world, laptop).get("/me").status_code == 200
    problem(bearer(world, phone).get("/me"), 401, "unauthenticated")


def test_a_device_ends_all(world: cast.World, bob_user: cast.Member, laptop: SignedIn) -> None:
    device = Signed.of(bob_user, world.scope.slug)
    assert device.post("/me/sessions/end-others", {}).json() == {"sessions": 1}


def test_tells_the_own_history(world: cast.World, alice: Signed, laptop: SignedIn) -> None:
    signed_in.start(world, world.member("charlie"))
    told = bearer(world, laptop).get("/me/sign-ins").json()["items"]
    assert [(row["outcome"], row["session"]) for row in told] == [
        ("succeeded", str(laptop.session.id))
    ]
    everybody = alice.get("/sign-ins").json()["items"]
    assert len(everybody) == 2
    user = laptop.session.user.public_id
    assert len(alice.get(f"/sign-ins?user={user}").json()["items"]) == 1
    assert alice.get(f"/sign-ins?user={ids.new()}").json()["items"] == []


def test_locks_the_own_account_at_once(
    world: cast.World, alice: Signed, bob_user: cast.Member, laptop: SignedIn, phone: SignedIn
) -> None:
    secret = api_key_secrets.new_secret()
    with cast.in_scope(world):
        api_keys.create(
            key_id=ids.new(),
            name="bob's",
            credential=api_key_secrets.bearer(secret),
            holder=api_keys.Holder(user_id=bob_user.user.id),
            by=world.system,
            now=datetime.now(UTC),
        )
    told = bearer(world, laptop).post("/me/lock", {})
    assert told.json() == {"sessions": 2, "api_keys": 1}
    for held in (laptop, phone):
        problem(bearer(world, held).get("/me"), 401, "unauthenticated")
    device = Signed.of(bob_user, world.scope.slug)
    problem(device.get("/me"), 401, "unauthenticated")
    problem(Bearer.of(secret, world.scope.slug).get("/users"), 401, "unauthenticated")
    names = [event["name"] for event in alice.get("/audit?limit=4").json()["items"]]
    assert {"user.locked", "user.signed-out", "api-key.revoked"} <= set(names)
    opened = alice.send(
        "PATCH", f"/users/{bob_user.uid}", {"status": "active"}, headers={"If-Match": "*"}
    )
    assert opened.status_code == 200, opened.text
    assert device.get("/me").status_code == 200
    # What whoever broke in held does not come back.
    problem(bearer(world, laptop).get("/me"), 401, "unauthenticated")
    problem(Bearer.of(secret, world.scope.slug).get("/users"), 401, "unauthenticated")


def test_the_last_owner_cannot_lock_the_scope_dead(world: cast.World, alice: Signed) -> None:
    problem(alice.post("/me/lock", {}), 409, "user.last-owner")
    assert alice.get("/me").status_code == 200


def test_staff_end_sessions_and_lock(
    world: cast.World, alice: Signed, bob_user: cast.Member, laptop: SignedIn, phone: SignedIn
) -> None:
    told = alice.get(f"/sessions?user={bob_user.uid}&status=active").json()["items"]
    assert {row["id"] for row in told} == {str(laptop.session.id), str(phone.session.id)}
    ended = alice.send("DELETE", f"/sessions/{phone.session.id}")
    assert ended.json()["status"] == "ended"
    problem(bearer(world, phone).get("/me"), 401, "unauthenticated")
    assert alice.send("DELETE", f"/users/{bob_user.uid}/sessions").json() == {"sessions": 1}
    problem(bearer(world, laptop).get("/me"), 401, "unauthenticated")
    assert alice.post(f"/users/{bob_user.uid}/lock", {}).json() == {"sessions": 0, "api_keys": 0}
    assert alice.get(f"/users/{bob_user.uid}").json()["status"] == "disabled"
    problem(alice.send("DELETE", f"/sessions/{ids.new()}"), 404, "missing")


def test_a_lock_by_staff_waits_where_there_are_others(world: cast.World, alice: Signed) -> None:
    # Who could lock all other approvers alone would decide everything alone.
    other = world.member("other", "super-admin")
    assert alice.post(f"/users/{other.uid}/lock", {}).status_code == 202
