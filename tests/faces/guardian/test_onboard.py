"""POST /accounts/push/onboard: the door, row by row of the page's error table."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from accounts.models import LedgerAccount, Onboarding, User
from accounts.services import role_assignments
from identity import ids
from identity.services import scopes
from invitations.models import Proposal
from invitations.services import policies
from tests import acts, cast
from tests.faces.guardian import client
from tests.faces.guardian.client import (
    FORBIDDEN,
    PASSWORD,
    UNAUTHORIZED,
    Answer,
    Client,
    envelope,
    registering,
)
from tests.faces.guardian.test_accounts import complete

SEED = bytes(range(32)).hex()
DER = "302e020100300506032b657004220420"
BAD_REQUEST, UNPROCESSABLE = "Bad Request", "Unprocessable Entity"


@pytest.fixture
def acme(world: cast.World) -> Client:
    """A registry that can take users."""
    made = client.registry(world, "acme")
    complete(world, "acme", did="did:example:acme")
    return made


def onboard(who: Client, **more: Any) -> Answer:
    body = registering("bob") | {"parent": "acme"} | more
    given = {name: value for name, value in body.items() if value is not ...}
    return who.post("/accounts/push/onboard", given)


def tasks(world: cast.World) -> list[Onboarding]:
    with cast.in_scope(world):
        return list(Onboarding.objects.all())


def demo(world: cast.World) -> Client:
    with cast.in_scope(world):
        scopes.change_settings(changes={"demo_mode": True}, by=world.system, now=acts.now())
    return Client(world)


def test_202_with_a_task(world, acme) -> None:
    answer = onboard(acme)
    assert answer.status == 202
    (task,) = tasks(world)
    with cast.in_scope(world):
        caller = User.objects.get(username="acme")
    assert answer.json == {
        "taskId": str(task.id),
        "expectation": 9,
        "action": "Onboard user",
        "userId": str(caller.public_id),
    }
    assert UUID(answer.json["taskId"]).version == 4
    assert (task.username, task.role, task.parent_id) == ("bob", "USER", caller.id)


@pytest.mark.parametrize("mount", ["", "/api/v1"])
def test_at_both_addresses(acme, mount) -> None:
    acme.mount = mount
    assert onboard(acme).status == 202


def test_takes_what_clients_send(world, acme) -> None:
    answer = onboard(
        acme,
        hederaAccountId=" 0.0.4532001 ",
        hederaAccountKey=DER + SEED,
        vcDocument={"field0": "Example"},
        didDocument=None,
        didKeys=[],
        useFireblocksSigning=False,
        fireblocksConfig={
            "fireBlocksVaultId": "",
            "fireBlocksAssetId": "",
            "fireBlocksApiKey": "",
            "fireBlocksPrivateiKey": "",
        },
    )
    assert answer.status == 202
    assert SEED not in answer.text


# 400: passwords don't match, missing required fields, parent not found for USER role.


def test_400_where_the_passwords_differ(acme) -> None:
    answer = onboard(acme, password_confirmation="anotherPassword1")
    assert (answer.status, answer.json) == (
        400,
        envelope(400, ["Passwords do not match"], BAD_REQUEST),
    )


@pytest.mark.parametrize("name", ["username", "password", "password_confirmation", "role"])
@pytest.mark.parametrize("value", [..., None, "", "  "])
def test_400_where_a_required_field_is_missing(world, acme, name, value) -> None:
    answer = onboard(acme, **{name: value})
    assert answer.status == 400
    assert answer.json["error"] == BAD_REQUEST
    assert any(each.startswith(name) for each in answer.message)
    assert tasks(world) == []


def test_400_names_every_field_at_once(acme) -> None:
    answer = acme.post("/accounts/push/onboard", {"role": 1, "extra": True, "didKeys": {}})
    assert answer.status == 400
    assert answer.message == [
        "property extra should not exist",
        "didKeys must be an array",
        "username should not be empty",
        "password should not be empty",
        "password_confirmation should not be empty",
        "role must be one of the following values: STANDARD_REGISTRY, USER",
    ]


@pytest.mark.parametrize("role", ["AUDITOR", "WORKER", "user", "super-admin"])
def test_400_for_another_role(acme, role) -> None:
    assert onboard(acme, role=role).status == 400


@pytest.mark.parametrize("parent", [..., None, "", "   "])
def test_400_for_a_user_without_a_parent(acme, parent) -> None:
    answer = onboard(acme, parent=parent)
    expected = envelope(400, "parent is required for the role USER", BAD_REQUEST)
    assert (answer.status, answer.json) == (400, expected)


def test_400_for_a_parent_that_is_unknown_or_no_registry_in_one_text(world, acme) -> None:
    client.registered(world, username="carol")
    client.registered(cast.world(), "STANDARD_REGISTRY", "foreign")
    for name in ("nobody", "carol", "foreign"):
        answer = onboard(acme, parent=name)
        expected = envelope(400, f"Standard Registry '{name}' not found", BAD_REQUEST)
        assert (answer.status, answer.json) == (400, expected)


def test_400_for_a_registry_that_never_finished(world, acme) -> None:
    client.registered(world, "STANDARD_REGISTRY", "verra")
    answer = onboard(acme, parent="verra")
    expected = envelope(400, "Standard Registry 'verra' is not set up yet", BAD_REQUEST)
    assert (answer.status, answer.json) == (400, expected)


@pytest.mark.parametrize("config", [..., {}, {"fireBlocksVaultId": "1"}])
def test_400_for_fireblocks_without_a_configuration(acme, config) -> None:
    answer = onboard(acme, useFireblocksSigning=True, fireblocksConfig=config)
    assert answer.status == 400
    assert answer.message.startswith("fireblocksConfig is required")


def test_either_spelling_of_the_private_key_will_do(acme) -> None:
    for name in ("fireBlocksPrivateiKey", "fireBlocksPrivateKey"):
        config = {"fireBlocksVaultId": "1", "fireBlocksAssetId": "HBAR", "fireBlocksApiKey": "k"}
        answer = onboard(acme, useFireblocksSigning=True, fireblocksConfig=config | {name: ""})
        assert answer.status == 400
        assert "pem" not in answer.text


# 401: the caller is not authenticated.


def test_401_for_nobody_whatever_is_sent(world, nobody, acme) -> None:
    for more in ({}, {"role": 1}, {"username": "acme"}, {"parent": "acme", "hederaAccountId": "1"}):
        answer = onboard(nobody, **more)
        assert (answer.status, answer.json) == (401, UNAUTHORIZED)
    assert onboard(Client(world, access=acme.refresh)).json == UNAUTHORIZED
    assert tasks(world) == []


# 403: the caller is no registry.


def test_403_for_a_user_whatever_is_sent(world, acme, alice) -> None:
    for more in ({}, {"role": 1}, {"username": "acme"}):
        answer = onboard(alice, **more)
        assert (answer.status, answer.json) == (403, FORBIDDEN)
    assert tasks(world) == []


def test_403_for_a_further_registry_without_the_owners_permission(world, acme) -> None:
    answer = onboard(acme, role="STANDARD_REGISTRY", parent=...)
    assert answer.status == 403
    assert "registries:create" in answer.message
    assert tasks(world) == []
    with cast.in_scope(world):
        user = User.objects.get(username="acme")
        role_assignments.grant(user_id=user.id, role="super-admin", by=world.system, now=acts.now())
    assert onboard(acme, role="STANDARD_REGISTRY", parent=...).status == 202


# 409: the user name exists.


def test_409_for_a_name_that_is_taken(world, acme, alice) -> None:
    for name in ("alice", "ALICE"):
        answer = onboard(acme, username=name)
        expected = envelope(409, f"Username '{name}' is already taken", "Conflict")
        assert (answer.status, answer.json) == (409, expected)


def test_409_for_a_name_that_a_task_holds(world, acme) -> None:
    assert onboard(acme).status == 202
    assert onboard(acme).status == 409
    assert len(tasks(world)) == 1


def test_409_for_an_account_of_somebody_else(world, acme, alice) -> None:
    with cast.in_scope(world):
        LedgerAccount.objects.create(
            scope_id=world.scope.id,
            user=User.objects.get(username="alice"),
            network="local",
            account_id="0.0.4532001",
            public_key=b"x" * 32,
            sealed_key=b"sealed",
            created_at=acts.now(),
        )
    answer = onboard(acme, hederaAccountId="0.0.4532001", hederaAccountKey=SEED)
    expected = envelope(409, "This hederaAccountId belongs to another user", "Conflict")
    assert (answer.status, answer.json) == (409, expected)


# 422: hederaAccountId without hederaAccountKey.


@pytest.mark.parametrize(
    "key",
    [..., None, "", "x", SEED[:-1], SEED + "0", "3030020100300706052b8104000a04220420" + SEED],
)
def test_422_for_an_account_without_its_key(world, acme, key) -> None:
    answer = onboard(acme, hederaAccountId="0.0.4532001", hederaAccountKey=key)
    assert answer.status == 422
    assert answer.json["error"] == UNPROCESSABLE
    assert answer.message.startswith("Invalid hederaAccountKey format")
    assert SEED[:20] not in answer.text
    assert tasks(world) == []


@pytest.mark.parametrize("account", [..., None, "", "0.0", "0.0.x", "0.0.1-abcde", "0.0.1.2"])
def test_422_for_a_key_without_an_account(acme, account) -> None:
    answer = onboard(acme, hederaAccountId=account, hederaAccountKey=SEED)
    assert answer.status == 422
    assert answer.message.startswith("Invalid hederaAccountId format")


@pytest.mark.parametrize("password", ["short", "x" * 1025])
def test_422_for_a_password_that_cannot_be_used(world, acme, password) -> None:
    answer = onboard(acme, password=password, password_confirmation=password)
    assert answer.status == 422
    assert password not in answer.text
    assert tasks(world) == []


# 500: unexpected server failure.


def test_500_for_what_nobody_foresaw(world, acme) -> None:
    with cast.in_scope(world), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE identity_scope SET settings = %s WHERE slug = %s", ['"x"', world.scope.slug]
        )
    answer = onboard(acme)
    expected = envelope(500, "Internal server error", "Internal Server Error")
    assert (answer.status, answer.json) == (500, expected)


# The order of the checks.


def test_of_two_faults_the_earlier_one_is_told(world, acme, alice) -> None:
    wrong: dict[str, Any] = {
        "password_confirmation": "another",
        "hederaAccountId": "x",
        "parent": "nobody",
        "username": "alice",
        "password": "short",
    }
    right = {
        "password_confirmation": "short",
        "hederaAccountId": ...,
        "parent": "acme",
        "username": "bob",
        "password": PASSWORD,
    }
    statuses = []
    for name, value in right.items():
        statuses.append(onboard(acme, **wrong).status)
        wrong[name] = value
    assert statuses == [400, 422, 400, 409, 422]


# Demo mode.


def test_in_demo_mode_anybody_onboards(world, acme) -> None:
    guest = demo(world)
    answer = onboard(guest)
    assert answer.status == 202
    assert answer.json["userId"] is None
    assert onboard(guest, username="verra", role="STANDARD_REGISTRY", parent=...).status == 202
    assert onboard(acme, username="carol").json["userId"]
    # Everything else is asked as always.
    assert onboard(guest, username="dave", parent="nobody").status == 400
    assert onboard(guest, username="dave", hederaAccountId="0.0.1").status == 422
    assert onboard(guest).status == 409


def test_in_demo_mode_whoever_is_signed_in_may_what_anybody_may(world, acme, alice) -> None:
    demo(world)
    answer = onboard(alice)
    assert answer.status == 202
    assert answer.json["userId"] == alice.get("/accounts/session").json["id"]
    assert onboard(alice, username="verra", role="STANDARD_REGISTRY", parent=...).status == 202
    # It is demo mode that allows it, not the token.
    with cast.in_scope(world):
        scopes.change_settings(changes={"demo_mode": False}, by=world.system, now=acts.now())
    assert onboard(alice, username="carol").json == FORBIDDEN


def test_demo_mode_of_one_scope_is_none_of_another(world) -> None:
    demo(world)
    assert onboard(Client(cast.world())).json == UNAUTHORIZED


# What waits for others.


def test_a_policy_lets_the_task_wait(world, acme) -> None:
    owner = world.member("owner", "super-admin")
    consent(world)
    answer = onboard(acme)
    assert answer.status == 202
    assert tasks(world)[0].state == "waiting"
    poll = acme.get(f"/tasks/onboard/{answer.json['taskId']}", token="").json
    assert (poll["completed"], poll["failed"]) == (False, False)
    assert onboard(acme).status == 409
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
    assert acts.approve(owner, proposal.id).state == "executed"
    assert tasks(world)[0].state == "queued"


def test_a_task_that_is_voted_down_has_failed(world, acme) -> None:
    owner = world.member("owner", "super-admin")
    consent(world)
    answer = onboard(acme)
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
    acts.reject(owner, proposal.id)
    poll = acme.get(f"/tasks/onboard/{answer.json['taskId']}", token="").json
    assert (poll["completed"], poll["failed"]) == (False, True)
    assert poll["error"]["message"]
    assert onboard(acme).status == 202


def test_nothing_of_a_request_that_waits_is_to_be_read(world, acme) -> None:
    world.member("owner", "super-admin")
    consent(world)
    onboard(acme, hederaAccountId="0.0.4532001", hederaAccountKey=SEED)
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
    told = json.dumps(proposal.commands) + bytes(proposal.request).decode(errors="replace")
    assert SEED not in told
    assert PASSWORD not in told
    assert "argon2" not in told


def consent(world: cast.World) -> None:
    """From now on others have to agree."""
    with cast.in_scope(world):
        policies.create(
            public_id=ids.new(),
            fields={
                "name": "consent",
                "resource": "/onboardings",
                "action": "add",
                "description": "",
                "priority": 10,
                "expression": "true",
                "status": "active",
                "decision_on_true": "REVIEW",
                "review_expression": '{"all":[{"min":1,"role":"super-admin"}],"deny":1}',
            },
            by=world.system,
            now=acts.now(),
        )
