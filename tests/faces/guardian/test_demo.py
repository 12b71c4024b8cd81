"""GET /demo/registered-users, /demo/random-key, /demo/push/random-key."""

import pytest

from accounts.models import Onboarding
from identity.crypto import ed25519
from tests import cast
from tests.faces.guardian import client, onboarded
from tests.faces.guardian.client import NOT_FOUND, UNAUTHORIZED, Client
from tests.faces.guardian.test_onboard import demo

PATHS = ("/demo/registered-users", "/demo/random-key", "/demo/push/random-key")


@pytest.fixture
def guest(world: cast.World) -> Client:
    """Somebody who comes to a scope in demo mode."""
    return demo(world)


def test_there_is_nothing_without_demo_mode(world, acme, nobody) -> None:
    for path in PATHS:
        assert nobody.get(path).json == NOT_FOUND
        assert acme.get(path).json == NOT_FOUND


def test_lists_everybody(world, guest) -> None:
    client.registered(world, "STANDARD_REGISTRY", "acme")
    client.registered(world, username="bob")
    client.registered(cast.world(), username="stranger")
    answer = guest.get("/demo/registered-users")
    assert (answer.status, answer.json) == (
        200,
        [
            {"username": "acme", "role": "STANDARD_REGISTRY", "policyRoles": []},
            {"username": "bob", "role": "USER", "policyRoles": []},
        ],
    )


def test_makes_an_account_that_can_be_used(world, guest) -> None:
    answer = guest.get("/demo/random-key")
    assert answer.status == 200
    assert set(answer.json) == {"id", "key"}
    acme = onboarded.minted(world)
    made = {"hederaAccountId": answer.json["id"], "hederaAccountKey": answer.json["key"]}
    alice, task = onboarded.onboarded(acme, **made)
    result = alice.get(f"/tasks/{task}").json["result"]
    assert result["hederaAccountId"] == answer.json["id"]
    seed = bytes.fromhex(answer.json["key"])[-32:]
    assert result["publicKey"].endswith(ed25519.parse_private(seed).public.raw.hex())


def test_pushes_the_same_for_who_is_signed_in(world, guest) -> None:
    bob = client.member(world, "bob")
    answer = bob.get("/demo/push/random-key")
    assert answer.status == 202
    assert (answer.json["action"], answer.json["expectation"]) == ("Create random key", 1)
    task = answer.json["taskId"]
    onboarded.worked(world)
    result = bob.get(f"/tasks/{task}").json["result"]
    assert set(result) == {"id", "key"}
    assert guest.get(f"/tasks/onboard/{task}").status == 401
    assert client.member(world).get(f"/tasks/{task}").json == NOT_FOUND


def test_makes_no_key_that_nobody_could_read(world, guest) -> None:
    assert guest.get("/demo/push/random-key").json == UNAUTHORIZED
    with cast.in_scope(world):
        assert not Onboarding.objects.exists()


def test_a_bad_token_is_a_bad_token(guest) -> None:
    for path in PATHS:
        assert guest.get(path, token="x").json == UNAUTHORIZED


def test_stops_who_makes_accounts_all_the_time(world, guest) -> None:
    statuses = [guest.get("/demo/random-key").status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert client.member(world, "bob").get("/demo/push/random-key").status == 429


def test_a_whole_demo_without_any_token(world, guest) -> None:
    task = guest.post(
        "/accounts/push/onboard", client.registering("verra", "STANDARD_REGISTRY")
    ).json["taskId"]
    onboarded.worked(world)
    assert guest.get(f"/tasks/onboard/{task}").json["completed"] is True
    verra = Client(world, "verra").sign_in()
    assert verra.get(f"/tasks/{task}").json["result"]["role"] == "STANDARD_REGISTRY"
