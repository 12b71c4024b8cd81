"""GET and PUT /profiles/{username}, PUT /profiles/push/{username}."""

import pytest

from accounts.models import Onboarding, User
from tests import cast
from tests.faces.guardian import client, onboarded
from tests.faces.guardian.client import FORBIDDEN, UNAUTHORIZED, Client, envelope

FIELDS = {
    *("username", "role", "permissions", "permissionsGroup", "did", "parent", "hederaAccountId"),
    *("location", "confirmed", "failed", "topicId", "parentTopicId", "didDocument", "vcDocument"),
}


@pytest.fixture
def acme(world: cast.World) -> Client:
    return onboarded.minted(world)


def test_of_who_was_onboarded(world, acme) -> None:
    alice, _ = onboarded.onboarded(acme, vcDocument={"name": "Alice"})
    told = alice.get("/profiles/alice").json
    assert set(told) == FIELDS
    assert (told["username"], told["role"], told["location"]) == ("alice", "USER", "local")
    assert (told["confirmed"], told["failed"]) == (True, False)
    assert told["parent"] == acme.get("/profiles/acme").json["did"]
    assert told["parentTopicId"] == acme.get("/profiles/acme").json["topicId"]
    did = told["didDocument"]
    assert set(did) == {
        *("id", "did", "document", "status", "messageId", "topicId", "verificationMethods"),
        *("createDate", "updateDate"),
    }
    assert (did["did"], did["status"]) == (told["did"], "CREATE")
    assert did["document"]["id"] == told["did"]
    assert did["verificationMethods"]["Ed25519VerificationKey2018"] == f"{told['did']}#did-root-key"
    vc = told["vcDocument"]
    assert {"hash", "hederaStatus", "owner", "type", "topicId", "messageId", "document"} <= set(vc)
    assert (vc["owner"], vc["hederaStatus"]) == (told["did"], "ISSUE")
    assert vc["document"]["issuer"] == told["did"]
    (subject,) = vc["document"]["credentialSubject"]
    assert (subject["id"], subject["name"]) == (told["did"], "Alice")
    assert vc["document"]["proof"]["type"] == "Ed25519Signature2018"
    # Neither a private key nor a password is in any of it.
    assert "private" not in alice.get("/profiles/alice").text.lower()


def test_of_who_wanted_no_credential(acme) -> None:
    bob, _ = onboarded.onboarded(acme, "bob")
    told = bob.get("/profiles/bob").json
    assert (told["confirmed"], told["vcDocument"]) == (True, None)


def test_of_who_was_registered_alone(world, alice) -> None:
    told = alice.get("/profiles/alice").json
    assert set(told) == FIELDS
    assert (told["confirmed"], told["failed"], told["did"]) == (False, False, None)
    assert (told["didDocument"], told["vcDocument"]) == (None, None)


def test_answers_for_the_token_whatever_the_name_is(acme, alice) -> None:
    for name in ("alice", "acme", "nobody"):
        assert alice.get(f"/profiles/{name}").json["username"] == "alice"


@pytest.mark.parametrize("path", ["/profiles/push/alice", "/api/v1/profiles/push/alice"])
def test_connecting_is_a_task_of_another_kind(world, acme, alice, path) -> None:
    answer = alice.put(path, {"parent": "acme"})
    assert answer.status == 202
    with cast.in_scope(world):
        user = User.objects.get(username="alice")
    task = answer.json["taskId"]
    assert answer.json == {
        "taskId": task,
        "expectation": 9,
        "action": "Connect user",
        "userId": str(user.public_id),
    }
    poll = alice.get(f"/tasks/onboard/{task}", token="")
    expected = envelope(401, "Only onboarding tasks can be polled here", "Unauthorized")
    assert (poll.status, poll.json) == (401, expected)
    assert alice.get("/profiles/alice").json["confirmed"] is False
    onboarded.worked(world)
    told = alice.get("/profiles/alice").json
    assert told["confirmed"] is True
    assert alice.get(f"/tasks/{task}").json["result"]["did"] == told["did"]


def test_204_says_that_it_has_begun(world, acme, alice) -> None:
    answer = alice.put("/profiles/alice", {"parent": "acme"})
    assert (answer.status, answer.body) == (204, b"")
    onboarded.worked(world)
    assert alice.get("/profiles/alice").json["confirmed"] is True


@pytest.mark.parametrize("path", ["/profiles/{}", "/profiles/push/{}"])
def test_nobody_connects_somebody_else(world, acme, alice, path) -> None:
    for name in ("acme", "nobody", "ALICE"):
        assert alice.put(path.format(name), {"parent": "acme"}).json == FORBIDDEN
    with cast.in_scope(world):
        assert not Onboarding.objects.filter(action="connect").exists()


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "parent is required for the role USER"),
        ({"parent": "nobody"}, 400, "Standard Registry 'nobody' not found"),
        ({"parent": "acme", "hederaAccountId": "0.0.1"}, 422, "Invalid hederaAccountKey format"),
        ({"parent": "acme", "more": 1}, 422, "property more should not exist"),
        (None, 422, "a JSON object is expected"),
    ],
)
def test_says_what_is_wrong(acme, alice, body, status, message) -> None:
    answer = alice.put("/profiles/push/alice", body)
    assert answer.status == status
    told = answer.message if isinstance(answer.message, str) else answer.message[0]
    assert told.startswith(message)


def test_nobody_is_connected_twice(world, acme, alice) -> None:
    assert alice.put("/profiles/push/alice", {"parent": "acme"}).status == 202
    assert alice.put("/profiles/push/alice", {"parent": "acme"}).status == 409
    onboarded.worked(world)
    assert alice.put("/profiles/push/alice", {"parent": "acme"}).status == 409


def test_a_registry_connects_itself(world) -> None:
    verra = client.registry(world, "verra")
    assert verra.put("/profiles/push/verra", {}).status == 202
    onboarded.worked(world)
    told = verra.get("/profiles/verra").json
    assert told["confirmed"] is True
    assert told["topicId"]
    assert onboarded.onboarded(verra, "bob")[0].get("/profiles/bob").json["confirmed"] is True


def test_is_401_for_nobody(nobody) -> None:
    assert nobody.get("/profiles/alice").json == UNAUTHORIZED
    for path in ("/profiles/alice", "/profiles/push/alice"):
        assert nobody.put(path, {"more": 1}).json == UNAUTHORIZED


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/profiles/restore/alice"),
        ("PUT", "/profiles/restore/topics/alice"),
        ("GET", "/profiles/keys"),
        ("POST", "/profiles/keys"),
        ("DELETE", "/profiles/keys/1"),
    ],
)
def test_501_for_what_is_not_done_here(nobody, alice, method, path) -> None:
    assert nobody.ask(method, path, {}).status == 401
    assert alice.ask(method, path, {}).status == 501
