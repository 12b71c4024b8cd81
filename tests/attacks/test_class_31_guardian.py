"""Class 31 of the known attacks, at the face `guardian`: a secret is found where nobody looks.

Seen in authentik (a penetration test, M2) and as CVE-2024-10451 and CVE-2026-9083 in Keycloak. A
user is onboarded with marked secrets: password, ledger key, keys of a custom DID, credentials of a
signer elsewhere. While the task waits, when it has failed and when it has ended well, every byte of
the database, the log and every answer are searched for them.
"""

import base64
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accounts.models import Onboarding
from identity.crypto import ed25519
from tests import cast
from tests.attacks.test_class_31_leaks import dump, found
from tests.faces.guardian import onboarded
from tests.faces.guardian.client import Client, registering

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = f"Canary1{secrets.token_hex(12)}"
SEED = secrets.token_bytes(32).hex()
PEM = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
REMOTE = {
    "fireBlocksVaultId": "7",
    "fireBlocksAssetId": "HBAR",
    "fireBlocksApiKey": f"canary-{secrets.token_hex(12)}",
    "fireBlocksPrivateiKey": PEM,
}
DID_KEY = f"{secrets.token_hex(24)}canary"
HIDDEN = [
    *(PASSWORD, SEED, DID_KEY, REMOTE["fireBlocksApiKey"], PEM.splitlines()[5]),
]


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def acme(world: cast.World) -> Client:
    return onboarded.minted(world)


def body(**more: Any) -> dict[str, Any]:
    asked = registering("alice", password=PASSWORD, password_confirmation=PASSWORD)
    return asked | {"parent": "acme"} | more


def onboard(who: Client, **more: Any) -> Any:
    return who.post("/accounts/push/onboard", body(**more))


def test_nothing_is_to_be_read_while_a_task_waits(world, acme, caplog) -> None:
    key = {"hederaAccountId": "0.0.424242", "hederaAccountKey": SEED}
    answer = onboard(acme, **key, useFireblocksSigning=True, fireblocksConfig=REMOTE)
    assert answer.status == 202
    task = answer.json["taskId"]
    keys = [{"id": "did:example:1#a", "key": DID_KEY}]
    assert onboard(acme, username="bob", didDocument={"id": "x"}, didKeys=keys).status == 202
    told = [acme.get(f"/tasks/{task}").body, acme.get(f"/tasks/onboard/{task}").body, answer.body]
    with cast.in_scope(world):
        everything = dump()
    assert found(everything + b"".join(told) + caplog.text.encode(), HIDDEN) == []


def test_nothing_is_left_of_what_failed(world, acme, caplog) -> None:
    key = {"hederaAccountId": "0.0.424242", "hederaAccountKey": SEED}
    task = onboard(acme, **key).json["taskId"]
    keys = [{"id": "did:example:1#a", "key": DID_KEY}]
    other = onboard(acme, username="bob", didDocument={"id": "x"}, didKeys=keys).json["taskId"]
    onboarded.worked(world)
    told = b""
    for each in (task, other):
        assert acme.get(f"/tasks/onboard/{each}").json["failed"] is True
        told += acme.get(f"/tasks/{each}").body + acme.get(f"/tasks/onboard/{each}").body
    with cast.in_scope(world):
        everything = dump()
    assert found(everything + told + caplog.text.encode(), HIDDEN) == []


def test_nothing_but_sealed_keys_is_left_of_what_ended_well(world, acme, caplog) -> None:
    task = onboard(acme).json["taskId"]
    onboarded.worked(world)
    alice = Client(world, "alice", PASSWORD).sign_in()
    told = b"".join(
        alice.get(path).body
        for path in (f"/tasks/{task}", "/profiles/alice", "/accounts/session", "/accounts/balance")
    )
    with cast.in_scope(world):
        everything = dump()
        assert Onboarding.objects.get(id=task).sealed_request is None
    hidden = [PASSWORD, alice.refresh, alice.access, acme.refresh]
    assert found(everything + caplog.text.encode(), hidden) == []
    assert found(told, hidden) == []
    assert b"302e020100300506032b657004220420" not in told


def test_the_result_is_sealed_until_its_owner_reads_it(world, acme) -> None:
    task = onboard(acme).json["taskId"]
    onboarded.worked(world)
    with cast.in_scope(world):
        sealed = bytes(Onboarding.objects.get(id=task).sealed_result or b"")
    result = Client(world, "alice", PASSWORD).sign_in().get(f"/tasks/{task}").json["result"]
    assert sealed
    for value in result.values():
        assert str(value).encode() not in sealed
        assert base64.b64encode(str(value).encode()) not in sealed


@pytest.mark.parametrize(
    "more",
    [
        {"hederaAccountId": "0.0.1", "hederaAccountKey": SEED + "0"},
        {"hederaAccountId": "x", "hederaAccountKey": SEED},
        {"hederaAccountKey": SEED},
        {"parent": "nobody", "hederaAccountId": "0.0.1", "hederaAccountKey": SEED},
        {"didKeys": [{"id": 1, "key": DID_KEY}]},
        {"didKeys": [DID_KEY]},
        {"fireblocksConfig": REMOTE | {"more": REMOTE["fireBlocksApiKey"]}},
        {"useFireblocksSigning": True, "fireblocksConfig": REMOTE | {"fireBlocksVaultId": ""}},
        {"role": PASSWORD},
        {"password_confirmation": PASSWORD + "x"},
        {"username": ""},
    ],
)
def test_no_refusal_repeats_a_secret(acme, caplog, more) -> None:
    answer = onboard(acme, **more)
    assert 400 <= answer.status < 500
    assert found(answer.body + caplog.text.encode(), HIDDEN) == []


def test_no_refusal_of_a_sign_in_repeats_a_secret(world, acme, caplog) -> None:
    guest = Client(world, "acme", PASSWORD)
    told = guest.login().body
    told += guest.post("/accounts/access-token", {"refreshToken": PASSWORD}).body
    told += guest.get("/accounts/session", token=PASSWORD).body
    told += guest.get(f"/tasks/onboard/{PASSWORD}").body
    change = {"username": "acme", "oldPassword": PASSWORD, "newPassword": PASSWORD}
    told += guest.post("/accounts/change-password", change).body
    told += acme.post("/accounts/register", body(role=PASSWORD)).body
    assert found(told + caplog.text.encode(), HIDDEN) == []


def test_the_search_would_find_them(world, acme) -> None:
    seed = ed25519.generate()
    raw = ed25519.private_bytes(seed)
    assert found(b"before " + raw + b" after", [raw.hex()])
    assert found(PASSWORD.encode().hex().encode(), [PASSWORD])
