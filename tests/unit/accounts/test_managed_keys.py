"""Accounts that the server holds: one for each user, sealed, never given out."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts import errors
from accounts.models import KeySignature, ManagedKey, User
from accounts.queries import managed_keys as queries
from accounts.services import key_signatures, managed_keys, opened_managed_keys, users, vouched
from accounts.services.key_signatures import Request
from identity import errors as refusals
from identity import ids
from identity.actor import ActorKind
from identity.crypto import ethereum_address, evm, secp256k1
from identity.crypto.errors import SealBroken
from identity.crypto.evm import PersonalMessage
from identity.models import AuditEvent, Scope
from identity.paging import After
from identity.services import scopes
from tests import cast
from tests.account_holders import account, actor_of, signer_of
from tests.passkey_holders import passkey

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
HELLO = PersonalMessage(b"hello")


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "member")


def test_makes_one_account_of_a_user(world: cast.World, bob: cast.Member) -> None:
    made = account(world, bob)
    assert account(world, bob).id == made.id
    point = secp256k1.parse_public(bytes(made.public_key))
    assert len(point.point) == 33
    assert made.address == ethereum_address.of_key(point.uncompressed[1:])
    with cast.in_scope(world):
        events = AuditEvent.objects.filter(name="managed-key.created")
        assert [event.facts["address"] for event in events] == [made.address]
        found = queries.of_user(bob.user.id)
    assert found is not None
    assert (found.id, found.address) == (made.id, made.address)
    assert found.public_key == point.point
    assert (found.user, found.username) == (bob.user.public_id, bob.user.username)


def test_a_user_whom_a_developer_names_has_an_account(world: cast.World) -> None:
    with cast.in_scope(world):
        made = vouched.register(
            name="dave",
            display_name="Dave",
            developer_key_id=uuid4(),
            address="192.0.2.1",
            now=NOW,
        )
        assert queries.of_user(made.id) is not None


def test_a_user_with_a_first_passkey_has_an_account(world: cast.World, bob: cast.Member) -> None:
    by = actor_of(world, bob)
    with cast.in_scope(world):
        assert queries.of_user(bob.user.id) is None
        passkey(bob.user, by=by)
        first = queries.of_user(bob.user.id)
        passkey(bob.user, by=by)
        assert first is not None
        assert queries.of_user(bob.user.id) == first


def test_makes_the_account_of_who_came_before(world: cast.World, bob: cast.Member) -> None:
    by = actor_of(world, bob)
    with cast.in_scope(world):
        made = managed_keys.ensure(user_id=bob.user.id, by=by, now=NOW)
        assert managed_keys.ensure(user_id=bob.user.id, by=by, now=NOW) == made
        with pytest.raises(refusals.Missing):
            managed_keys.ensure(user_id=ids.new(), by=by, now=NOW)


def test_two_scopes_have_two_accounts(world: cast.World, bob: cast.Member) -> None:
    other = cast.world()
    assert account(world, bob).address != account(other, other.member("bob")).address


def test_signs_and_leaves_the_digest(world: cast.World, bob: cast.Member) -> None:
    made, by = account(world, bob), actor_of(world, bob)
    asked, key_of_developer = Request(HELLO), ids.new()
    with cast.in_scope(world):
        key = key_signatures.usable(by=by, now=NOW)
        signed = key_signatures.sign(asked, key=key, by=by, now=NOW)
        assert signer_of(signed) == bytes(made.public_key)
        row = KeySignature.objects.get()
        event = AuditEvent.objects.get(name="managed-key.signed")
        vouched_for = Request(HELLO, vouched_by=key_of_developer)
        key_signatures.sign(vouched_for, key=key, by=by, now=NOW)
        second = KeySignature.objects.get(id=vouched_for.id)
    assert (row.id, row.key_id, row.kind) == (asked.id, made.id, "personal_message")
    assert row.digest == HELLO.digest.hex() == event.facts["digest"]
    assert (row.outcome, row.session_id, row.proposal_id) == ("signed", by.session_id, None)
    assert row.sealed_result is None
    assert event.actor["session"] == str(by.session_id)
    assert second.vouched_by == key_of_developer


def test_the_secret_is_sealed_for_its_row_alone(world: cast.World, bob: cast.Member) -> None:
    made = account(world, bob)
    sealed = bytes(made.sealed_secret)
    opened_managed_keys.forget_all()
    key = opened_managed_keys.get(made.id, sealed)
    assert key.public.point == bytes(made.public_key)
    assert key.key.secret not in sealed
    with pytest.raises(SealBroken):
        opened_managed_keys.get(ids.new(), sealed)
    for shown in (repr(key), repr(made), str(made)):
        assert key.key.to_hex() not in shown


def test_nothing_shows_the_secret(world: cast.World, bob: cast.Member) -> None:
    made, by = account(world, bob), actor_of(world, bob)
    with cast.in_scope(world):
        usable = key_signatures.usable(by=by, now=NOW)
        shown = [
            repr(usable),
            repr(queries.of_user(bob.user.id)),
        ]
        shown += [str(event.facts) for event in AuditEvent.objects.all()]
    secret = opened_managed_keys.get(made.id, bytes(made.sealed_secret)).key.to_hex()
    sealed = bytes(made.sealed_secret).hex()
    assert not [text for text in shown if secret in text or sealed in text]
    names = {field.name for field in dataclasses.fields(queries.ManagedKeyFacts)}
    assert not {name for name in names if "secret" in name or "sealed" in name}


@pytest.mark.parametrize("kind", sorted(set(ActorKind) - key_signatures.OWN))
def test_only_the_user_signs(world: cast.World, bob: cast.Member, kind: ActorKind) -> None:
    account(world, bob)
    by = dataclasses.replace(actor_of(world, bob), kind=kind)
    with cast.in_scope(world), pytest.raises(refusals.Forbidden):
        key_signatures.usable(by=by, now=NOW)


def test_nobody_signs_without_an_account(world: cast.World, bob: cast.Member) -> None:
    with cast.in_scope(world), pytest.raises(refusals.Missing):
        key_signatures.usable(by=actor_of(world, bob), now=NOW)


@pytest.mark.parametrize(
    "change",
    [{"status": "disabled"}, {"status": "invited"}, {"expires_at": NOW}],
    ids=["disabled", "invited", "expired"],
)
def test_a_user_who_is_out_signs_nothing(
    world: cast.World, bob: cast.Member, change: dict[str, Any]
) -> None:
    account(world, bob)
    with cast.in_scope(world):
        User.objects.filter(id=bob.user.id).update(**change)
        with pytest.raises(errors.UserInactive):
            key_signatures.usable(by=actor_of(world, bob), now=NOW)


def test_a_disabled_user_signs_nothing(world: cast.World, bob: cast.Member) -> None:
    account(world, bob)
    with cast.in_scope(world):
        users.disable(user_id=bob.user.id, by=world.system, now=NOW)
        with pytest.raises(errors.UserInactive):
            key_signatures.usable(by=actor_of(world, bob), now=NOW)


def test_a_suspended_scope_signs_nothing(world: cast.World, bob: cast.Member) -> None:
    account(world, bob)
    scopes.suspend(by=world.system, now=NOW)
    with cast.in_scope(world):
        assert Scope.objects.get(id=world.scope.id).status == Scope.Status.SUSPENDED
        with pytest.raises(refusals.Forbidden):
            key_signatures.usable(by=actor_of(world, bob), now=NOW)


def waiting(world: cast.World, bob: cast.Member) -> tuple[Request, Any, Any]:
    account(world, bob)
    by, asked = actor_of(world, bob), Request(HELLO)
    key = key_signatures.usable(by=by, now=NOW)
    key_signatures.wait(asked, key=key, proposal_id=ids.new(), by=by, now=NOW)
    return asked, key, by


def test_what_waits_is_signed_once_and_fetched_again(world: cast.World, bob: cast.Member) -> None:
    with cast.in_scope(world):
        asked, key, by = waiting(world, bob)
        row = key_signatures.waiting_of(asked.id, key=key)
        with pytest.raises(errors.SignatureWaits):
            key_signatures.fetch(row, by=by, now=NOW)
        signed = key_signatures.sign_waiting(asked, key=key, by=by, now=NOW)
        with pytest.raises(refusals.Conflict):
            key_signatures.sign_waiting(asked, key=key, by=by, now=NOW)
        assert row.proposal_id is not None
        for named in (asked.id, row.proposal_id):
            row = key_signatures.waiting_of(named, key=key)
            assert key_signatures.fetch(row, by=by, now=NOW) == signed
        assert AuditEvent.objects.filter(name="managed-key.signed").count() == 1
        assert AuditEvent.objects.filter(name="managed-key.signature-read").count() == 2


def test_signs_nothing_else_than_what_waits(world: cast.World, bob: cast.Member) -> None:
    with cast.in_scope(world):
        asked, key, by = waiting(world, bob)
        other = Request(PersonalMessage(b"other"), id=asked.id)
        with pytest.raises(refusals.Conflict):
            key_signatures.sign_waiting(other, key=key, by=by, now=NOW)


def test_what_ended_is_never_signed(world: cast.World, bob: cast.Member) -> None:
    with cast.in_scope(world):
        asked, key, by = waiting(world, bob)
        key_signatures.end_waiting(asked.id)
        with pytest.raises(refusals.Conflict):
            key_signatures.sign_waiting(asked, key=key, by=by, now=NOW)
        with pytest.raises(errors.SignatureEnded):
            key_signatures.fetch(key_signatures.waiting_of(asked.id, key=key), by=by, now=NOW)


def test_keeps_no_signature_that_was_given_at_once(world: cast.World, bob: cast.Member) -> None:
    account(world, bob)
    by, asked = actor_of(world, bob), Request(HELLO)
    with cast.in_scope(world):
        key = key_signatures.usable(by=by, now=NOW)
        key_signatures.sign(asked, key=key, by=by, now=NOW)
        with pytest.raises(refusals.Missing):
            key_signatures.waiting_of(asked.id, key=key)


def test_the_database_holds_what_must_be(world: cast.World, bob: cast.Member) -> None:
    made = account(world, bob)
    good = {"scope_id": world.scope.id, "key_id": made.id, "kind": "transaction"}
    good |= {"digest": "00" * 32, "actor_kind": "session", "asked_at": NOW}
    for wrong in (
        {"outcome": "signed"},
        {"outcome": "pending"},
        {"outcome": "pending", "proposal_id": ids.new(), "signed_at": NOW},
        {"outcome": "ended", "proposal_id": ids.new(), "sealed_result": b"x"},
        {"outcome": "signed", "signed_at": NOW, "kind": "eth_sign"},
    ):
        with cast.in_scope(world), pytest.raises(IntegrityError), transaction.atomic():
            KeySignature.objects.create(**good | wrong)
    with cast.in_scope(world), pytest.raises(IntegrityError), transaction.atomic():
        ManagedKey.objects.create(
            scope_id=world.scope.id,
            user=bob.user,
            address="0x",
            public_key=b"",
            sealed_secret=b"",
            created_at=NOW,
        )


def test_lists_accounts_and_finds_one_by_address(world: cast.World, bob: cast.Member) -> None:
    made, other = account(world, bob), account(world, world.member("carol"))
    with cast.in_scope(world):
        listed = queries.managed_keys_window(After(limit=1))
        assert [row.id for row in listed.rows] == [other.id]
        rest = queries.managed_keys_window(After(after=listed.next or ""))
        assert [row.id for row in rest.rows] == [made.id]
        for written in (made.address, made.address.lower(), f" {made.address} "):
            found = queries.managed_keys_window(After(filters={"address": written}))
            assert [row.id for row in found.rows] == [made.id]
        for nobody in ("0x", "0x" + "11" * 20, made.address.swapcase()):
            assert not queries.managed_keys_window(After(filters={"address": nobody})).rows
        with pytest.raises(refusals.Invalid):
            queries.managed_keys_window(After(filters={"user": "bob"}))
        with pytest.raises(refusals.Missing):
            queries.managed_key(ids.new())
        assert queries.managed_key(made.id).address == made.address


def test_lists_what_was_signed_newest_first(world: cast.World, bob: cast.Member) -> None:
    made, by = account(world, bob), actor_of(world, bob)
    texts = [PersonalMessage(text) for text in (b"one", b"two", b"three")]
    with cast.in_scope(world):
        key = key_signatures.usable(by=by, now=NOW)
        for minute, what in enumerate(texts):
            at = NOW + timedelta(minutes=minute)
            key_signatures.sign(Request(what), key=key, by=by, now=at)
        first = queries.signatures_window(made.id, After(limit=2))
        assert [row.digest for row in first.rows] == [
            f"0x{what.digest.hex()}" for what in reversed(texts[1:])
        ]
        rest = queries.signatures_window(made.id, After(after=first.next or ""))
        assert [row.digest for row in rest.rows] == [f"0x{texts[0].digest.hex()}"]
        assert [row.digest for row in queries.signatures_of(made.id, most=1)] == [
            texts[2].digest.hex()
        ]
        with pytest.raises(refusals.Missing):
            queries.signatures_window(ids.new(), After())
        with pytest.raises(refusals.Invalid):
            queries.signatures_window(made.id, After(filters={"kind": "transaction"}))


def test_forgets_the_key_that_was_used_least(
    world: cast.World, bob: cast.Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened_managed_keys, "MOST", 1)
    opened_managed_keys.forget_all()
    made, other = account(world, bob), account(world, world.member("carol"))
    first = opened_managed_keys.get(made.id, bytes(made.sealed_secret))
    assert opened_managed_keys.get(made.id, b"") is first
    opened_managed_keys.get(other.id, bytes(other.sealed_secret))
    with pytest.raises(SealBroken):
        opened_managed_keys.get(made.id, b"")


def test_the_same_message_has_one_signature(world: cast.World, bob: cast.Member) -> None:
    made = account(world, bob)
    key = opened_managed_keys.get(made.id, bytes(made.sealed_secret))
    assert evm.sign(key, HELLO) == evm.sign(key, HELLO)
