"""Devices and the own account over `/v1`."""

from tests import cast
from tests.faces.v1.client import Signed, problem


def test_lists_devices(alice: Signed, world: cast.World) -> None:
    bob = world.member("bob", "member")
    found = alice.get(f"/devices?user={bob.uid}").json()["items"]
    assert [each["id"] for each in found] == [str(bob.device.id)]
    assert len(alice.get("/devices").json()["items"]) == 2


def test_lists_ones_own_without_a_permission(bob: Signed) -> None:
    own = bob.get("/me").json()["user"]["id"]
    mine = bob.get("/me/devices").json()["items"]
    assert [each["id"] for each in mine] == [str(bob.device)]
    assert bob.get(f"/devices?user={own}").json()["items"] == mine
    assert bob.get(f"/devices/{bob.device}").json() == mine[0]
    problem(bob.get("/devices"), 403, "forbidden")


def test_says_who_one_is(bob: Signed, world: cast.World) -> None:
    me = bob.get("/me").json()
    assert (me["scope"], me["kind"], me["device"]) == (
        str(world.scope.id),
        "device",
        str(bob.device),
    )
    assert "me:get" in me["permissions"]


def test_revokes_a_device_which_is_then_refused(alice: Signed, bob: Signed) -> None:
    path = f"/devices/{bob.device}/revocation"
    answer = alice.post(path, {"reason": "lost"})
    assert (answer.status_code, answer.json()["status"]) == (200, "revoked")
    problem(bob.get("/me"), 401, "unauthenticated")


def test_revokes_the_own_device(bob: Signed) -> None:
    answer = bob.post(f"/devices/{bob.device}/revocation")
    assert answer.json()["status"] == "revoked"
    problem(bob.get("/me"), 401, "unauthenticated")


def test_does_not_revoke_the_last_device_of_the_last_owner(alice: Signed) -> None:
    answer = alice.post(f"/devices/{alice.device}/revocation")
    problem(answer, 409, "device.last-of-last-owner")


def test_renames_and_suspends(alice: Signed, bob: Signed) -> None:
    path = f"/devices/{bob.device}"
    assert bob.send("PATCH", path, {"name": "phone"}).json()["name"] == "phone"
    problem(bob.send("PATCH", path, {"status": "suspended"}), 403, "forbidden")
    assert alice.send("PATCH", path, {"status": "suspended"}).json()["status"] == "suspended"
    problem(bob.get("/me"), 401, "unauthenticated")
    assert alice.send("PATCH", path, {"status": "active"}).json()["status"] == "active"
    assert bob.get("/me").status_code == 200
