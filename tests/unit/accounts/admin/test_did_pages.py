"""The admin's pages of DIDs: whose, what stands in them, whether they hold; no private key."""

from datetime import UTC, datetime

import pytest

from accounts.models import DidDocument, DidKey
from accounts.services import dids, own_dids
from tests import cast
from tests.unit.accounts.admin.desk import HOSTILE, Desk
from tests.unit.accounts.test_dids import MESSAGE, SEED, VECTORS, key_did, ledger_did

LIST = "accounts/diddocument/"
NOW = datetime.now(UTC)


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def desk(world: cast.World) -> Desk:
    return Desk(world, "carol", "super-admin")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob")


@pytest.fixture
def row(world: cast.World, bob: cast.Member) -> DidDocument:
    return ledger_did(world, bob)


def page(row: DidDocument) -> str:
    return f"{LIST}{row.pk}/change/"


def test_says_what_to_do_where_nobody_has_one(desk: Desk) -> None:
    assert "Nobody has a DID yet" in desk.get(LIST)


def test_shows_a_did_and_its_document(desk: Desk, world: cast.World, row: DidDocument) -> None:
    assert row.did in desk.get(LIST)
    shown = desk.get(page(row))
    methods = VECTORS["did_document"]["verificationMethod"]
    texts = [row.did, "bob@example.test", "0.0.424242", "new", "did-root-key-bbs"]
    for text in [*texts, *(method["publicKeyBase58"] for method in methods)]:
        assert text in shown
    with cast.in_scope(world):
        dids.note_published(did_document=row, message_id=MESSAGE, by=world.system, now=NOW)
    shown = desk.get(page(row))
    assert MESSAGE in shown
    assert "published" in shown
    assert "&lt;span" not in shown


def test_never_shows_a_private_key(desk: Desk, world: cast.World, row: DidDocument) -> None:
    with cast.in_scope(world):
        sealed = bytes(DidKey.objects.get().sealed_key)
    shown = desk.get(LIST) + desk.get(page(row))
    for secret in (SEED.hex(), VECTORS["did_keys"][0]["key"], sealed.hex(), "sealed"):
        assert secret not in shown


def test_shows_the_keys_of_now(desk: Desk, world: cast.World, bob: cast.Member) -> None:
    with cast.in_scope(world):
        row = own_dids.add_web(user_id=bob.user.id, by=world.system, now=NOW)
    assert "JsonWebKey2020" in desk.get(page(row))
    with cast.in_scope(world):
        dids.deactivate(did_document=row, by=world.system, now=NOW)
    shown = desk.get(page(row))
    assert "deactivated" in shown
    assert "Nobody can act for this DID" in shown


def test_finds_a_did_by_its_text_and_by_user_name(
    desk: Desk, world: cast.World, bob: cast.Member, row: DidDocument
) -> None:
    other = key_did(world, world.member("dan"))
    for term in (row.did, f" {row.did} ", "BOB"):
        shown = desk.get(LIST, q=term)
        assert row.did in shown
        assert other.did not in shown
    assert row.did not in desk.get(LIST, q=row.did[:-1])
    assert row.did not in desk.get(LIST, method="key")


def test_a_hostile_document_is_text(desk: Desk, world: cast.World, bob: cast.Member) -> None:
    service = {"id": "#s", "serviceEndpoint": f"{HOSTILE}\u202egnp.exe"}
    document = {**VECTORS["did_document"], "service": [service]}
    custom = {"custom_document": document, "custom_keys": VECTORS["did_keys"]}
    shown = desk.get(page(ledger_did(world, bob, **custom)))
    assert "gnp.exe" in shown
    assert HOSTILE not in shown
    assert "\u202e" not in shown


def test_the_users_page_counts_them(desk: Desk, bob: cast.Member, row: DidDocument) -> None:
    shown = desk.get(f"accounts/user/{bob.user.pk}/change/")
    assert '/admin/accounts/diddocument/?q=bob%40example.test">1</a>' in shown
    assert row.did in desk.get(LIST, q="bob@example.test")
