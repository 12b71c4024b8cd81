"""`get /me`: one's own account."""

from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import group_details, new_id


def test_shows_the_own_account(desk: Desk) -> None:
    alice = desk.person("alice")
    answer = alice.ask("get", "/me", {})
    assert answer["status"] == "success"
    assert answer["metadata"] is None
    me = answer["details"]
    assert me["uid"] == alice.uid
    assert me["device_uuid"] == alice.did
    assert me["email"] == "alice@example.test"
    assert me["roles"] == ["super-admin"]
    assert me["groups"] == []
    assert me["type"] == "regular"
    assert me["created_at"] == int(alice.user.created_at.timestamp())
    assert me["created_by"] is None


def test_needs_no_role(desk: Desk) -> None:
    dave = desk.person("dave")
    me = dave.done("get", "/me")
    assert (me["uid"], me["roles"]) == (dave.uid, [])


def test_names_groups_by_their_ids(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    gid = new_id()
    alice.done("add", "/groups", group_details(gid))
    alice.done("add", f"/groups/{gid}/users", {"uid": bob.uid})
    assert bob.done("get", "/me")["groups"] == [gid]


def test_takes_no_details(desk: Desk) -> None:
    answer = desk.person("alice").ask("get", "/me", {"uid": new_id()})
    assert answer["error_code"] == "-7"
    assert "uid" in answer["message"]


def test_is_only_read(desk: Desk) -> None:
    alice = desk.person("alice")
    for action in ("add", "edit", "delete", "list", "approve"):
        assert alice.ask(action, "/me", {})["error_code"] == "-8"
