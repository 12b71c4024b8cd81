"""Pages about managed keys: whose account it is, what it signed, what waits for approval."""

import dataclasses
from datetime import UTC, datetime

import pytest

from accounts.models import KeySignature, ManagedKey
from accounts.services import key_signatures, opened_managed_keys
from accounts.services.key_signatures import Request
from identity import ids
from identity.actor import Actor
from identity.crypto.evm import PersonalMessage, Signable, Transaction
from invitations.services import signing
from invitations.services.governance import Pending
from tests import cast
from tests.account_holders import FRIEND, PAYMENT, account, actor_of
from tests.faces.v1.test_own_account import reviewed
from tests.unit.accounts.admin.desk import HOSTILE, Desk

LIST = "accounts/managedkey/"
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
def by(world: cast.World, bob: cast.Member) -> Actor:
    return actor_of(world, bob)


@pytest.fixture
def row(world: cast.World, bob: cast.Member) -> ManagedKey:
    return account(world, bob)


def test_says_what_to_do_where_nobody_has_one(desk: Desk) -> None:
    assert "Nobody has an account yet" in desk.get(LIST)


def test_shows_an_account_and_what_it_signed(
    desk: Desk, world: cast.World, row: ManagedKey, by: Actor
) -> None:
    page = f"{LIST}{row.pk}/change/"
    assert "This account has signed nothing yet." in desk.get(page)
    what = PersonalMessage(b"hello")
    signing.sign(what=what, by=by, now=NOW)
    vouched = dataclasses.replace(by, developer_key_id=ids.new())
    signing.sign(what=Transaction.read(PAYMENT), by=vouched, now=NOW)
    shown = desk.get(page)
    for text in (row.address, "bob@example.test", f"0x{bytes(row.public_key).hex()}"):
        assert text in shown
    for text in (f"0x{what.digest.hex()}", "message", "transaction", "signed", "a session"):
        assert text in shown
    assert "a developer key" in shown
    assert "&lt;span" not in shown


def test_never_shows_the_secret(desk: Desk, row: ManagedKey) -> None:
    secret = opened_managed_keys.get(row.pk, bytes(row.sealed_secret)).key.to_hex()
    shown = desk.get(LIST) + desk.get(f"{LIST}{row.pk}/change/")
    assert secret not in shown
    assert bytes(row.sealed_secret).hex() not in shown
    assert "sealed" not in shown


def test_finds_an_account_by_its_address_and_by_user_name(
    desk: Desk, world: cast.World, row: ManagedKey
) -> None:
    other = account(world, world.member("dan"))
    for term in (row.address, row.address.lower(), row.address[2:], "BOB"):
        shown = desk.get(f"{LIST}?q={term}")
        assert row.address in shown
        assert other.address not in shown
    for nobody in (FRIEND, "0x12", "zed"):
        assert row.address not in desk.get(f"{LIST}?q={nobody}")


def test_shows_who_approves_what_they_approve(
    desk: Desk, world: cast.World, row: ManagedKey, by: Actor
) -> None:
    reviewed(world, "/managed-keys/**", "add")
    world.member("dora", "super-admin")
    hostile = PersonalMessage(f"I owe 5 ether {HOSTILE}".encode())
    expected: dict[Signable, list[str]] = {
        hostile: ["I owe 5 ether", "the message", row.address],
        Transaction.read(PAYMENT): ["1 ether (1000000000000000000 wei)", FRIEND, "0.000021 ether"],
    }
    for what, texts in expected.items():
        answer = signing.sign(what=what, by=by, now=NOW)
        assert isinstance(answer, Pending)
        shown = desk.get(f"invitations/proposal/{answer.proposal_id}/change/")
        for text in [*texts, f"0x{what.digest.hex()}"]:
            assert text in shown
        assert HOSTILE not in shown
    with cast.in_scope(world):
        waiting = KeySignature.objects.filter(outcome="pending")
        assert waiting.count() == 2
    page = desk.get(f"{LIST}{row.pk}/change/")
    assert "pending" in page
    assert ">proposal</a>" in page


def test_names_a_device_and_what_else_signed(
    desk: Desk, world: cast.World, bob: cast.Member, row: ManagedKey, by: Actor
) -> None:
    device = dataclasses.replace(by, session_id=None, device_id=bob.device.id)
    bare = dataclasses.replace(by, session_id=None)
    with cast.in_scope(world):
        for actor in (device, bare):
            key = key_signatures.usable(by=actor, now=NOW)
            key_signatures.sign(Request(PersonalMessage(b"x")), key=key, by=actor, now=NOW)
    shown = desk.get(f"{LIST}{row.pk}/change/")
    assert f"accounts/device/{bob.device.id}" in shown
    assert ">session<" in shown.replace("\n", "").replace(" ", "")
