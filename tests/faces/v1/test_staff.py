"""Staff over `/v1`."""

from accounts.models import User
from identity import ids
from tests import cast, staff
from tests.faces.v1.client import Signed, problem


def test_lets_in_lists_and_dismisses(alice: Signed, world: cast.World) -> None:
    carol = world.member("carol", "workspace-auditor")
    answer = alice.post("/staff", {"id": carol.uid})
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["id"], shown["login"], shown["roles"]) == (carol.uid, "", ["workspace-auditor"])
    assert answer.headers["location"] == f"{alice.prefix}/staff/{carol.uid}"
    assert alice.get(f"/staff/{carol.uid}").json() == shown
    assert [item["id"] for item in alice.get("/staff").json()["items"]] == [carol.uid]
    answer = alice.send("DELETE", f"/staff/{carol.uid}")
    assert (answer.status_code, answer.json()) == (200, {"id": carol.uid})
    problem(alice.get(f"/staff/{carol.uid}"), 404, "missing")


def test_lets_a_login_of_another_scope_in(alice: Signed) -> None:
    elsewhere = cast.world()
    staff.add(elsewhere, "charlie", "super-admin")
    login = f"{elsewhere.scope.slug}/charlie"
    shown = alice.post("/staff", {"login": login, "roles": ["workspace-auditor"]}).json()
    assert (shown["login"], shown["roles"]) == (login, ["workspace-auditor"])
    assert shown["has_one_time_password"] is None
    assert shown["admitted_at"].endswith("Z")
    problem(alice.post("/staff", {"login": "nowhere/nobody"}), 404, "missing")


def test_goes_on_behind_a_cursor_by_name(alice: Signed, world: cast.World) -> None:
    for name in ("dora", "Bert", "carol"):
        staff.add(world, name)
    first = alice.get("/staff?limit=2").json()
    assert [item["username"] for item in first["items"]] == ["Bert", "carol"]
    rest = alice.get(f"/staff?limit=2&after={first['next']}").json()
    assert ([item["username"] for item in rest["items"]], rest["next"]) == (["dora"], None)


def test_takes_a_lost_generator_away(alice: Signed, world: cast.World) -> None:
    dora = staff.add(world, "dora", "workspace-auditor")
    path = f"/staff/{dora.public_id}/one-time-password"
    problem(alice.send("DELETE", path), 404, "missing")
    staff.enrol(dora)
    assert alice.get(f"/staff/{dora.public_id}").json()["has_one_time_password"] is True
    assert alice.send("DELETE", path).status_code == 200
    with cast.in_scope(world):
        assert User.objects.get(id=dora.id).one_time_password_id is None


def test_refuses_who_may_not(bob: Signed) -> None:
    some = ids.new()
    problem(bob.get("/staff"), 403, "forbidden")
    problem(bob.get(f"/staff/{some}"), 403, "forbidden")
    problem(bob.post("/staff", {"id": str(some)}), 403, "forbidden")
    problem(bob.send("DELETE", f"/staff/{some}"), 403, "forbidden")
    problem(bob.send("DELETE", f"/staff/{some}/one-time-password"), 403, "forbidden")
