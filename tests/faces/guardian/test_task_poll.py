"""GET /tasks/onboard/{taskId}."""

from uuid import uuid4

import pytest

from accounts.models import Onboarding
from accounts.services import onboardings
from identity.web import request_id
from tests import acts, cast
from tests.faces.guardian.client import NOT_FOUND, Answer, Client, envelope
from tests.faces.guardian.test_onboard import acme, onboard

__all__ = ["acme"]
FORGED = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def task(acme: Client) -> str:
    """An onboarding that has begun."""
    return str(onboard(acme).json["taskId"])


def poll(who: Client, task: str, **more: str) -> Answer:
    return who.get(f"/tasks/onboard/{task}", **{"token": "", **more})


def ended(world: cast.World, task: str, state: str, error: str = "") -> None:
    with cast.in_scope(world):
        Onboarding.objects.filter(id=task).update(
            state=state, next_attempt_at=None, ended_at=acts.now(), error=error, sealed_request=None
        )


def test_tells_anybody_how_far_it_is(nobody, task) -> None:
    answer = poll(nobody, task)
    assert (answer.status, answer.json) == (
        200,
        {
            "taskId": task,
            "action": "Onboard user",
            "expectation": 9,
            "completed": False,
            "failed": False,
            "error": None,
        },
    )


def test_tells_that_it_has_completed(world, nobody, task) -> None:
    ended(world, task, "completed")
    told = poll(nobody, task).json
    assert (told["completed"], told["failed"], told["error"]) == (True, False, None)


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ("failed", "Invalid ledger account or key.", "Invalid ledger account or key."),
        ("failed", "", "Task failed"),
        ("cancelled", "", "Task failed"),
    ],
)
def test_tells_that_it_has_failed(world, nobody, task, state, error, message) -> None:
    ended(world, task, state, error)
    told = poll(nobody, task).json
    assert (told["completed"], told["failed"]) == (False, True)
    assert told["error"] == {"message": message}


@pytest.mark.parametrize("mount", ["", "/api/v1"])
def test_at_both_addresses(nobody, task, mount) -> None:
    nobody.mount = mount
    assert poll(nobody, task).json["taskId"] == task


def test_unknown_malformed_and_foreign_ids_are_alike(world, acme, nobody, task) -> None:
    foreign = Client(cast.world())
    ids = [
        str(uuid4()),
        FORGED,
        task.upper(),
        task.replace("-", ""),
        f"{{{task}}}",
        "x",
        "0",
        "1" * 99,
        "%00",
    ]
    answers = [poll(nobody, each) for each in ids] + [poll(foreign, task)]
    assert {(each.status, each.body) for each in answers} == {(404, answers[0].body)}
    assert answers[0].json == NOT_FOUND
    headers = [
        {k: v for k, v in each.headers.items() if k != request_id.HEADER} for each in answers
    ]
    assert all(each == headers[0] for each in headers)


def test_another_kind_of_task_is_401(world, nobody) -> None:
    with cast.in_scope(world):
        row = onboardings.make_key(by=world.system, now=acts.now())
    answer = poll(nobody, str(row.id))
    expected = envelope(401, "Only onboarding tasks can be polled here", "Unauthorized")
    assert (answer.status, answer.json) == (401, expected)


def test_a_token_changes_nothing(acme, alice, task) -> None:
    told = poll(alice, task).json
    for token in (acme.access, alice.access, "x"):
        assert poll(alice, task, token=token).json == told


def test_says_nothing_of_whom_it_is_about(nobody, task) -> None:
    text = poll(nobody, task).text
    for word in ("bob", "acme", "did", "publicKey", "hederaAccountId", "result", "userId"):
        assert word not in text
