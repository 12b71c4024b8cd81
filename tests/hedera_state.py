"""What the local stand-in of the public ledger remembers, and its rules; no network in here.

A transaction is taken if its id is new and within its time, its node is the one asked, and every
signature on it verifies; the payer, a topic's admin key and a topic's submit key must have signed.
No fees, no consensus, in memory.
"""

import hashlib
import threading
import time
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hiero_sdk_python.hapi.services import (
    basic_types_pb2,
    transaction_contents_pb2,
    transaction_pb2,
    transaction_receipt_pb2,
)
from hiero_sdk_python.response_code import ResponseCode as Code

SECOND = 10**9
LARGEST_MESSAGE = 1024
OPERATOR, NODE, EVERYBODYS = 2, 3, 4
# Names that the mirror gives to kinds of transactions.
MIRROR_NAMES = {
    "cryptoCreateAccount": "CRYPTOCREATEACCOUNT",
    "consensusCreateTopic": "CONSENSUSCREATETOPIC",
    "consensusSubmitMessage": "CONSENSUSSUBMITMESSAGE",
}


class Reject(Exception):
    """The node refuses to take the transaction."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


class Fail(Reject):
    """The transaction was taken, and its receipt is not SUCCESS."""


def id_of(named: Any) -> tuple[int, int, int]:
    start = named.transactionValidStart
    return named.accountID.accountNum, start.seconds, start.nanos


class State:
    """Accounts, topics, receipts.

    Tests set `fail_next` (statuses that the next transactions get at consensus), `reject_next` (at
    the node) and `ahead` (nanoseconds that the ledger's clock is ahead of the machine's), and call
    `forget_receipts` for what nodes do after three minutes.
    """

    def __init__(self, operator_key: bytes) -> None:
        self.lock = threading.RLock()
        self.accounts: dict[int, dict[str, Any]] = {}
        self.topics: dict[int, dict[str, Any]] = {}
        self.receipts: dict[tuple[int, int, int], Any] = {}
        self.taken: dict[tuple[int, int, int], dict[str, Any]] = {}
        self.next_number = 1001
        self.last = 0
        self.ahead = 0
        self.fail_next: list[Code] = []
        self.reject_next: list[Code] = []
        self.submissions = 0
        key = basic_types_pb2.Key(ed25519=operator_key)
        supply = 50_000_000_000 * 10**8
        self.accounts[OPERATOR] = {"key": key, "balance": supply, "memo": ""}
        # To which everybody writes.
        self.topics[EVERYBODYS] = self._new_topic("everybody's", None, None)

    def now(self) -> int:
        return time.time_ns() + self.ahead

    def effects(self) -> int:
        """How much there is besides the operator's account and everybody's topic."""
        messages = sum(len(one["messages"]) for one in self.topics.values())
        return len(self.accounts) + len(self.topics) - 2 + messages

    def forget_receipts(self) -> None:
        self.receipts.clear()

    def submit(self, transaction: Any, expected_kind: str) -> None:
        with self.lock:
            self.submissions += 1
            signed = transaction_contents_pb2.SignedTransaction.FromString(
                transaction.signedTransactionBytes
            )
            body = transaction_pb2.TransactionBody.FromString(signed.bodyBytes)
            self._check(body, expected_kind)
            signers = _signers(signed)
            if self.accounts[OPERATOR]["key"].ed25519 not in signers:
                raise Reject(Code.INVALID_SIGNATURE)
            self._decide(body, expected_kind, signers)

    def _check(self, body: Any, expected_kind: str) -> None:
        if self.reject_next:
            raise Reject(self.reject_next.pop(0))
        if body.WhichOneof("data") != expected_kind:
            raise Reject(Code.INVALID_TRANSACTION_BODY)
        if body.nodeAccountID.accountNum != NODE:
            raise Reject(Code.INVALID_NODE_ACCOUNT)
        payer, seconds, nanoseconds = named = id_of(body.transactionID)
        start = seconds * SECOND + nanoseconds
        if start > self.now():
            raise Reject(Code.INVALID_TRANSACTION_START)
        if self.now() > start + body.transactionValidDuration.seconds * SECOND:
            raise Reject(Code.TRANSACTION_EXPIRED)
        if named in self.taken:
            raise Reject(Code.DUPLICATE_TRANSACTION)
        if payer != OPERATOR:
            raise Reject(Code.PAYER_ACCOUNT_NOT_FOUND)

    def _decide(self, body: Any, kind: str, signers: set[bytes]) -> None:
        named, at = id_of(body.transactionID), max(self.now(), self.last + 1)
        self.last = at
        receipt = transaction_receipt_pb2.TransactionReceipt()
        done = {"name": MIRROR_NAMES[kind], "entity": None, "at": at}
        try:
            done["entity"] = self._effect(body, signers, receipt, at)
            receipt.status = Code.SUCCESS
        except Fail as failure:
            receipt.status = failure.code
        self.receipts[named] = receipt
        self.taken[named] = {**done, "result": Code(receipt.status).name}

    def _effect(self, body: Any, signers: set[bytes], receipt: Any, at: int) -> int:
        if self.fail_next:
            raise Fail(self.fail_next.pop(0))
        kind = body.WhichOneof("data")
        if kind == "cryptoCreateAccount":
            return self._account(body.cryptoCreateAccount, receipt)
        if kind == "consensusCreateTopic":
            return self._topic(body.consensusCreateTopic, signers, receipt)
        return self._message(body.consensusSubmitMessage, signers, receipt, at)

    def _number(self) -> int:
        number, self.next_number = self.next_number, self.next_number + 1
        return number

    def _account(self, asked: Any, receipt: Any) -> int:
        operator = self.accounts[OPERATOR]
        if operator["balance"] < asked.initialBalance:
            raise Fail(Code.INSUFFICIENT_PAYER_BALANCE)
        operator["balance"] -= asked.initialBalance
        number = self._number()
        self.accounts[number] = {
            "key": asked.key,
            "balance": asked.initialBalance,
            "memo": asked.memo,
        }
        receipt.accountID.accountNum = number
        return number

    def _topic(self, asked: Any, signers: set[bytes], receipt: Any) -> int:
        if asked.adminKey.ed25519 not in signers:
            raise Fail(Code.INVALID_SIGNATURE)
        number = self._number()
        self.topics[number] = self._new_topic(asked.memo, asked.adminKey, asked.submitKey)
        receipt.topicID.topicNum = number
        return number

    @staticmethod
    def _new_topic(memo: str, admin_key: Any, submit_key: Any) -> dict[str, Any]:
        return {
            "memo": memo,
            "adminKey": admin_key,
            "submitKey": submit_key,
            "hash": bytes(48),
            "messages": [],
        }

    def _message(self, asked: Any, signers: set[bytes], receipt: Any, at: int) -> int:
        number: int = asked.topicID.topicNum
        topic = self.topics.get(number)
        if topic is None:
            raise Fail(Code.INVALID_TOPIC_ID)
        if len(asked.message) > LARGEST_MESSAGE:
            raise Fail(Code.MESSAGE_SIZE_TOO_LARGE)
        if topic["submitKey"] is not None and topic["submitKey"].ed25519 not in signers:
            raise Fail(Code.INVALID_SIGNATURE)
        sequence = len(topic["messages"]) + 1
        topic["hash"] = _hash_after(topic["hash"], number, at, sequence, asked.message)
        topic["messages"].append(
            {"at": at, "sequence": sequence, "message": asked.message, "hash": topic["hash"]}
        )
        receipt.topicSequenceNumber = sequence
        receipt.topicRunningHash = topic["hash"]
        receipt.topicRunningHashVersion = 3
        return number


def _signers(signed: Any) -> set[bytes]:
    found = set()
    for pair in signed.sigMap.sigPair:
        try:
            key = Ed25519PublicKey.from_public_bytes(pair.pubKeyPrefix)
            key.verify(pair.ed25519, signed.bodyBytes)
        except (InvalidSignature, ValueError):
            raise Reject(Code.INVALID_SIGNATURE) from None
        found.add(pair.pubKeyPrefix)
    return found


def _hash_after(before: bytes, topic: int, at: int, sequence: int, message: bytes) -> bytes:
    digest = hashlib.sha384(before)
    for number in (3, 0, 0, OPERATOR, 0, 0, topic, at // SECOND):
        digest.update(number.to_bytes(8, "big"))
    digest.update((at % SECOND).to_bytes(4, "big") + sequence.to_bytes(8, "big"))
    digest.update(hashlib.sha384(message).digest())
    return digest.digest()
