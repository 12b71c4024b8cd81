"""What every ledger keeps of its interface."""

import hashlib
import re
from dataclasses import dataclass

import pytest

from accounts.ledger import Ledger, LocalSigner, Refused, bounds

HBAR = 10**8
ENTITY = re.compile(r"0\.0\.[1-9][0-9]+")
TIME = re.compile(r"[1-9][0-9]{9}\.[0-9]{9}")


@dataclass(frozen=True)
class Liar:
    """Says that it holds a key, and signs with another."""

    public_key: bytes
    other: LocalSigner

    def sign(self, message: bytes) -> bytes:
        return self.other.sign(message)


def account(ledger: Ledger, key: bytes, *, balance: int = 0, memo: str = "") -> str:
    return ledger.create_account(
        transaction_id=ledger.begin(), public_key=key, balance=balance, memo=memo
    )


def topic(ledger: Ledger, signer: LocalSigner, memo: str = "news") -> str:
    return ledger.create_topic(transaction_id=ledger.begin(), memo=memo, signer=signer)


def submit(ledger: Ledger, topic_id: str, message: bytes, signer: LocalSigner) -> int:
    return ledger.submit_message(
        transaction_id=ledger.begin(), topic_id=topic_id, message=message, signer=signer
    ).sequence


def test_makes_an_account_of_a_key(ledger: Ledger, alice: LocalSigner) -> None:
    made = account(ledger, alice.public_key, balance=100 * HBAR, memo="alice")
    assert ENTITY.fullmatch(made)
    assert ledger.account_key(account_id=made) == alice.public_key
    assert ledger.balance(account_id=made) == 100 * HBAR
    assert account(ledger, alice.public_key) != made


@pytest.mark.parametrize(
    "name", ["0.0.999999", "0.0.0", "", "0.0.x", "1.2.3", "0.0.01001", "٣.0.1"]
)
def test_knows_no_account_that_is_not_there(ledger: Ledger, name: str) -> None:
    assert ledger.account_key(account_id=name) is None
    with pytest.raises(Refused):
        ledger.balance(account_id=name)


def test_gives_messages_their_places(ledger: Ledger, alice: LocalSigner) -> None:
    made, other = topic(ledger, alice), topic(ledger, alice)
    texts = [f"message {number}".encode() for number in range(1, 4)]
    receipts = [
        ledger.submit_message(
            transaction_id=ledger.begin(), topic_id=made, message=text, signer=alice
        )
        for text in texts
    ]
    assert submit(ledger, other, b"elsewhere", alice) == 1
    assert [receipt.sequence for receipt in receipts] == [1, 2, 3]
    assert all(TIME.fullmatch(receipt.timestamp) for receipt in receipts)
    assert sorted({receipt.timestamp for receipt in receipts}) == [
        receipt.timestamp for receipt in receipts
    ]
    assert len({receipt.running_hash for receipt in receipts}) == 3
    read = ledger.read_messages(topic_id=made)
    assert [message.content for message in read] == texts
    assert [(m.sequence, m.timestamp, m.running_hash) for m in read] == [
        (r.sequence, r.timestamp, r.running_hash) for r in receipts
    ]


def test_reads_a_topic_in_pages(ledger: Ledger, alice: LocalSigner) -> None:
    made = topic(ledger, alice)
    for number in range(5):
        submit(ledger, made, str(number).encode(), alice)

    def page(**window: int) -> list[int]:
        return [message.sequence for message in ledger.read_messages(topic_id=made, **window)]

    assert page(limit=2) == [1, 2]
    assert page(after=2, limit=2) == [3, 4]
    assert page(after=4) == [5]
    assert page(after=5) == []
    assert page(limit=10**6) == [1, 2, 3, 4, 5]
    assert not ledger.read_messages(topic_id="0.0.999999")
    assert not ledger.read_messages(topic_id="no topic")


def test_the_same_transaction_makes_one_account(ledger: Ledger, alice: LocalSigner) -> None:
    once = ledger.begin()
    made = {
        ledger.create_account(
            transaction_id=once, public_key=alice.public_key, balance=HBAR, memo=""
        )
        for _ in range(3)
    }
    assert len(made) == 1


def test_the_same_transaction_makes_one_topic(ledger: Ledger, alice: LocalSigner) -> None:
    once = ledger.begin()
    made = {ledger.create_topic(transaction_id=once, memo="x", signer=alice) for _ in range(3)}
    assert len(made) == 1


def test_the_same_transaction_appends_once(ledger: Ledger, alice: LocalSigner) -> None:
    made, once = topic(ledger, alice), ledger.begin()
    first = ledger.submit_message(
        transaction_id=once, topic_id=made, message=b"first", signer=alice
    )
    submit(ledger, made, b"second", alice)
    again = ledger.submit_message(
        transaction_id=once, topic_id=made, message=b"first", signer=alice
    )
    assert again == first
    assert [m.content for m in ledger.read_messages(topic_id=made)] == [b"first", b"second"]


def test_a_transaction_is_good_for_one_call(ledger: Ledger, alice: LocalSigner) -> None:
    once = ledger.begin()
    made = ledger.create_topic(transaction_id=once, memo="", signer=alice)
    with pytest.raises(Refused):
        ledger.create_account(transaction_id=once, public_key=alice.public_key, balance=0, memo="")
    with pytest.raises(Refused):
        ledger.submit_message(transaction_id=once, topic_id=made, message=b"x", signer=alice)
    assert not ledger.read_messages(topic_id=made)


def test_every_transaction_has_an_id_of_its_own(ledger: Ledger) -> None:
    begun = [ledger.begin() for _ in range(500)]
    assert len(set(begun)) == 500
    for one in begun:
        bounds.check_transaction_id(one)


def test_only_the_submit_key_writes(
    ledger: Ledger, alice: LocalSigner, mallory: LocalSigner
) -> None:
    made = topic(ledger, alice)
    for signer in (mallory, Liar(alice.public_key, mallory)):
        with pytest.raises(Refused):
            ledger.submit_message(
                transaction_id=ledger.begin(), topic_id=made, message=b"x", signer=signer
            )
    assert not ledger.read_messages(topic_id=made)
    assert submit(ledger, made, b"mine", alice) == 1


def test_nobody_makes_a_topic_of_another_key(
    ledger: Ledger, alice: LocalSigner, mallory: LocalSigner
) -> None:
    liar = Liar(alice.public_key, mallory)
    with pytest.raises(Refused):
        ledger.create_topic(transaction_id=ledger.begin(), memo="", signer=liar)


@pytest.mark.parametrize("name", ["0.0.999999", "", "0.0.-1", "0.0.1\n", "0.0." + "9" * 40])
def test_writes_to_no_topic_that_is_not_there(
    ledger: Ledger, alice: LocalSigner, name: str
) -> None:
    with pytest.raises(Refused):
        submit(ledger, name, b"x", alice)


@pytest.mark.parametrize("message", [b"", b"x" * 1025, b"x" * 10**7])
def test_takes_no_message_out_of_bounds(ledger: Ledger, alice: LocalSigner, message: bytes) -> None:
    made = topic(ledger, alice)
    with pytest.raises(Refused):
        submit(ledger, made, message, alice)


def test_takes_messages_and_memos_of_any_bytes_within_bounds(
    ledger: Ledger, alice: LocalSigner
) -> None:
    made = topic(ledger, alice, memo="é" * 50)
    largest = hashlib.shake_256(b"any").digest(1024)
    submit(ledger, made, largest, alice)
    submit(ledger, made, b"\x00", alice)
    assert [m.content for m in ledger.read_messages(topic_id=made)] == [largest, b"\x00"]


@pytest.mark.parametrize("memo", ["x" * 101, "é" * 51, "a\0b", "\ud800"])
def test_takes_no_memo_out_of_bounds(ledger: Ledger, alice: LocalSigner, memo: str) -> None:
    with pytest.raises(Refused):
        topic(ledger, alice, memo=memo)
    with pytest.raises(Refused):
        account(ledger, alice.public_key, memo=memo)


@pytest.mark.parametrize("balance", [-1, bounds.SUPPLY + 1, 2**63, 2**64, 10**30])
def test_takes_no_balance_out_of_bounds(ledger: Ledger, alice: LocalSigner, balance: int) -> None:
    with pytest.raises(Refused):
        account(ledger, alice.public_key, balance=balance)


@pytest.mark.parametrize(
    "key", [b"", bytes(32), b"\x01" + bytes(31), b"k" * 31, b"k" * 33, b"\xff" * 32]
)
def test_takes_no_key_that_nobody_or_everybody_holds(ledger: Ledger, key: bytes) -> None:
    with pytest.raises(Refused):
        account(ledger, key)


@pytest.mark.parametrize("transaction_id", ["", "x" * 97, "a b", "x\n", "'; --"])
def test_takes_no_transaction_that_it_did_not_begin(
    ledger: Ledger, alice: LocalSigner, transaction_id: str
) -> None:
    with pytest.raises(Refused):
        ledger.create_topic(transaction_id=transaction_id, memo="", signer=alice)


def test_nobody_gives_more_than_there_is(ledger: Ledger, alice: LocalSigner) -> None:
    account(ledger, alice.public_key, balance=bounds.SUPPLY - 10**17)
    with pytest.raises(Refused):
        account(ledger, alice.public_key, balance=10**17 + 1)


def test_stores_content_under_what_it_is(ledger: Ledger) -> None:
    name = ledger.put(b"hello world")
    # 01 55 12 20 and the SHA-256 of these bytes, in base32.
    assert name == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert ledger.put(b"hello world") == name
    assert ledger.get(name) == b"hello world"
    assert ledger.get(ledger.put(b"")) == b""
    with pytest.raises(Refused):
        ledger.put(bytes(1024 * 1024 + 1))


@pytest.mark.parametrize("name", ["", "bafkrei", "../etc/passwd", "Qm" + "a" * 44, "b" + "a" * 58])
def test_has_no_content_under_another_name(ledger: Ledger, name: str) -> None:
    assert ledger.get(name) is None
