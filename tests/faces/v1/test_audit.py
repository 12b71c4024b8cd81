"""The audit record over `/v1`: lists, head, proof, export."""

import base64
from uuid import UUID

from identity.crypto import audit_chain, audit_inclusion
from identity.crypto.audit_chain import Event
from identity.crypto.audit_inclusion import Proof
from tests import cast
from tests.faces.v1.client import Signed, problem


def test_lists_events_and_reads_one(alice: Signed) -> None:
    newest = alice.get("/audit?limit=1").json()
    assert newest["next"]
    event = newest["items"][0]
    assert alice.get(f"/audit/{event['sequence']}").json() == event
    assert alice.get(f"/audit?name={event['name']}").json()["items"][0] == event
    later = alice.get("/audit?begin=2999-01-01T00:00:00Z").json()
    assert later["items"] == []
    problem(alice.get("/audit/999999"), 404, "missing")
    problem(alice.get("/audit/1x"), 404, "missing")


def test_shows_the_end_of_the_chain(alice: Signed) -> None:
    head = alice.get("/audit/head").json()
    newest = alice.get("/audit?limit=1").json()["items"][0]
    assert (head["sequence"], head["digest"]) == (newest["sequence"], newest["digest"])


def test_proves_that_an_event_is_in_the_chain(alice: Signed, world: cast.World) -> None:
    told = alice.get("/audit/2/inclusion").json()
    scope = UUID(told["scope"])
    events = [
        Event(scope=scope, previous=bytes.fromhex(each.pop("previous")), **each)
        for each in told["events"]
    ]
    proof = Proof(scope, events, base64.b64decode(told["head"]))
    key = world.server.signatures[0].hex
    assert audit_inclusion.verify(proof, expected_server_keys=[key]).seq >= 2
    problem(alice.get("/audit/999999/inclusion"), 404, "missing")


def test_exports_the_whole_record(alice: Signed, world: cast.World) -> None:
    answer = alice.get("/audit/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jsonl"
    report = audit_chain.verify_export(
        answer.text.splitlines(), expected_server_key=world.server.signatures[0].hex
    )
    assert report.scope == world.scope.id
    (last,) = alice.get("/audit?limit=1").json()["items"]
    assert (last["name"], last["actor"]["kind"]) == ("audit.exported", "device")


def test_is_for_those_who_may_read_it(bob: Signed) -> None:
    for path in ("", "/1", "/head", "/export", "/1/inclusion"):
        problem(bob.get(f"/audit{path}"), 403, "forbidden")
