"""Talks to the nodes of the network, and turns what can go wrong there into our refusals."""

import hashlib
import secrets
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import grpc
from cryptography.hazmat.primitives.asymmetric import ed25519
from hiero_sdk_python.account.account_id import AccountId
from hiero_sdk_python.client.client import Client
from hiero_sdk_python.client.network import Network as SdkNetwork
from hiero_sdk_python.crypto.private_key import PrivateKey
from hiero_sdk_python.crypto.public_key import PublicKey
from hiero_sdk_python.exceptions import MaxAttemptsError, PrecheckError
from hiero_sdk_python.hbar import Hbar
from hiero_sdk_python.logger.log_level import LogLevel
from hiero_sdk_python.logger.logger import Logger
from hiero_sdk_python.query.transaction_get_receipt_query import TransactionGetReceiptQuery
from hiero_sdk_python.response_code import ResponseCode
from hiero_sdk_python.transaction.transaction_id import TransactionId

from accounts.ledger.errors import Refused, Unavailable
from accounts.ledger.signing import LocalSigner, Signer
from identity.crypto import ed25519 as keys
from identity.crypto.errors import KeyInvalid, SignatureInvalid
from identity.ledger_environment import LedgerSettings

HIGHEST_FEE: Final = Hbar(10)
_ANSWERS_WITHIN: Final = 10.0
_ASKED_FOR: Final = 30.0
_NODES_OF_LOCAL_SIGNERS: Final = 3
"""Each node that may be tried needs a signature of its own."""
_RECEIPT_ATTEMPTS: Final = 10
# The node took nothing, and may take the same later.
LATER: Final = frozenset(
    {
        ResponseCode.BUSY,
        ResponseCode.PLATFORM_NOT_ACTIVE,
        ResponseCode.PLATFORM_TRANSACTION_NOT_CREATED,
        ResponseCode.INVALID_NODE_ACCOUNT,
        ResponseCode.INVALID_NODE_ACCOUNT_ID,
        ResponseCode.NODE_ACCOUNT_HAS_ZERO_BALANCE,
        # Our clock is ahead of theirs.
        ResponseCode.INVALID_TRANSACTION_START,
    }
)
# What the SDK raises when nodes do not answer, or answer with what it can't use.
_NO_ANSWER: Final = (MaxAttemptsError, RuntimeError, grpc.RpcError, OSError, ValueError)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a receipt says: a status, and what was made or written."""

    status: ResponseCode
    account_id: str
    topic_id: str
    sequence: int


class Network:
    """The nodes, and the operator who pays; one for all scopes and threads of a process.

    The SDK remembers which nodes failed for up to an hour, so its client is made anew after a call
    that nobody answered.
    """

    def __init__(self, settings: LedgerSettings) -> None:
        self._settings = settings
        self._operator_key = _private_key(settings.operator_key)
        self._client: Client | None = None
        self._lock = threading.Lock()

    def submit(
        self, transaction: Any, *, transaction_id: str, signer: Signer | None
    ) -> ResponseCode:
        """Sign a transaction and hand it to a node: OK, or why the node did not take it.

        OK means that it was taken, not that it has had an effect.
        """
        client = self._opened()
        transaction.set_transaction_id(TransactionId.from_string(transaction_id))
        accounts = client.get_node_account_ids()
        chosen = some_nodes(accounts, transaction_id=transaction_id, signer=signer)
        transaction.set_node_account_ids(chosen)
        transaction.transaction_fee = HIGHEST_FEE
        transaction.freeze_with(client)
        if signer is not None:
            transaction.sign_with(public_key(signer.public_key), _checked(signer))
        try:
            self._asked(lambda: transaction.execute(client, _ASKED_FOR, wait_for_receipt=False))
        except PrecheckError as refusal:
            return ResponseCode(refusal.status)
        return ResponseCode.OK

    def receipt(self, transaction_id: str, *, attempts: int = _RECEIPT_ATTEMPTS) -> Outcome:
        """What became of a transaction. Raises Unavailable while, or because, no node knows."""
        client = self._opened()
        named = TransactionId.from_string(transaction_id)
        query = TransactionGetReceiptQuery(named).set_max_attempts(attempts)
        try:
            found = self._asked(lambda: query.execute(client, _ASKED_FOR))
        except PrecheckError as refusal:
            raise Unavailable(f"The ledger gave no receipt: {refusal.status.name}.") from None
        return Outcome(
            status=ResponseCode(found.status),
            account_id=str(found.account_id or ""),
            topic_id=str(found.topic_id or ""),
            sequence=int(found.topic_sequence_number),
        )

    def asked(self, query: Any, unknown: Collection[ResponseCode]) -> Any:
        """The answer to a query; None if the node's answer is that there is no such thing.

        May cost the operator a little. Raises Unavailable.
        """
        client = self._opened()
        try:
            return self._asked(lambda: query.execute(client, _ASKED_FOR))
        except PrecheckError as refusal:
            if refusal.status in unknown:
                return None
            raise Unavailable(f"The ledger said {refusal.status.name}.") from None

    def _asked(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except _NO_ANSWER as failure:
            if not isinstance(getattr(failure, "last_error", None), PrecheckError):
                self._forget()
            # The SDK's text may quote what was sent; ours says nothing of it.
            raise Unavailable("No node of the ledger answered.") from None

    def _forget(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            # Closed, or the next one would share its connections, and how long these wait now.
            # Who uses them at this moment hears that nobody answered, and calls again.
            client.close()

    def _opened(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = self._made()
            return self._client

    def _made(self) -> Client:
        settings = self._settings
        if settings.nodes:
            nodes = {address: AccountId.from_string(account) for address, account in settings.nodes}
            client = Client.for_network(nodes, settings.network)
        else:
            # Asks the mirror for the address book, whose digests nodes' certificates must have.
            client = Client(SdkNetwork(settings.network))
        client.logger = Logger(LogLevel.DISABLED, "hiero_sdk_python")
        client.set_grpc_deadline(_ANSWERS_WITHIN)
        client.set_request_timeout(_ASKED_FOR)
        client.set_max_backoff(2.0)
        client.set_operator(AccountId.from_string(settings.operator), self._operator_key)
        return client


def public_key(raw: bytes) -> PublicKey:
    """A raw Ed25519 key as the SDK has it. Raises Refused."""
    try:
        return PublicKey(keys.parse_public(raw).key)
    except KeyInvalid:
        raise Refused("This is not an Ed25519 key.") from None


def raw_key(key: Any) -> bytes | None:
    """The raw bytes of an Ed25519 key of the SDK; None for keys of other kinds, and lists."""
    return key.to_bytes_raw() if isinstance(key, PublicKey) and key.is_ed25519() else None


def _private_key(text: str) -> PrivateKey:
    raw = bytes.fromhex(text)
    try:
        if len(raw) == keys.KEY_SIZE:
            return PrivateKey(ed25519.Ed25519PrivateKey.from_private_bytes(raw))
        return PrivateKey.from_der(raw)
    except ValueError:
        raise Refused("The operator's key is neither Ed25519 nor DER.") from None


def some_nodes(
    accounts: Sequence[AccountId], *, transaction_id: str, signer: Signer | None
) -> Sequence[AccountId]:
    """The nodes that a transaction may be handed to.

    Always the same one where somebody else signs: the same call has the same bytes then, which a
    remote signer signs once.
    """
    if signer is None or isinstance(signer, LocalSigner):
        most = min(len(accounts), _NODES_OF_LOCAL_SIGNERS)
        return secrets.SystemRandom().sample(accounts, most)
    ordered = sorted(accounts, key=str)
    digest = hashlib.sha256(transaction_id.encode()).digest()
    return [ordered[int.from_bytes(digest, "big") % len(ordered)]]


def _checked(signer: Signer) -> Callable[[bytes], bytes]:
    expected = keys.parse_public(signer.public_key)

    def sign(message: bytes) -> bytes:
        signature = signer.sign(message)
        try:
            # Otherwise the network refuses it and keeps the fee.
            keys.verify(expected, signature, message)
        except SignatureInvalid:
            raise Refused("The signature does not verify.") from None
        return signature

    return sign
