"""`get /audit`."""

from identity.scoping import current
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import group_details, new_id


def test_shows_what_happened_in_order(desk: Desk) -> None:
    alice, gid = desk.person("alice"), new_id()
    alice.done("add", "/groups", group_details(gid))
    answer = alice.ask("get", "/audit", {"sort": "desc", "limit": 1})
    (event,) = answer["details"]
    assert event["name"] == "group.created"
    assert event["at"] == int(desk.now.timestamp())
    assert event["sequence"] == answer["metadata"]["total_count"]
    assert event["actor"]["kind"] == "device"
    assert len(event["digest"]) == 64
    sequences = [row["sequence"] for row in alice.done("get", "/audit", {"limit": 200})]
    assert sequences == list(range(1, event["sequence"] + 1))


def test_filters_events(desk: Desk) -> None:
    alice, gid = desk.person("alice"), new_id()
    alice.done("add", "/groups", group_details(gid))
    for filters in (
        {"name": "group.created"},
        {"subject_kind": "group"},
    ):
        answer = alice.ask("get", "/audit", {"filters": filters})
        assert [row["name"] for row in answer["details"]] == ["group.created"]
        assert answer["metadata"] == {"total_count": 1}
    for wrong in ({"actor": "x"}, {"name": "a\x00"}, {"name": 5}, {"subject_id": "x" * 257}):
        assert alice.ask("get", "/audit", {"filters": wrong})["error_code"] == "-7"


def test_shows_no_event_of_another_scope(desk: Desk, other: Desk) -> None:
    gid = new_id()
    with current.in_scope(other.scope_id):
        other.person("charlie").done("add", "/groups", group_details(gid))
    assert gid not in str(desk.person("alice").done("get", "/audit", {"limit": 200}))


def test_a_member_sees_none(desk: Desk) -> None:
    assert desk.person("bob", "member").ask("get", "/audit")["error_code"] == "-9"
