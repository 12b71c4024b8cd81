"""Class 28 of the known attacks, by DIDs: documents that are to cost more than they are worth.

Seen in Keycloak as CVE-2026-4634, in Better Auth as #11323. Bounds come before any other work, and
nothing here follows a context, which is where poison graphs wait.
"""

import time
from typing import Any
from urllib.parse import urlencode

import pytest

from accounts.models import DidDocument
from identity.crypto.errors import DidDocumentRefused
from identity.models import AuditEvent
from tests import cast
from tests.faces.v1.test_dids import web
from tests.unit.accounts.test_dids import VECTORS, ledger_did

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 1.0


def nested(depth: int) -> Any:
    found: Any = {}
    for _ in range(depth):
        found = {"service": [found]}
    return found


def poison(size: int) -> list[Any]:
    """Blank nodes that all look alike: what canonicalisation can't tell apart."""
    return [{"id": f"_:b{n}", "next": f"_:b{(n * 7) % size}"} for n in range(size)]


POISONS: dict[str, Any] = {
    "deep": {"service": nested(50_000)},
    "graph": {"service": poison(50_000)},
    "context": {"@context": [VECTORS["did_document"]["@context"], {"@import": "https://a.test"}]},
    "contexts": {"@context": ["https://www.w3.org/ns/did/v1"] * 100_000},
    "text": {"alsoKnownAs": ["a" * 50_000_000]},
    "methods": {"verificationMethod": VECTORS["did_document"]["verificationMethod"] * 50_000},
    "base58": {"verificationMethod": [{"publicKeyBase58": "z" * 30_000}]},
}


@pytest.mark.parametrize("name", POISONS)
def test_a_poisoned_document_is_refused_in_time(name: str) -> None:
    world = cast.world()
    bob = world.member("bob")
    document = {**VECTORS["did_document"], **POISONS[name]}
    began = time.process_time()
    with pytest.raises(DidDocumentRefused):
        ledger_did(world, bob, custom_document=document, custom_keys=VECTORS["did_keys"])
    assert time.process_time() - began < SECONDS
    with cast.in_scope(world):
        assert not DidDocument.objects.exists()
        assert not AuditEvent.objects.filter(name__startswith="did.").exists()


def test_a_thousand_keys_are_refused_before_the_first_is_read() -> None:
    world = cast.world()
    bob = world.member("bob")
    keys = VECTORS["did_keys"] * 1000
    began = time.process_time()
    with pytest.raises(DidDocumentRefused):
        ledger_did(world, bob, custom_document=VECTORS["did_document"], custom_keys=keys)
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("did", ["did:key:z" + "z" * 20_000, "did:" + "a" * 20_000, "%" * 20_000])
def test_a_long_did_is_refused(did: str) -> None:
    world = cast.world()
    answer = web(world, f"/v1/dids/resolve?{urlencode({'did': did})}")
    assert answer.status_code == 400
