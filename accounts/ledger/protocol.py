"""What a ledger can do: the one interface of every implementation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from accounts.ledger.signing import Signer

TINYBARS: Final = 10**8
"""In one unit of the ledger's currency."""
LONGEST_MESSAGE: Final = 1024
LONGEST_MEMO: Final = 100
LARGEST_CONTENT: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a message stands: `timestamp` is `seconds.nnnnnnnnn`, and unique in its ledger."""

    sequence: int
    timestamp: str
    running_hash: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the ledger gives it back; `sequence` begins with 1."""

    sequence: int
    timestamp: str
    running_hash: bytes
    content: bytes


class Ledger(Protocol):
    """Accounts, topics and messages of one scope, and a store for what messages point to.

    Every write has a `transaction_id` from `begin`, which its caller stores before the call. The
    same call under the same id gives the same answer again and has no second effect; another call
    under it is `Refused`. What an implementation can't promise of this stands in its docstring.

    Each method may raise `Unavailable` (repeat with the same id), `Refused` (never repeat) and, if
    it writes, `Lapsed` (nothing happened: repeat with a new id). Calls may block for seconds and
    are made by tasks, outside of transactions.
    """

    @property
    def network(self) -> str:
        """The network's name in DIDs: `local`, `testnet`, …."""
        ...

    @property
    def is_here(self) -> bool:
        """Whether it is in the database: then it may be asked inside of a transaction, too."""
        ...

    def begin(self) -> str:
        """A new transaction id, at most 96 characters. Calls nobody and is good at once."""
        ...

    def create_account(
        self, *, transaction_id: str, public_key: bytes, balance: int, memo: str
    ) -> str:
        """The id (`0.0.1001`) of a new account of this raw Ed25519 key.

        `balance` is in tinybars and comes from the operator; `memo` has at most 100 bytes.
        """
        ...

    def account_key(self, *, account_id: str) -> bytes | None:
        """The raw Ed25519 key of an account; None if it is unknown or has a key of another kind."""
        ...

    def balance(self, *, account_id: str) -> int:
        """Tinybars of an account. Raises Refused for an unknown one."""
        ...

    def create_topic(self, *, transaction_id: str, memo: str, signer: Signer) -> str:
        """The id of a new topic, whose admin and submit key is the signer's."""
        ...

    def submit_message(
        self, *, transaction_id: str, topic_id: str, message: bytes, signer: Signer
    ) -> Receipt:
        """Append a message of 1 to 1,024 bytes. Refused unless the signer holds the submit key."""
        ...

    def read_messages(
        self, *, topic_id: str, after: int = 0, limit: int = 100
    ) -> Sequence[Message]:
        """Messages behind a sequence number, in order: at most `limit`, which is at most 100.

        Empty for an unknown topic: what was written a moment ago may not be readable yet.
        """
        ...

    def put(self, content: bytes) -> str:
        """Store at most 1 MiB and return its CIDv1 (raw, SHA-256, base32)."""
        ...

    def get(self, cid: str) -> bytes | None:
        """What lies under a CID, checked against it; None if it is not here."""
        ...
