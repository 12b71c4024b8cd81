"""The public ledger: lost answers, lapsed ids, failing receipts, a mirror that is behind."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hiero_sdk_python.account.account_id import AccountId
from hiero_sdk_python.response_code import ResponseCode as Code

from accounts.ledger import Lapsed, LocalSigner, Receipt, Refused, Unavailable, open_ledger
from accounts.ledger.hedera import ledger as hedera
from accounts.ledger.hedera import network, opening, transaction_ids
from accounts.ledger.hedera.ledger import HederaLedger
from accounts.ledger.hedera.transaction_ids import Maker
from identity.crypto import ed25519
from identity.ledger_environment import LedgerSettings
from identity.models import Scope
from tests.hedera_mirror import time_text
from tests.hedera_node import Node
from tests.hedera_state import SECOND
from tests.unit.accounts.ledger.test_contract import account, submit, topic

Write = Callable[[HederaLedger, str, LocalSigner, str], Any]


def opened(acme: Scope, node: Node, *, ahead: int = 0) -> HederaLedger:
    """As another process opens it, with a clock that is ahead."""
    opening._shared.cache_clear()
    made = opening.open_hedera(acme.id, node.settings)
    node.state.ahead = ahead
    made._clock = made._ids._clock = node.state.now
    return made


@pytest.fixture
def ledger(acme: Scope, node: Node) -> HederaLedger:
    return opened(acme, node)


def make_account(ledger: HederaLedger, once: str, alice: LocalSigner, _: str) -> str:
    return ledger.create_account(
        transaction_id=once, public_key=alice.public_key, balance=7, memo=""
    )


def make_topic(ledger: HederaLedger, once: str, alice: LocalSigner, _: str) -> str:
    return ledger.create_topic(transaction_id=once, memo="once", signer=alice)


def write_message(ledger: HederaLedger, once: str, alice: LocalSigner, made: str) -> Receipt:
    return ledger.submit_message(transaction_id=once, topic_id=made, message=b"once", signer=alice)


MESSAGE = (
    b'{"messages": [{"sequence_number": 1, "consensus_timestamp": "1.000000001",'
    b'"running_hash": "AA==", "message": "AA=="}]}'
)
every_write = pytest.mark.parametrize("write", [make_account, make_topic, write_message])


def test_opening_calls_nobody(acme: Scope, settings: Any) -> None:
    settings.LEDGER = LedgerSettings(
        kind="hedera",
        network="testnet",
        mirror="https://mirror.invalid",
        operator="0.0.2",
        operator_key="11" * 32,
    )
    opening._shared.cache_clear()
    ledger = open_ledger(acme.id)
    assert ledger.network == "testnet"
    assert ledger.begin().startswith("0.0.2@")


@every_write
def test_an_answer_that_is_lost_costs_no_second_effect(
    acme: Scope, node: Node, ledger: HederaLedger, alice: LocalSigner, write: Write
) -> None:
    made, once = topic(ledger, alice), ledger.begin()
    before = node.state.effects()
    node.lose_answers = 1
    with pytest.raises(Unavailable):
        write(ledger, once, alice, made)
    assert node.state.effects() == before + 1
    answer = write(opened(acme, node), once, alice, made)
    assert write(ledger, once, alice, made) == answer
    assert node.state.effects() == before + 1


@every_write
def test_a_network_that_was_away_is_used_again(
    node: Node, ledger: HederaLedger, alice: LocalSigner, write: Write
) -> None:
    made, once = topic(ledger, alice), ledger.begin()
    before = node.state.effects()
    node.stop()
    for _ in range(3):
        with pytest.raises(Unavailable):
            write(ledger, once, alice, made)
    node.start()
    write(ledger, once, alice, made)
    assert node.state.effects() == before + 1


@every_write
def test_long_afterwards_the_mirror_tells_the_answer(
    acme: Scope, node: Node, ledger: HederaLedger, alice: LocalSigner, write: Write
) -> None:
    made, once = topic(ledger, alice), ledger.begin()
    answer, before = write(ledger, once, alice, made), node.state.effects()
    node.state.forget_receipts()
    later = opened(acme, node, ahead=3600 * SECOND)
    sent = node.state.submissions
    assert write(later, once, alice, made) == answer
    assert node.state.effects() == before
    assert node.state.submissions == sent


@every_write
def test_an_id_that_was_never_used_lapses_when_the_mirror_has_read_past_it(
    acme: Scope, node: Node, ledger: HederaLedger, alice: LocalSigner, write: Write
) -> None:
    made, once = topic(ledger, alice), ledger.begin()
    before = node.state.effects()
    later = opened(acme, node, ahead=200 * SECOND)
    node.mirror.behind = 60 * SECOND
    with pytest.raises(Unavailable):
        write(later, once, alice, made)
    node.mirror.behind = 5 * SECOND
    with pytest.raises(Lapsed):
        write(later, once, alice, made)
    assert node.state.effects() == before
    node.mirror.behind = 0
    write(later, later.begin(), alice, made)
    assert node.state.effects() == before + 1


def test_an_id_that_lapses_at_the_node_is_looked_up(
    node: Node, ledger: HederaLedger, alice: LocalSigner
) -> None:
    once = ledger.begin()
    # Only the ledger's clock is ahead: we still think that there is time.
    node.state.ahead = 200 * SECOND
    with pytest.raises(Lapsed):
        make_account(ledger, once, alice, "")


@every_write
def test_an_id_of_something_else_gives_nobody_elses_things(
    acme: Scope,
    node: Node,
    ledger: HederaLedger,
    alice: LocalSigner,
    mallory: LocalSigner,
    write: Write,
) -> None:
    """Two processes that begin the same nanosecond."""
    mine, other = topic(ledger, alice), topic(ledger, mallory)
    once = ledger.begin()
    write(ledger, once, alice, mine)
    with pytest.raises(Refused):
        if write is make_topic:
            ledger.create_topic(transaction_id=once, memo="other", signer=alice)
        elif write is make_account:
            make_account(ledger, once, mallory, "")
        else:
            ledger.submit_message(
                transaction_id=once, topic_id=other, message=b"other", signer=mallory
            )


def test_a_payer_of_another_ledger_is_none_here(ledger: HederaLedger, alice: LocalSigner) -> None:
    for foreign in ("0.0.3@1700000000.000000001", "0.0.2@1", "0.0.2-1-1", "0.0.2@1.1?scheduled"):
        with pytest.raises(Refused):
            make_account(ledger, foreign, alice, "")


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (Code.INSUFFICIENT_PAYER_BALANCE, Refused),
        (Code.INVALID_SIGNATURE, Refused),
        (Code.FAIL_INVALID, Refused),
        (Code.THROTTLED_AT_CONSENSUS, Lapsed),
        (Code.TRANSACTION_EXPIRED, Lapsed),
    ],
)
def test_a_receipt_that_fails_is_told(
    acme: Scope,
    node: Node,
    ledger: HederaLedger,
    alice: LocalSigner,
    status: Code,
    refusal: type[Exception],
) -> None:
    once = ledger.begin()
    node.state.fail_next = [status]
    with pytest.raises(refusal, match=status.name):
        make_account(ledger, once, alice, "")
    # The id is used up, and the answer stays the same, also when only the mirror knows it.
    with pytest.raises(refusal, match=status.name):
        make_account(ledger, once, alice, "")
    node.state.forget_receipts()
    with pytest.raises(refusal, match=status.name):
        make_account(opened(acme, node, ahead=3600 * SECOND), once, alice, "")
    assert node.state.effects() == 0


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (Code.INVALID_TRANSACTION_START, Unavailable),
        (Code.INVALID_SIGNATURE, Refused),
        (Code.INSUFFICIENT_TX_FEE, Refused),
    ],
)
def test_what_a_node_does_not_take_has_no_effect(
    node: Node, ledger: HederaLedger, alice: LocalSigner, status: Code, refusal: type[Exception]
) -> None:
    once = ledger.begin()
    node.state.reject_next = [status]
    with pytest.raises(refusal, match=status.name):
        make_account(ledger, once, alice, "")
    make_account(ledger, once, alice, "")
    assert node.state.effects() == 1


def test_a_node_that_refuses_a_repeat_does_not_hide_the_effect(
    node: Node, ledger: HederaLedger, alice: LocalSigner
) -> None:
    once = ledger.begin()
    made = make_account(ledger, once, alice, "")
    # As when the first call spent what there was.
    node.state.reject_next = [Code.INSUFFICIENT_PAYER_BALANCE]
    assert make_account(ledger, once, alice, "") == made


def test_an_operator_with_another_key_pays_nothing(
    acme: Scope, node: Node, alice: LocalSigner
) -> None:
    given = node.settings
    wrong = LedgerSettings(
        kind="hedera",
        network=given.network,
        nodes=given.nodes,
        mirror=given.mirror,
        operator=given.operator,
        operator_key="22" * 32,
    )
    ledger = opening.open_hedera(acme.id, wrong)
    with pytest.raises(Refused, match="INVALID_SIGNATURE"):
        account(ledger, alice.public_key)


@pytest.mark.parametrize("key", ["", "00", "30" * 40, "ff" * 160])
def test_an_operators_key_that_is_none_is_not_quoted(acme: Scope, node: Node, key: str) -> None:
    given = node.settings
    wrong = LedgerSettings(kind="hedera", operator="0.0.2", operator_key=key, nodes=given.nodes)
    with pytest.raises(Refused) as refusal:
        opening.open_hedera(acme.id, wrong)
    assert not key or key not in f"{refusal.value!r}{refusal.value.__context__!r}"


def test_a_message_waits_for_the_mirror(
    node: Node, ledger: HederaLedger, alice: LocalSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hedera, "MIRROR_PAUSE", 0.001)
    made, once = topic(ledger, alice), ledger.begin()
    node.mirror.behind = 30 * SECOND
    with pytest.raises(Unavailable):
        write_message(ledger, once, alice, made)
    node.mirror.behind = 0
    receipt = write_message(ledger, once, alice, made)
    (row,) = node.state.topics[int(made.rpartition(".")[2])]["messages"]
    assert receipt == Receipt(1, time_text(row["at"]), row["hash"])


def test_the_balance_of_a_new_account_comes_from_a_node(
    node: Node, ledger: HederaLedger, alice: LocalSigner
) -> None:
    made = account(ledger, alice.public_key, balance=5)
    node.mirror.answer = (404, b"{}")
    assert ledger.balance(account_id=made) == 5
    with pytest.raises(Refused):
        ledger.balance(account_id="0.0.999999")


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}"),
        (302, b""),
        (200, b""),
        (200, b"[]"),
        (200, b'"'),
        (200, b'{"messages": {}}'),
        (200, b'{"messages": [1]}'),
        (200, b'{"messages": [{"sequence_number": "1"}]}'),
        (200, MESSAGE.replace(b"AA==", b"*")),
        (200, MESSAGE.replace(b"1.000000001", b"soon")),
        (200, b" " * (2 * 1024 * 1024 + 1)),
    ],
)
def test_a_mirror_that_talks_nonsense_is_not_believed(
    node: Node, ledger: HederaLedger, answer: tuple[int, bytes]
) -> None:
    node.mirror.answer = (200, MESSAGE)
    assert len(ledger.read_messages(topic_id="0.0.1001")) == 1
    node.mirror.answer = answer
    with pytest.raises(Unavailable):
        ledger.read_messages(topic_id="0.0.1001")


def test_a_mirror_without_blocks_lets_nothing_lapse(
    acme: Scope, node: Node, ledger: HederaLedger, alice: LocalSigner
) -> None:
    once = ledger.begin()
    later = opened(acme, node, ahead=3600 * SECOND)
    for body in (b"{}", b'{"blocks": []}', b'{"blocks": [{"timestamp": null}]}'):
        node.mirror.answer = (200, body)
        with pytest.raises(Unavailable):
            make_account(later, once, alice, "")


def test_the_key_of_an_account_of_another_kind_is_none(node: Node, ledger: HederaLedger) -> None:
    from hiero_sdk_python.hapi.services import basic_types_pb2

    secp256k1 = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    for number, key in enumerate(
        (
            basic_types_pb2.Key(ECDSA_secp256k1=secp256k1),
            basic_types_pb2.Key(
                keyList=basic_types_pb2.KeyList(keys=[basic_types_pb2.Key(ed25519=b"k" * 32)])
            ),
        ),
        start=2000,
    ):
        node.state.accounts[number] = {"key": key, "balance": 0, "memo": ""}
        assert ledger.account_key(account_id=f"0.0.{number}") is None


def test_nothing_shows_the_operators_key(
    acme: Scope,
    node: Node,
    ledger: HederaLedger,
    alice: LocalSigner,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = node.settings.operator_key
    made = topic(ledger, alice)
    submit(ledger, made, b"x", alice)
    node.stop()
    with pytest.raises(Unavailable) as refusal:
        submit(ledger, made, b"x", alice)
    node.start()
    printed = capsys.readouterr()
    shown = [repr(node.settings), repr(ledger), repr(refusal.value), caplog.text]
    shown += [printed.out, printed.err, repr(vars(ledger)), repr(refusal.value.__cause__)]
    assert not [text for text in shown if secret in text]
    assert ed25519.private_bytes(alice.key).hex() not in "".join(shown)


def test_a_remote_signer_signs_the_same_bytes_once(
    node: Node, ledger: HederaLedger, alice: LocalSigner
) -> None:
    signed: list[bytes] = []

    class Far:
        public_key = alice.public_key

        def sign(self, message: bytes) -> bytes:
            signed.append(message)
            return alice.sign(message)

    once = ledger.begin()
    for _ in range(2):
        ledger.create_topic(transaction_id=once, memo="", signer=Far())
    assert len(signed) == 2
    assert signed[0] == signed[1]


def test_a_remote_signer_is_asked_for_one_node_and_a_near_one_for_three(alice: LocalSigner) -> None:
    class Far:
        public_key = alice.public_key
        sign = alice.sign

    accounts = [AccountId(0, 0, number) for number in range(3, 30)]
    chosen = set()
    for number in range(200):
        once = f"0.0.2@1.{number:09d}"
        near = network.some_nodes(accounts, transaction_id=once, signer=alice)
        assert len({str(each) for each in near}) == 3
        far = network.some_nodes(accounts, transaction_id=once, signer=Far())
        again = network.some_nodes(accounts[::-1], transaction_id=once, signer=Far())
        assert len(far) == 1
        assert far == again
        chosen.add(str(far[0]))
    assert len(chosen) > 20


def test_what_a_remote_signer_declines_never_leaves(
    node: Node, ledger: HederaLedger, alice: LocalSigner
) -> None:
    class Declining:
        public_key = alice.public_key

        def sign(self, message: bytes) -> bytes:
            raise Refused("no")

    with pytest.raises(Refused):
        ledger.create_topic(transaction_id=ledger.begin(), memo="", signer=Declining())
    assert node.state.submissions == 0


def test_ids_of_a_process_differ_when_the_clock_stands_still() -> None:
    maker = Maker("0.0.2", lambda: 1_700_000_000 * SECOND)
    made = [maker.make() for _ in range(5000)]
    assert len(set(made)) == 5000
    when = transaction_ids.parse(made[0], expected_payer="0.0.2")
    assert 0 <= when.start - 1_699_999_992 * SECOND < 1000
    assert when.end - when.start == 180 * SECOND
    assert transaction_ids.for_mirror("0.0.2@17.000000001") == "0.0.2-17-000000001"


def test_calls_of_one_transaction_at_the_same_time_have_one_effect(
    node: Node, ledger: HederaLedger, alice: LocalSigner
) -> None:
    once = ledger.begin()

    def create(_: int) -> str:
        return ledger.create_account(
            transaction_id=once, public_key=alice.public_key, balance=1, memo=""
        )

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(create, range(16)))) == 1
    assert node.state.effects() == 1
