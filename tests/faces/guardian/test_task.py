"""GET /tasks/{taskId}."""

from uuid import uuid4

import pytest

from accounts.models import Onboarding, User
from tests import cast
from tests.faces.guardian import client, onboarded
from tests.faces.guardian.client import NOT_FOUND, UNAUTHORIZED, Client, envelope
from tests.faces.guardian.test_did_document_validate import DOCUMENT, KEYS
from tests.faces.guardian.test_onboard import acme, onboard

__all__ = ["acme"]


@pytest.fixture
def task(acme: Client) -> str:
    """An onboarding that has begun."""
    return str(onboard(acme).json["taskId"])


def test_whoever_asked_reads_all_of_it(world, acme, task) -> None:
    answer = acme.get(f"/tasks/{task}")
    assert answer.status == 200
    told = answer.json
    assert set(told) == {
        *("taskId", "action", "userId", "expectation", "date", "statuses", "result", "error"),
        "info",
    }
    with cast.in_scope(world):
        caller = User.objects.get(username="acme")
    assert (told["taskId"], told["action"], told["expectation"]) == (task, "Onboard user", 9)
    assert told["userId"] == str(caller.public_id)
    assert (told["result"], told["error"], told["statuses"]) == (None, None, [])
    info = told["info"]
    assert (info["size"], info["progress"], info["completed"]) == (9, 0, False)
    assert [step["index"] for step in info["steps"]] == list(range(9))
    assert set(info) == {
        *("name", "message", "started", "completed", "failed", "skipped", "minimized", "error"),
        *("size", "index", "estimate", "progress", "startDate", "stopDate", "timestamp"),
        *("action", "steps"),
    }


def test_nobody_else_finds_it(world, acme, alice, task) -> None:
    other = client.registry(world)
    unknown = acme.get(f"/tasks/{uuid4()}")
    assert (unknown.status, unknown.json) == (404, NOT_FOUND)
    for who in (alice, other):
        assert who.get(f"/tasks/{task}").body == unknown.body
    for text in ("x", task.upper(), "onboard", "1" * 99):
        assert acme.get(f"/tasks/{text}").body == unknown.body


def test_is_401_for_nobody_whatever_the_id_is(nobody, task) -> None:
    for text in (task, str(uuid4()), "x"):
        assert nobody.get(f"/tasks/{text}").json == UNAUTHORIZED


def test_a_session_of_another_scope_finds_nothing(acme, task) -> None:
    stranger = client.registry(cast.world())
    assert stranger.get(f"/tasks/{task}").json == NOT_FOUND
    assert Client(stranger.world).get(f"/tasks/{task}", token=acme.access).json == UNAUTHORIZED


def test_what_cannot_be_unsealed_is_503_in_this_protocols_words(world, acme, task) -> None:
    with cast.in_scope(world):
        Onboarding.objects.filter(id=task).update(
            state="completed",
            next_attempt_at=None,
            ended_at="2026-01-01T00:00:00Z",
            sealed_request=None,
            sealed_result=b"broken",
        )
    answer = acme.get(f"/tasks/{task}")
    assert answer.status == 503
    told = answer.json
    assert told == envelope(503, told["message"], "Service Unavailable")


def test_says_which_rule_a_document_that_was_brought_along_breaks(world, nobody) -> None:
    """As the validator says it; whoever has nothing but the id reads the first sentence alone."""
    registry = onboarded.minted(world, "trusted")
    document = DOCUMENT | {"controller": "did:example:other"}
    expected = registry.post("/profiles/did-document/validate", document).json["error"]
    assert expected == "The document is controlled by another DID."
    task = onboarded.begun(registry, didDocument=document, didKeys=KEYS)
    onboarded.worked(world)
    told = registry.get(f"/tasks/{task}").json
    assert told["error"]["message"] == f"Invalid did document or keys. {expected}"
    assert told["info"]["error"] == told["error"]["message"]
    polled = nobody.get(f"/tasks/onboard/{task}", token="").json
    assert polled["error"] == {"message": "Invalid did document or keys."}


def test_says_that_a_key_is_not_its_methods(world) -> None:
    registry = onboarded.minted(world, "trusted")
    keys = [KEYS[0] | {"key": KEYS[1]["key"]}, KEYS[1]]
    task = onboarded.begun(registry, didDocument=DOCUMENT, didKeys=keys)
    onboarded.worked(world)
    message = registry.get(f"/tasks/{task}").json["error"]["message"]
    assert message == "Invalid did document or keys. A key is not its method's private key."
    for key in keys:
        assert key["key"] not in registry.get(f"/tasks/{task}").text
