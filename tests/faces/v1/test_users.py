"""Users over `/v1`: lists, changes, roles."""

from identity import ids
from identity.sdk.keys import DeviceKeys
from tests import cast
from tests.faces.v1.client import Signed, problem


def test_lists_users_in_parts(alice: Signed, world: cast.World) -> None:
    for name in ("bob", "carol", "dave"):
        world.member(name, "member")
    first = alice.get("/users?limit=3")
    assert [len(first.json()["items"]), first.json()["next"] is None] == [3, False]
    link = first.headers["link"]
    assert link.endswith('; rel="next"')
    path = link[1:].partition(">")[0].removeprefix(alice.prefix)
    last = alice.get(path)
    assert last.json()["next"] is None
    assert "link" not in last.headers
    items = first.json()["items"] + last.json()["items"]
    assert len({each["username"] for each in items}) == 4


def test_filters_and_orders(alice: Signed, world: cast.World) -> None:
    bob = world.member("bob", "member")
    found = alice.get("/users?role=member").json()["items"]
    assert [each["id"] for each in found] == [bob.uid]
    oldest = alice.get("/users?order=oldest").json()["items"]
    assert oldest[-1]["id"] == bob.uid
    problem(alice.get("/users?limit=0"), 400, "invalid")
    problem(alice.get("/users?limit=201"), 400, "invalid")
    problem(alice.get("/users?after=x"), 400, "paging.cursor-invalid")
    problem(alice.get("/users?status=asleep"), 400, "invalid")
    problem(alice.get("/users?limit=1&limit=2"), 400, "invalid")


def test_reads_ones_own_account_without_a_permission(bob: Signed) -> None:
    own = bob.get("/me").json()["user"]["id"]
    assert bob.get(f"/users/{own}").json()["username"].startswith("bob")
    problem(bob.get(f"/users/{ids.new()}"), 403, "forbidden")


def test_shuts_out_and_lets_in(alice: Signed, world: cast.World) -> None:
    bob = world.member("bob", "member")
    path = f"/users/{bob.uid}"
    tag = alice.get(path).headers["etag"]
    answer = alice.send("PATCH", path, {"status": "disabled"}, {"If-Match": tag})
    assert answer.json()["status"] == "disabled"
    answer = alice.send("PATCH", path, {"status": "active"}, {"If-Match": answer.headers["etag"]})
    assert answer.json()["status"] == "active"


def test_gives_roles_and_takes_them(alice: Signed, world: cast.World) -> None:
    bob = world.member("bob", "member")
    path = f"/users/{bob.uid}/roles"
    assert alice.post(path, {"role": "support"}).json()["roles"] == ["member", "support"]
    assert alice.send("DELETE", f"{path}/support").json()["roles"] == ["member"]


def test_removes_a_user(alice: Signed, world: cast.World) -> None:
    bob = world.member("bob", "member")
    assert alice.send("DELETE", f"/users/{bob.uid}").json() == {"id": bob.uid}
    problem(alice.get(f"/users/{bob.uid}"), 404, "missing")


def test_makes_a_program(alice: Signed) -> None:
    keys = DeviceKeys.generate()
    answer = alice.post(
        "/users",
        {
            "email": "robot@example.test",
            "signature_key": keys.signature_pubkey,
            "encryption_key": keys.encryption_pubkey,
            "networks": ["192.0.2.0/24"],
        },
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["user"]["kind"] == "program"
    assert answer.headers["location"].endswith(f"/users/{answer.json()['id']}")
    robot = Signed(answer.json()["device"], keys.signature, alice.prefix, alice.http)
    # The first signed request verifies the device.
    device = robot.get(f"/devices/{answer.json()['device']}")
    assert device.json()["status"] == "active"
    from tests.faces.v1.client import InProcess

    robot.http = type(robot.http)(base_url=alice.http.base_url, transport=InProcess("198.51.100.1"))
    problem(robot.get("/me"), 401, "unauthenticated")
