"""Proposals over `/v1`: from the request that waits to the vote that carries it out."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from identity.crypto import cose_device, evidence
from tests import cast
from tests.faces.v1.client import Signed, problem


class Person(Signed):
    """A signed client that can also sign statements."""

    member: cast.Member

    def ballot(self, proposal: dict[str, Any], decision: str, reason: str = "") -> dict[str, Any]:
        details = {"proposal_hash": proposal["hash"]} | ({"reason": reason} if reason else {})
        said = {
            "action": decision,
            "resource": f"/proposals/{proposal['id']}",
            "details": details,
        }
        statement = cose_device.sign_request(
            json.dumps(said).encode(),
            device=self.device,
            signing_key=self.key,
            recipient=self.member.session.server.encryption,
            now=int(datetime.now(UTC).timestamp()),
        )
        return {
            "decision": decision,
            **details,
            "statement": base64.b64encode(statement).decode(),
        }


def person(world: cast.World, name: str, *roles: str) -> Person:
    member = world.member(name, *roles)
    made = Person.of(member, world.scope.slug)
    assert isinstance(made, Person)
    made.member = member
    return made


@pytest.fixture
def ann(world: cast.World) -> Person:
    return person(world, "alice", "super-admin")


@pytest.fixture
def carol(world: cast.World) -> Person:
    return person(world, "carol", "workspace-owner")


def proposed(ann: Person) -> dict[str, Any]:
    """Two may decide, so a new group waits for the other one."""
    answer = ann.post("/groups", {"name": "treasury"})
    assert (answer.status_code, answer.json()["status"]) == (202, "pending"), answer.text
    path = answer.headers["location"].removeprefix(ann.prefix)
    shown: dict[str, Any] = ann.get(path).json()
    return shown


def test_shows_what_would_change_and_who_may_decide(ann: Person, carol: Person) -> None:
    shown = proposed(ann)
    assert shown["changes"][0]["command"] == "group.create"
    assert shown["changes"][0]["details"]["name"] == "treasury"
    assert shown["request_is_attested"] is False
    assert shown["proposer_device"] == str(ann.device)
    obstacles = {each["username"].split("@")[0]: each["obstacle"] for each in shown["electors"]}
    assert obstacles["alice"]
    assert not obstacles["carol"]
    assert shown["missing"]


def test_carries_out_what_was_approved_and_proves_it(
    ann: Person, carol: Person, world: cast.World
) -> None:
    shown = proposed(ann)
    path = f"/proposals/{shown['id']}"
    assert [each["id"] for each in carol.get("/proposals?waiting_for_me=true").json()["items"]] == [
        shown["id"]
    ]
    answer = carol.post(f"{path}/votes", carol.ballot(shown, "approve"))
    assert (answer.status_code, answer.json()["state"]) == (200, "executed"), answer.text
    bundle = carol.get(f"{path}/evidence").json()
    report = evidence.verify_bundle(bundle, expected_server_key=world.server.signatures[0].hex)
    assert report.state == "executed"
    taken = ann.post(f"{path}/outcome").json()
    assert taken["results"][0]["group"]["name"] == "treasury"
    problem(ann.post(f"{path}/outcome"), 404, "missing")


def test_rejects_with_a_reason(ann: Person, carol: Person) -> None:
    shown = proposed(ann)
    path = f"/proposals/{shown['id']}/votes"
    problem(carol.post(path, carol.ballot(shown, "reject")), 400, "proposal.reason-needed")
    answer = carol.post(path, carol.ballot(shown, "reject", "no"))
    assert (answer.json()["state"], answer.json()["reason"]) == ("rejected", "no")


@pytest.mark.parametrize("reason", ["a\x00b", "a\u202eb", "a\u200bb", "a\nb"])
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_takes_no_hidden_characters_in_a_reason(
    ann: Person, carol: Person, decision: str, reason: str
) -> None:
    shown = proposed(ann)
    path = f"/proposals/{shown['id']}/votes"
    problem(carol.post(path, carol.ballot(shown, decision, reason)), 400, "invalid")
    assert ann.get(f"/proposals/{shown['id']}").json()["state"] == "pending"


def test_takes_no_vote_but_the_one_that_was_signed(ann: Person, carol: Person) -> None:
    shown = proposed(ann)
    path = f"/proposals/{shown['id']}/votes"
    said = carol.ballot(shown, "approve")
    answer = carol.post(path, said | {"decision": "reject", "reason": "no"})
    problem(answer, 400, "statement.differs")
    problem(carol.post(path, said | {"statement": "§"}), 400, "invalid")
    problem(ann.post(path, ann.ballot(shown, "approve")), 403, "proposal.may-not-decide")
    assert ann.get(f"/proposals/{shown['id']}").json()["state"] == "pending"


def test_cancels_and_lists(ann: Person, carol: Person, bob: Signed) -> None:
    shown = proposed(ann)
    path = f"/proposals/{shown['id']}"
    problem(bob.post(f"{path}/cancellation"), 403, "forbidden")
    problem(bob.get(path), 403, "forbidden")
    problem(bob.get("/proposals"), 403, "forbidden")
    assert bob.get("/proposals?mine=true").json()["items"] == []
    assert ann.get("/proposals?mine=true&state=pending").json()["items"][0]["id"] == shown["id"]
    assert ann.post(f"{path}/cancellation").json()["state"] == "cancelled"
    problem(ann.post(f"{path}/cancellation"), 409, "proposal.ended")


def test_retracts_ones_own_vote(ann: Person, carol: Person, world: cast.World) -> None:
    world.member("dave", "workspace-owner")
    review = '{"all":[{"min":2,"role":"workspace-owner"}],"deny":1}'
    policy = {"name": "two", "resource": "/groups", "action": "add", "decision_on_true": "REVIEW"}
    waiting = ann.post("/policies", policy | {"review_expression": review}).json()["proposal"]
    shown = ann.get(f"/proposals/{waiting['id']}").json()
    path = f"/proposals/{shown['id']}/votes"
    answer = carol.post(path, carol.ballot(shown, "approve"))
    assert answer.json()["state"] == "pending", answer.text
    assert carol.send("DELETE", f"{path}/mine").json()["state"] == "pending"
    problem(carol.send("DELETE", f"{path}/mine"), 404, "missing")
