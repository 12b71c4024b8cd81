"""Class 31 of the known attacks: the secret of an account that the server holds is found somewhere.

Seen in Keycloak as CVE-2024-10451 and CVE-2026-9083 (secrets in exports). A user has an account,
signs, asks for what waits and is refused; then every byte of the database, the log, the record's
export, every answer of the API and every page about accounts are searched for the secret.
"""

from datetime import UTC, datetime

import pytest

from accounts.models import KeySignature, ManagedKey
from accounts.services import opened_managed_keys
from identity.crypto.errors import SealBroken
from identity.crypto.evm import PersonalMessage
from identity.services import audit_trail
from invitations.services import signing
from tests import acts, cast, signed_in
from tests.account_holders import PAYMENT, account
from tests.attacks.test_class_31_leaks import dump, found
from tests.faces.v1.client import Bearer, Signed
from tests.faces.v1.test_own_account import reviewed
from tests.unit.accounts.admin.desk import Desk

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


def told(bob: Bearer, alice: Signed, key: str) -> list[str]:
    """What the API answers about an account and its signatures, refusals among it."""
    asked = [
        bob.post("/me/managed-key", {}),
        bob.post("/me/managed-key/messages", {"text": "hello"}),
        bob.post("/me/managed-key/transactions", {"transaction": PAYMENT}),
        bob.post("/me/managed-key/transactions", {"transaction": PAYMENT | {"type": "0x9"}}),
        bob.post("/me/managed-key/typed-data", {"typed_data": {"types": key}}),
        bob.get("/me/managed-key"),
        bob.get("/me/managed-key/signatures"),
        bob.get(f"/me/managed-key/signatures/{key}"),
        alice.get("/managed-keys"),
        alice.get(f"/managed-keys/{key}"),
        alice.get(f"/managed-keys/{key}/signatures"),
        alice.get("/proposals"),
        alice.get("/audit"),
    ]
    return [answer.text for answer in asked]


def test_the_secret_is_nowhere(world: cast.World, caplog: pytest.LogCaptureFixture) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    member = world.member("bob")
    reviewed(world, "/managed-keys/**", "add", expression='details.kind == "transaction"')
    row = account(world, member)
    private = opened_managed_keys.get(row.id, bytes(row.sealed_secret))
    hidden = [private.key.to_hex()]
    sealed = [bytes(row.sealed_secret).hex()]
    bob = Bearer.of(signed_in.start(world, member).access, world.scope.slug)
    answers = told(bob, Signed.of(alice, world.scope.slug), str(row.id))
    assert any("key-signature" in text or '"signed"' in text for text in answers)
    desk = Desk(world, "carol", "super-admin")
    pages = [desk.get("accounts/managedkey/"), desk.get(f"accounts/managedkey/{row.pk}/change/")]
    with cast.in_scope(world):
        exported = list(audit_trail.export(now=NOW))
        assert row.address.encode() in dump()
        assert found(dump(), hidden) == []
    seen = "\n".join([*answers, *pages, *exported, caplog.text, repr(private), repr(row)])
    assert row.address in seen
    assert found(seen.encode(), hidden + sealed) == []


def test_a_key_that_can_not_be_opened_signs_nothing(world: cast.World) -> None:
    member = world.member("bob")
    row = account(world, member)
    hidden = [opened_managed_keys.get(row.id, bytes(row.sealed_secret)).key.to_hex()]
    opened_managed_keys.forget_all()
    with cast.in_scope(world):
        changed = bytes(row.sealed_secret)[:-1] + bytes([row.sealed_secret[-1] ^ 1])
        ManagedKey.objects.filter(id=row.id).update(sealed_secret=changed)
        with pytest.raises(SealBroken) as failure:
            signing.sign(what=PersonalMessage(b"hello"), by=acts.as_actor(member), now=NOW)
        assert not KeySignature.objects.exists()
    assert found(repr(failure.value).encode(), hidden) == []
