"""From the registry's call to the new user's credentials, as the documentation tells it."""

import re

import pytest

from accounts.ledger.local import LocalLedger
from accounts.models import Onboarding
from tests import cast
from tests.faces.guardian import onboarded
from tests.faces.guardian.client import NOT_FOUND, Client
from tests.faces.guardian.test_onboard import DER, SEED

DID = re.compile(r"did:hedera:[a-z0-9-]+:[1-9A-HJ-NP-Za-km-z]+_\d+\.\d+\.\d+")


@pytest.fixture
def acme(world: cast.World) -> Client:
    return onboarded.minted(world)


@pytest.mark.parametrize("mount", ["", "/api/v1"])
def test_a_registry_onboards_a_user(world, acme, mount) -> None:
    acme.mount = mount
    task = onboarded.begun(acme)
    guest = Client(world, "alice", mount=mount)
    assert guest.get(f"/tasks/onboard/{task}").json["completed"] is False
    assert guest.login().status == 401
    onboarded.worked(world)
    told = guest.get(f"/tasks/onboard/{task}")
    assert told.json == {
        "taskId": task,
        "action": "Onboard user",
        "expectation": 9,
        "completed": True,
        "failed": False,
        "error": None,
    }
    alice = guest.sign_in()
    record = alice.get(f"/tasks/{task}").json
    result = record["result"]
    assert set(result) == {"username", "role", "did", "hederaAccountId", "publicKey"}
    assert (result["username"], result["role"]) == ("alice", "USER")
    assert DID.fullmatch(result["did"])
    assert result["publicKey"].startswith("302a300506032b6570032100")
    assert record["userId"] == alice.get("/accounts/session").json["id"]
    assert record["error"] is None
    assert record["info"]["progress"] == 100
    types = {each["type"] for each in record["statuses"]}
    assert types == {"Processing", "Completed"}


def test_the_task_is_the_new_users_and_nobody_elses(world, acme) -> None:
    alice, task = onboarded.onboarded(acme)
    assert alice.get(f"/tasks/{task}").status == 200
    assert acme.get(f"/tasks/{task}").json == NOT_FOUND


def test_the_user_is_what_the_task_made(world, acme) -> None:
    alice, task = onboarded.onboarded(acme)
    result = alice.get(f"/tasks/{task}").json["result"]
    session = alice.get("/accounts/session").json
    assert session["did"] == result["did"]
    assert session["hederaAccountId"] == result["hederaAccountId"]
    assert session["parent"] == acme.get("/accounts/session").json["did"]
    (group,) = session["permissionsGroup"]
    assert group["roleName"] == "Default policy user"
    assert alice.login().json["did"] == result["did"]
    assert acme.get("/accounts").json == [
        {"username": "alice", "parent": session["parent"], "did": result["did"]}
    ]


def test_a_key_that_is_not_the_accounts_fails_in_the_task(world, acme) -> None:
    task = onboarded.begun(acme, hederaAccountId="0.0.424242", hederaAccountKey=DER + SEED)
    onboarded.worked(world)
    told = acme.get(f"/tasks/onboard/{task}").json
    assert (told["completed"], told["failed"]) == (False, True)
    assert set(told["error"]) == {"message"}
    assert SEED not in str(told)
    # It stays with who asked; the name is free again.
    record = acme.get(f"/tasks/{task}").json
    assert record["error"]["code"] == 500
    assert record["error"]["message"] == told["error"]["message"]
    assert record["result"] is None
    assert Client(world, "alice").login().status == 401
    assert onboarded.onboarded(acme)[0].get("/accounts/session").json["did"]


def test_an_account_that_is_there_is_used(world, acme) -> None:
    from identity.crypto import ed25519

    with cast.in_scope(world):
        ledger = LocalLedger(world.scope.id)
        key = ed25519.parse_private(bytes.fromhex(SEED))
        account = ledger.create_account(
            transaction_id=ledger.begin(), public_key=key.public.raw, balance=5, memo=""
        )
    alice, task = onboarded.onboarded(acme, hederaAccountId=account, hederaAccountKey=DER + SEED)
    result = alice.get(f"/tasks/{task}").json["result"]
    assert result["hederaAccountId"] == account
    assert result["publicKey"].endswith(key.public.raw.hex())
    assert alice.get("/profiles/alice/balance").json == 0.00000005


def test_a_registry_onboards_a_registry_that_onboards_users(world, acme) -> None:
    from accounts.models import User
    from accounts.services import role_assignments
    from tests import acts

    with cast.in_scope(world):
        user = User.objects.get(username="acme")
        role_assignments.grant(user_id=user.id, role="super-admin", by=world.system, now=acts.now())
    verra, task = onboarded.onboarded(acme, "verra", role="STANDARD_REGISTRY")
    assert verra.get(f"/tasks/{task}").json["result"]["role"] == "STANDARD_REGISTRY"
    carol, _ = onboarded.onboarded(verra, "carol")
    assert (
        carol.get("/accounts/session").json["parent"] == verra.get("/accounts/session").json["did"]
    )


def test_a_task_is_told_while_it_is_under_way(world, acme) -> None:
    task = onboarded.begun(acme)
    with cast.in_scope(world):
        assert Onboarding.objects.get(id=task).state == "queued"
    record = acme.get(f"/tasks/{task}").json
    assert record["info"]["startDate"] is None
    assert record["result"] is None
