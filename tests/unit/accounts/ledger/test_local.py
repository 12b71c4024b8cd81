"""The ledger in the database: its order, its hash, its walls between scopes."""

import hashlib
from datetime import UTC, datetime

import pytest

from accounts.ledger import LocalSigner, Refused, running_hash
from accounts.ledger.local import LocalLedger
from accounts.ledger.signed import SIGNED
from accounts.models import LedgerMessage, LedgerTopic, LocalLedgerHead, StoredContent
from accounts.models.local_ledger import SUPPLY
from identity.crypto import ed25519
from identity.models import Scope
from identity.scoping import current
from tests.unit.accounts.ledger.test_contract import account, submit, topic

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_time_rises_when_the_clock_does_not(acme: Scope, alice: LocalSigner) -> None:
    times = iter([5_000_000_000, 5_000_000_000, 4_000_000_000, 7_000_000_001])
    ledger = LocalLedger(acme.id, clock=lambda: next(times))
    made = topic(ledger, alice)
    for text in (b"1", b"2", b"3"):
        submit(ledger, made, text, alice)
    assert [message.timestamp for message in ledger.read_messages(topic_id=made)] == [
        "5.000000001",
        "5.000000002",
        "7.000000001",
    ]


def test_one_hash_runs_through_a_topic(acme: Scope, alice: LocalSigner) -> None:
    ledger = LocalLedger(acme.id, clock=lambda: 1_700_000_000_000_000_007)
    made = topic(ledger, alice)
    submit(ledger, made, b"one", alice)
    submit(ledger, made, b"two", alice)
    number = int(made.rpartition(".")[2])
    before = bytes(48)
    for sequence, message in enumerate(ledger.read_messages(topic_id=made), start=1):
        seconds, _, nanoseconds = message.timestamp.partition(".")
        # The recipe written out: hash, version, payer, topic, seconds, nanoseconds, sequence.
        raw = before + b"".join(
            value.to_bytes(8, "big") for value in (3, 0, 0, 2, 0, 0, number, int(seconds))
        )
        raw += int(nanoseconds).to_bytes(4, "big") + sequence.to_bytes(8, "big")
        before = hashlib.sha384(raw + hashlib.sha384(message.content).digest()).digest()
        assert message.running_hash == before
    with current.in_scope(acme.id):
        assert bytes(LedgerTopic.objects.get().running_hash) == before


def test_another_message_makes_another_hash() -> None:
    said = {"payer": 2, "topic": 1001, "timestamp": 5, "sequence": 1}
    one = running_hash.after(running_hash.EMPTY, message=b"one", **said)
    assert len(one) == 48
    assert one != running_hash.after(running_hash.EMPTY, message=b"two", **said)
    for name, value in said.items():
        other = said | {name: value + 1}
        assert running_hash.after(running_hash.EMPTY, message=b"one", **other) != one


def test_keeps_the_signature_under_which_a_message_came(acme: Scope, alice: LocalSigner) -> None:
    ledger = LocalLedger(acme.id)
    signed: list[bytes] = []

    class Listening:
        public_key = alice.public_key

        def sign(self, message: bytes) -> bytes:
            signed.append(message)
            return alice.sign(message)

    made = topic(ledger, alice)
    once = ledger.begin()
    for _ in range(2):
        ledger.submit_message(transaction_id=once, topic_id=made, message=b"x", signer=Listening())
    (asked,) = signed  # a repeat asks nobody to sign again
    assert asked.startswith(SIGNED)
    with current.in_scope(acme.id):
        kept = bytes(LedgerMessage.objects.get().signature)
    ed25519.verify(ed25519.parse_public(alice.public_key), kept, asked)


def test_scopes_have_ledgers_of_their_own(acme: Scope, other: Scope, alice: LocalSigner) -> None:
    ours, theirs = LocalLedger(acme.id), LocalLedger(other.id)
    made = topic(ours, alice)
    submit(ours, made, b"ours", alice)
    name = ours.put(b"ours")
    with pytest.raises(Refused):
        submit(theirs, made, b"theirs", alice)
    assert not theirs.read_messages(topic_id=made)
    assert theirs.account_key(account_id=account(ours, alice.public_key)) is None
    assert theirs.get(name) is None
    # The same number is another topic there.
    assert topic(theirs, alice) == made
    submit(theirs, made, b"theirs", alice)
    assert [m.content for m in ours.read_messages(topic_id=made)] == [b"ours"]


def test_a_transaction_of_another_scope_is_none_here(
    acme: Scope, other: Scope, alice: LocalSigner
) -> None:
    ours, theirs = LocalLedger(acme.id), LocalLedger(other.id)
    once = ours.begin()
    for ledger in (ours, theirs):
        ledger.create_account(transaction_id=once, public_key=alice.public_key, balance=1, memo="")
    for scope in (acme, other):
        with current.in_scope(scope.id):
            assert LocalLedgerHead.objects.get().treasury == SUPPLY - 1


def test_what_is_refused_changes_nothing(acme: Scope, alice: LocalSigner) -> None:
    ledger = LocalLedger(acme.id)
    account(ledger, alice.public_key, balance=SUPPLY)
    once = ledger.begin()
    with pytest.raises(Refused):
        ledger.create_account(transaction_id=once, public_key=alice.public_key, balance=1, memo="")
    assert account(ledger, alice.public_key) == "0.0.1002"


def test_notices_content_that_was_changed_behind_its_back(acme: Scope) -> None:
    ledger = LocalLedger(acme.id)
    name = ledger.put(b"true")
    with current.as_owner(why="a test changes what nobody may"):
        StoredContent.objects.filter(cid=name).update(content=b"false")
    with pytest.raises(Refused):
        ledger.get(name)


def test_a_signer_shows_no_secret(alice: LocalSigner) -> None:
    secret = ed25519.private_bytes(alice.key)
    for shown in (repr(alice), str(alice), f"{alice}"):
        assert secret.hex() not in shown
        assert "rivate" not in shown
