"""`get /me`: one's own account."""

import time
from collections.abc import Callable
from typing import Any

from accounts import queries
from identity.api.enterprise import methods
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


def test_costs_one_statement(desk: Desk, django_assert_num_queries: Any) -> None:
    alice = desk.person("alice")
    payload = {"action": "get", "resource": "/me", "details": {}}
    call = alice.call(payload)
    methods.answer(payload, call)
    with django_assert_num_queries(1):
        methods.answer(payload, call)


def test_adds_little_to_its_statement(desk: Desk) -> None:
    # 40 µs is the aim on an idle processor; a shared one gets ten times that. What this guards
    # against is a parse, a compilation or a further query on the way of every request.
    alice = desk.person("alice")
    payload = {"action": "get", "resource": "/me", "details": {}}
    call = alice.call(payload)

    def best_of(repeats: int, act: Callable[[], object]) -> float:
        spans = []
        for _ in range(repeats):
            begun = time.perf_counter()
            act()
            spans.append(time.perf_counter() - begun)
        return min(spans)

    whole = best_of(300, lambda: methods.answer(payload, call))
    statement = best_of(300, lambda: queries.own(call.actor))
    assert whole - statement < 400e-6
