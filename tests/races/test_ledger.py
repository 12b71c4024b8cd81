"""A transaction takes effect once and messages have one order, however many write."""

import pytest

from accounts.ledger import LocalSigner, open_ledger
from accounts.models import LedgerMessage, LocalLedgerAccount, LocalLedgerHead
from accounts.models.local_ledger import SUPPLY
from identity.crypto import ed25519
from tests import cast
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50


def test_fifty_calls_of_one_transaction_make_one_account() -> None:
    world, key = cast.world(), ed25519.generate().public.raw
    ledger = open_ledger(world.scope.id)
    once = ledger.begin()

    def create(_: int) -> str:
        return ledger.create_account(transaction_id=once, public_key=key, balance=10, memo="")

    # The ledger has no row yet: all of them find that out at the same time.
    assert together.run(create, count=THREADS) == ["0.0.1001"] * THREADS
    with cast.in_scope(world):
        assert LocalLedgerAccount.objects.count() == 1
        assert LocalLedgerHead.objects.get().treasury == SUPPLY - 10


def test_fifty_messages_have_one_order_and_none_is_lost() -> None:
    world, alice = cast.world(), LocalSigner(ed25519.generate())
    ledger = open_ledger(world.scope.id)
    topic = ledger.create_topic(transaction_id=ledger.begin(), memo="", signer=alice)
    begun = [ledger.begin() for _ in range(THREADS // 2)]

    def submit(number: int) -> tuple[int, str]:
        # Each message is sent by two at once.
        receipt = ledger.submit_message(
            transaction_id=begun[number // 2],
            topic_id=topic,
            message=f"message {number // 2}".encode(),
            signer=alice,
        )
        return receipt.sequence, receipt.timestamp

    ends = together.run(submit, count=THREADS)
    assert ends[::2] == ends[1::2]
    assert sorted(sequence for sequence, _ in ends[::2]) == list(range(1, THREADS // 2 + 1))
    messages = ledger.read_messages(topic_id=topic)
    assert [(m.sequence, m.timestamp) for m in messages] == sorted(ends[::2])
    assert len({m.timestamp for m in messages}) == len({m.running_hash for m in messages}) == 25
    assert {m.content for m in messages} == {f"message {n}".encode() for n in range(25)}
    with cast.in_scope(world):
        assert LedgerMessage.objects.count() == 25


def test_fifty_calls_store_content_once() -> None:
    world = cast.world()
    ledger = open_ledger(world.scope.id)
    assert len(set(together.run(lambda _: ledger.put(b"same"), count=THREADS))) == 1
