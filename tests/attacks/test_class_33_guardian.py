"""Class 33 of the known attacks: credentials whose proof is not looked at, at the face `guardian`.

Seen as CVE-2024-21669 in ACA-Py. What somebody says of itself when it is onboarded changes neither
whom the credential is about nor who issued it; nobody brings a DID of another's key, or one that is
somebody's; the credential that the face shows verifies under the DID document beside it, and under
nothing else, and is revoked when its user leaves.
"""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Credential, User
from accounts.models.credential import CredentialContext
from accounts.services import users
from identity.crypto import json_ld, json_ld_contexts, verifiable_credential
from identity.errors import DomainError
from tests import acts, cast
from tests.faces.guardian import onboarded
from tests.faces.guardian.client import UNAUTHORIZED, Client

pytestmark = pytest.mark.django_db(transaction=True)
VECTORS = json.loads((Path(__file__).parents[1] / "vectors/guardian.json").read_text())
DOCUMENT: dict[str, Any] = VECTORS["did_document"]
KEYS: list[dict[str, str]] = VECTORS["did_keys"]


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def acme(world: cast.World) -> Client:
    return onboarded.minted(world)


def profile(who: Client) -> dict[str, Any]:
    told: dict[str, Any] = who.get(f"/profiles/{who.username}").json
    return told


def is_valid(world: cast.World, document: Mapping[str, Any], *profiles: dict[str, Any]) -> bool:
    """Whether a verifier that knows these users' DID documents takes a credential."""
    known = {each["did"]: each["didDocument"]["document"] for each in profiles}
    with cast.in_scope(world):
        rows = CredentialContext.objects.values_list("address", "content")
        own = {address: json.loads(bytes(content)) for address, content in rows}
    try:
        verifiable_credential.verify(
            document,
            resolve=known.get,
            contexts={**json_ld_contexts.bundled(), **own},
            canonicalize=json_ld.canonical,
            now=acts.now(),
        )
    except DomainError:
        return False
    return True


def test_what_the_face_shows_verifies_under_its_own_did_alone(world, acme) -> None:
    alice, _ = onboarded.onboarded(acme, "alice", vcDocument={"name": "Alice"})
    bob, _ = onboarded.onboarded(acme, "bob", vcDocument={"name": "Bob"})
    of_alice, of_bob = profile(alice), profile(bob)
    document = of_alice["vcDocument"]["document"]
    assert is_valid(world, document, of_alice)
    assert not is_valid(world, document)
    assert not is_valid(world, document, of_bob)
    swapped = document | {"proof": of_bob["vcDocument"]["document"]["proof"]}
    assert not is_valid(world, swapped, of_alice, of_bob)


CHANGES: dict[str, Any] = {
    "no proof": lambda it: it.pop("proof"),
    "an empty proof": lambda it: it.update(proof={}),
    "a proof of another kind": lambda it: it["proof"].update(type="none"),
    "another purpose": lambda it: it["proof"].update(proofPurpose="authentication"),
    "another signature": lambda it: it["proof"].update(jws=it["proof"]["jws"][:-4] + "AAAA"),
    "another issuer": lambda it: it.update(issuer=VECTORS["did"]),
    "another subject": lambda it: it["credentialSubject"][0].update(id=VECTORS["did"]),
    "another name": lambda it: it["credentialSubject"][0].update(name="Mallory"),
    "a further field": lambda it: it["credentialSubject"][0].update(admin=True),
    "a further subject": lambda it: it["credentialSubject"].append({"id": VECTORS["did"]}),
    "another time": lambda it: it.update(issuanceDate="2020-01-01T00:00:00.000Z"),
    "another id": lambda it: it.update(id="urn:uuid:00000000-0000-4000-8000-000000000001"),
}


def test_no_changed_credential_verifies(world, acme) -> None:
    alice, _ = onboarded.onboarded(acme, "alice", vcDocument={"name": "Alice"})
    mine = profile(alice)
    for name, change in CHANGES.items():
        document = copy.deepcopy(mine["vcDocument"]["document"])
        change(document)
        assert not is_valid(world, document, mine), name
    assert is_valid(world, mine["vcDocument"]["document"], mine)


def test_what_somebody_says_changes_neither_subject_nor_issuer(world, acme) -> None:
    other = profile(acme)["did"]
    said = {
        "id": other,
        "type": "StandardRegistry",
        "@context": ["https://example.org/evil"],
        "name": "Alice",
    }
    alice, _ = onboarded.onboarded(acme, "alice", vcDocument=said)
    mine = profile(alice)
    document = mine["vcDocument"]["document"]
    (subject,) = document["credentialSubject"]
    assert (document["issuer"], subject["id"]) == (mine["did"], mine["did"])
    assert subject["type"] != "StandardRegistry"
    assert "https://example.org/evil" not in json.dumps(document)
    assert is_valid(world, document, mine)


@pytest.mark.parametrize(
    ("document", "keys"),
    [
        (DOCUMENT, []),
        (DOCUMENT, KEYS[:1]),
        (DOCUMENT, KEYS[1:]),
        (DOCUMENT, [KEYS[0] | {"key": KEYS[1]["key"]}, KEYS[1]]),
        (DOCUMENT | {"id": "did:example:1"}, KEYS),
        (DOCUMENT | {"controller": "did:example:1"}, KEYS),
    ],
    ids=[
        "no keys",
        "one key",
        "the other key",
        "swapped keys",
        "another method",
        "another controller",
    ],
)
def test_nobody_brings_a_did_without_its_keys(world, acme, document, keys) -> None:
    task = onboarded.begun(acme, "alice", didDocument=document, didKeys=keys)
    onboarded.worked(world)
    told = acme.get(f"/tasks/onboard/{task}").json
    assert (told["completed"], told["failed"]) == (False, True)
    for key in KEYS:
        assert key["key"] not in json.dumps(told)
    with cast.in_scope(world):
        assert not Credential.objects.filter(user__username="alice").exists()


def test_what_leaves_takes_its_credential_along(world, acme) -> None:
    alice, _ = onboarded.onboarded(acme, "alice", vcDocument={"name": "Alice"})
    with cast.in_scope(world):
        user = User.objects.get(username="alice")
        users.delete(user_id=user.id, by=world.system, now=acts.now())
        held = Credential.objects.get(user=user)
        assert (held.status, held.revoked_at is not None) == ("revoked", True)
    assert alice.get("/profiles/alice").json == UNAUTHORIZED
    assert alice.login().status == 401
