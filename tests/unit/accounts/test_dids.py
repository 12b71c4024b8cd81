"""DIDs of users: stored, published, proven, and ended with the device, the wallet, the account."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import did_errors, errors
from accounts.models import DidDocument, DidKey, User, Wallet
from accounts.services import devices, did_proofs, dids, leaving, managed_keys, users, wallets
from accounts.services.wallets import Key
from identity import errors as refusals
from identity.crypto import did_key, did_ledger, ed25519, secp256k1
from identity.crypto.errors import DidDocumentRefused, DidInvalid
from identity.models import AuditEvent
from tests import cast
from tests.account_holders import actor_of
from tests.serving import ROOT
from tests.unit.accounts.people import MakeKeys
from tests.unit.accounts.test_devices import proof_of

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/guardian.json").read_text())
SEED = bytes.fromhex(VECTORS["seed_hex"])
MESSAGE = "1767225600.000000001"


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob")


def ledger_did(world: cast.World, member: cast.Member, **more: Any) -> DidDocument:
    given = {"seed": SEED, "network": "testnet", "topic_id": "0.0.424242", **more}
    with cast.in_scope(world):
        return dids.store_ledger_did(user=member.user, by=world.system, now=NOW, **given)


def key_did(world: cast.World, member: cast.Member, did: str = "") -> DidDocument:
    did = did or did_key.of_key(member.session.keys.signature.public)
    with cast.in_scope(world):
        return dids.add_key_did(user=member.user, did=did, by=actor_of(world, member), now=NOW)


def events(name: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(name=name))


def test_stores_the_document_of_the_vectors(world: cast.World, bob: cast.Member) -> None:
    made = ledger_did(world, bob)
    with cast.in_scope(world):
        row = DidDocument.objects.get()
        assert json.dumps(row.document) == json.dumps(VECTORS["did_document"])
        assert (row.did, row.status, row.method) == (VECTORS["did"], "new", "ledger")
        assert (row.topic_id, row.message_id) == ("0.0.424242", "")
        key = dids.signing_key(row)
        assert (key.seed, key.verification_method) == (SEED, did_ledger.root_method(row.did))
        assert dids.signing_seed(row) == SEED
        sealed = bytes(DidKey.objects.get().sealed_key)
        (event,) = events("did.added")
    assert made.id == row.id
    assert SEED not in sealed
    assert SEED.hex() not in repr(key) + str(event.facts)


def test_the_same_call_again_gives_the_same_row(world: cast.World, bob: cast.Member) -> None:
    assert ledger_did(world, bob).id == ledger_did(world, bob).id
    with cast.in_scope(world):
        assert len(events("did.added")) == DidKey.objects.count() == 1


def test_a_user_has_one_ledger_did_and_a_did_one_user(world: cast.World, bob: cast.Member) -> None:
    ledger_did(world, bob)
    with pytest.raises(did_errors.DidTaken):
        ledger_did(world, bob, seed=bytes(32))
    carol = world.member("carol")
    with pytest.raises(did_errors.DidTaken):
        ledger_did(world, carol)
    ledger_did(world, carol, topic_id="0.0.5")
    other = cast.world()
    assert ledger_did(other, other.member("charlie")).did == VECTORS["did"]


def test_keeps_a_custom_document_with_its_keys(world: cast.World, bob: cast.Member) -> None:
    custom = {"custom_document": VECTORS["did_document"], "custom_keys": VECTORS["did_keys"]}
    row = ledger_did(world, bob, seed=bytes(32), **custom)
    with cast.in_scope(world):
        assert json.dumps(row.document) == json.dumps(VECTORS["did_document"])
        assert dids.signing_seed(row) == SEED
        kinds = DidKey.objects.order_by("kind").values_list("kind", "is_root")
        assert list(kinds) == [(did_ledger.BBS, False), (did_ledger.ED25519, True)]


@pytest.mark.parametrize(
    "given",
    [
        {"topic_id": "0.0.7"},
        {"network": "mainnet"},
        {"custom_keys": None},
        {"custom_keys": []},
        {"custom_document": None},
        {"custom_document": {}},
    ],
)
def test_refuses_a_custom_document(
    world: cast.World, bob: cast.Member, given: dict[str, Any]
) -> None:
    custom = {"custom_document": VECTORS["did_document"], "custom_keys": VECTORS["did_keys"]}
    with pytest.raises(DidDocumentRefused):
        ledger_did(world, bob, **{**custom, **given})
    with cast.in_scope(world):
        assert not DidDocument.objects.exists()


def test_notes_how_publishing_went(world: cast.World, bob: cast.Member) -> None:
    row, by = ledger_did(world, bob), world.system
    with cast.in_scope(world):
        assert dids.note_failed(did_document=row, by=by, now=NOW).status == "failed"
        published = dids.note_published(did_document=row, message_id=MESSAGE, by=by, now=NOW)
        assert (published.status, published.message_id) == ("published", MESSAGE)
        again = dids.note_published(did_document=row, message_id=MESSAGE, by=by, now=NOW)
        assert again.message_id == MESSAGE
        with pytest.raises(refusals.Conflict):
            dids.note_published(did_document=row, message_id="1.000000002", by=by, now=NOW)
        with pytest.raises(refusals.Conflict):
            dids.note_failed(did_document=row, by=by, now=NOW)
        for wrong in ("", "1" * 41):
            with pytest.raises(refusals.Invalid):
                dids.note_published(did_document=row, message_id=wrong, by=by, now=NOW)
        assert [event.facts["message"] for event in events("did.published")] == [MESSAGE]


def test_off_boarding_ends_every_did_and_forgets_the_keys(
    world: cast.World, bob: cast.Member
) -> None:
    row = ledger_did(world, bob)
    key_did(world, bob)
    with cast.in_scope(world):
        by = actor_of(world, bob)
        dids.add_web_did(user=bob.user, base_url="https://id.test/s/a", by=by, now=NOW)
        leaving.leave(user_id=bob.user.id, by=by, now=NOW)
        assert DidDocument.objects.filter(deactivated_at=NOW).count() == 3
        assert not DidKey.objects.exists()
        assert len(events("did.deactivated")) == 3
        with pytest.raises(did_errors.DidDeactivated):
            dids.signing_seed(row)
        with pytest.raises(did_errors.DidDeactivated):
            dids.note_published(did_document=row, message_id=MESSAGE, by=by, now=NOW)
    with pytest.raises(errors.UserInactive):
        ledger_did(world, bob, topic_id="0.0.8")
    with pytest.raises(did_errors.DidTaken):
        ledger_did(world, world.member("carol"))


def test_an_off_boarding_that_fails_ends_nothing(world: cast.World, bob: cast.Member) -> None:
    row = ledger_did(world, bob)
    with cast.in_scope(world):
        with pytest.raises(RuntimeError), transaction.atomic():
            users.delete(user_id=bob.user.id, by=world.system, now=NOW)
            raise RuntimeError
        assert dids.signing_seed(row) == SEED
        assert DidDocument.objects.get().deactivated_at is None


def test_a_key_did_needs_a_key_of_the_user(world: cast.World, bob: cast.Member) -> None:
    mine, carol = key_did(world, bob), world.member("carol")
    assert key_did(world, bob).id == mine.id
    with pytest.raises(did_errors.DidUnproven):
        key_did(world, carol, mine.did)
    with pytest.raises(did_errors.DidUnproven):
        key_did(world, bob, did_key.of_key(ed25519.generate().public))
    for wrong in ("did:", "did:web:example.org", mine.did + "#x", "did:key:z" + "1" * 500):
        with pytest.raises(DidInvalid):
            key_did(world, bob, wrong)


def test_keys_of_wallets_and_of_the_account_are_the_users(
    world: cast.World, bob: cast.Member
) -> None:
    edwards, ethereum, other = (
        ed25519.generate().public,
        secp256k1.generate().public,
        secp256k1.generate().public,
    )
    with cast.in_scope(world):
        by = actor_of(world, bob)
        account = managed_keys.create(user=bob.user, now=NOW)
        for kind, address, public in (
            (Wallet.Kind.ED25519, "z1", edwards.raw),
            (Wallet.Kind.ETHEREUM, "0x1", ethereum.uncompressed[1:]),
            (Wallet.Kind.SECP256K1, "z2", other.uncompressed),
        ):
            key = Key(kind, address, public.hex())
            wallets.add(user_id=bob.user.id, key=key, by=by, now=NOW)
        keyless = wallets.insert(bob.user, wallets.keyless(), now=NOW)
    own = secp256k1.parse_public(bytes(account.public_key))
    named = [did_key.of_key(point) for point in (ethereum, other, own)]
    for did in (did_key.of_key(edwards), *named):
        assert key_did(world, bob, did).method == "key"
    nobodys = ed25519.parse_public(bytes.fromhex(keyless.public_key))
    with pytest.raises(did_errors.DidUnproven):
        key_did(world, bob, did_key.of_key(nobodys))


def test_a_wallet_that_goes_takes_its_did_along_and_may_come_back(
    world: cast.World, bob: cast.Member
) -> None:
    point = secp256k1.generate().public
    key = Key(Wallet.Kind.SECP256K1, "z2", point.uncompressed.hex())
    with cast.in_scope(world):
        by = actor_of(world, bob)
        wallet = wallets.add(user_id=bob.user.id, key=key, by=by, now=NOW)
        row = key_did(world, bob, did_key.of_key(point))
        wallets.add(
            user_id=bob.user.id, key=Key(Wallet.Kind.ED25519, "z1", "00" * 32), by=by, now=NOW
        )
        wallets.remove(user_id=bob.user.id, wallet_id=wallet.id, by=by, now=NOW)
        row.refresh_from_db()
        assert row.deactivated_at == NOW
        wallets.add(user_id=bob.user.id, key=key, by=by, now=NOW)
        assert key_did(world, bob, row.did).id != row.id


def test_a_rotated_key_ends_its_did(world: cast.World, bob: cast.Member, keys: MakeKeys) -> None:
    row, new = key_did(world, bob), keys()
    with cast.in_scope(world):
        devices.rotate_keys(
            device_id=bob.device.id,
            signature_key=new.signature_key,
            encryption_key=new.encryption_key,
            proof=proof_of(bob.device.id, new),
            registration=None,
            by=actor_of(world, bob),
            now=NOW,
        )
        row.refresh_from_db()
        assert row.deactivated_at == NOW
    with pytest.raises(did_errors.DidUnproven):
        key_did(world, bob, row.did)
    renewed = did_proofs.of_device(new.signature_key)
    assert key_did(world, bob, renewed).did == renewed


def test_a_revoked_device_ends_its_did(world: cast.World, bob: cast.Member) -> None:
    row = key_did(world, bob)
    with cast.in_scope(world):
        devices.revoke(device_id=bob.device.id, reason="lost", by=world.system, now=NOW)
        row.refresh_from_db()
    assert row.deactivated_at == NOW
    with pytest.raises(did_errors.DidUnproven):
        key_did(world, bob, row.did)


def test_a_web_did_names_the_user_by_its_id(world: cast.World) -> None:
    mallory = world.member("mallory")
    with cast.in_scope(world):
        User.objects.filter(id=mallory.user.id).update(username="..%2f..:x/../did.json")
        by = actor_of(world, mallory)
        row = dids.add_web_did(
            user=mallory.user, base_url="https://id.test:8443/s/a", by=by, now=NOW
        )
        assert row.did == f"did:web:id.test%3A8443:s:a:users:{mallory.user.public_id}"
        with pytest.raises(did_errors.DidTaken):
            dids.add_web_did(user=mallory.user, base_url="https://b.test", by=by, now=NOW)


def test_a_user_has_not_any_number_of_dids(
    world: cast.World, bob: cast.Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dids, "MOST_OF_A_USER", 1)
    ledger_did(world, bob)
    with pytest.raises(refusals.Conflict):
        key_did(world, bob)


def test_the_database_refuses_rows_that_must_not_be(world: cast.World, bob: cast.Member) -> None:
    row = ledger_did(world, bob)
    rows = DidDocument.objects.filter(id=row.id)
    wrong: list[dict[str, Any]] = [
        {"status": "published"},
        {"message_id": MESSAGE},
        {"topic_id": ""},
        {"method": "web"},
        {"method": "other"},
        {"status": "gone"},
    ]
    with cast.in_scope(world):
        for changes in wrong:
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**changes)
