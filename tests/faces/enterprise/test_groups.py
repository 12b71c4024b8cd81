"""`/groups[/{id}]` and `/groups/{id}/users`."""

import pytest

from accounts.models import Group
from identity.scoping import current
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import group_details, new_id


def test_makes_lists_and_shows_a_group(desk: Desk) -> None:
    alice, gid = desk.person("alice"), new_id()
    made = alice.done("add", "/groups", {"gid": gid, "name": "security"})
    now = int(desk.now.timestamp())
    line = {
        "gid": gid,
        "name": "security",
        "description": "",
        "version": 1,
        "created_at": now,
        "updated_at": now,
        "user_count": 0,
    }
    assert made == line | {"users": []}
    assert alice.done("get", f"/groups/{gid}") == made
    listed = alice.ask("get", "/groups", {"filters": {"name": "security"}})
    assert listed == {"status": "success", "details": [line], "metadata": {"total_count": 1}}
    assert alice.done("get", "/groups", {"filters": {"name": "other"}}) == []


def test_puts_users_in_and_out(desk: Desk) -> None:
    alice, bob, gid = desk.person("alice"), desk.person("bob"), new_id()
    alice.done("add", "/groups", group_details(gid))
    path = f"/groups/{gid}/users"
    assert alice.done("add", path, {"uid": bob.uid})["users"] == [bob.uid]
    assert alice.done("add", path, {"uid": bob.uid})["users"] == [bob.uid]
    assert alice.done("get", "/groups", {"filters": {"uid": bob.uid}})[0]["gid"] == gid
    assert alice.done("get", f"/users/{bob.uid}")["groups"] == [gid]
    assert alice.done("delete", path, {"uid": bob.uid})["users"] == []
    assert alice.done("get", "/groups", {"filters": {"uid": bob.uid}}) == []


def test_takes_nobody_out_who_is_not_in(desk: Desk) -> None:
    alice, bob, gid = desk.person("alice"), desk.person("bob"), new_id()
    alice.done("add", "/groups", group_details(gid))
    answer = alice.ask("delete", f"/groups/{gid}/users", {"uid": bob.uid})
    assert answer["error_code"] == "-8"


@pytest.mark.parametrize(
    "change",
    [{"gid": "1"}, {"name": ""}, {"name": "a\x00b"}, {"name": "x" * 129}, {"users": []}],
)
def test_refuses_other_details(desk: Desk, change: dict[str, object]) -> None:
    alice = desk.person("alice")
    assert alice.ask("add", "/groups", group_details(new_id()) | change)["error_code"] == "-7"
    assert not Group.objects.exists()


def test_names_and_ids_are_taken_once(desk: Desk) -> None:
    alice, gid = desk.person("alice"), new_id()
    alice.done("add", "/groups", {"gid": gid, "name": "security"})
    alice.done("add", "/groups", {"gid": gid, "name": "security"})
    assert alice.ask("add", "/groups", {"gid": gid, "name": "x"})["error_code"] == "-10"
    same_name = {"gid": new_id(), "name": "security"}
    assert alice.ask("add", "/groups", same_name)["error_code"] == "-10"


def test_the_same_id_in_another_scope_is_free(desk: Desk, other: Desk) -> None:
    gid = new_id()
    with current.in_scope(other.scope_id):
        other.person("charlie").done("add", "/groups", {"gid": gid, "name": "security"})
    made = desk.person("alice").done("add", "/groups", {"gid": gid, "name": "ours"})
    assert made["name"] == "ours"


def test_edits_and_deletes_a_group(desk: Desk) -> None:
    alice, gid = desk.person("alice"), new_id()
    alice.done("add", "/groups", group_details(gid))
    edited = alice.done("edit", f"/groups/{gid}", {"description": "Who looks."})
    assert (edited["description"], edited["version"]) == ("Who looks.", 2)
    assert alice.done("delete", f"/groups/{gid}") == {"gid": gid}
    assert alice.ask("get", f"/groups/{gid}")["error_code"] == "-8"
