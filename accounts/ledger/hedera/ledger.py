"""A `Ledger` on the public network."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from hiero_sdk_python.account.account_create_transaction import AccountCreateTransaction
from hiero_sdk_python.account.account_id import AccountId
from hiero_sdk_python.consensus.topic_create_transaction import TopicCreateTransaction
from hiero_sdk_python.consensus.topic_id import TopicId
from hiero_sdk_python.consensus.topic_message_submit_transaction import (
    TopicMessageSubmitTransaction,
)
from hiero_sdk_python.hbar import Hbar
from hiero_sdk_python.query.account_balance_query import CryptoGetAccountBalanceQuery
from hiero_sdk_python.query.account_info_query import AccountInfoQuery
from hiero_sdk_python.query.topic_info_query import TopicInfoQuery
from hiero_sdk_python.response_code import ResponseCode

from accounts.ledger import bounds, timestamps
from accounts.ledger.content import ContentStore
from accounts.ledger.errors import Lapsed, Refused, Unavailable
from accounts.ledger.hedera import network as nodes
from accounts.ledger.hedera import transaction_ids
from accounts.ledger.hedera.mirror import Mirror
from accounts.ledger.hedera.network import Network, Outcome
from accounts.ledger.hedera.transaction_ids import TransactionTime
from accounts.ledger.protocol import Message, Receipt
from accounts.ledger.signing import Signer

VALID_SECONDS: Final = transaction_ids.VALID // timestamps.SECOND
# Consensus came too late or was throttled: the id is used up, and another may do.
_ANOTHER: Final = frozenset({"TRANSACTION_EXPIRED", "THROTTLED_AT_CONSENSUS", "BUSY"})
_NO_ACCOUNT: Final = frozenset({ResponseCode.INVALID_ACCOUNT_ID, ResponseCode.ACCOUNT_DELETED})
_NO_TOPIC: Final = frozenset({ResponseCode.INVALID_TOPIC_ID})
_KINDS: Final = {
    "CRYPTOCREATEACCOUNT": "account",
    "CONSENSUSCREATETOPIC": "topic",
    "CONSENSUSSUBMITMESSAGE": "message",
}
MIRROR_TRIES: Final = 20
MIRROR_PAUSE: Final = 0.5
_UNKNOWN: Final = "There is no such account."
_SOMETHING_ELSE: Final = "This transaction id was used for something else."


class HederaLedger(ContentStore):
    """A `Ledger` whose operator pays for all scopes; content stays in our database.

    Nodes take a transaction id once and for three minutes. Within these a repeated call is told so
    and reads the receipt; later the mirror is asked. When the mirror has read past the id's time
    and does not know it, nothing happened or ever will: `Lapsed`. So an id has at most one effect
    as long as the network keeps its rule, and one that is unknown is never taken for undone before
    that. A mirror that forgets or lies would break this: name one that you trust.

    What a receipt names is compared with what was asked: two processes that begin the same
    nanosecond share an id, and the second gets `Refused`, not the first one's account.
    """

    def __init__(
        self,
        scope_id: UUID,
        *,
        network: str,
        operator: str,
        ids: transaction_ids.Maker,
        gate: Network,
        mirror: Mirror,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__(scope_id)
        self.network = network
        self.is_here = False
        self._operator = operator
        self._ids = ids
        self._gate = gate
        self._mirror = mirror
        self._clock = clock

    def begin(self) -> str:
        """A new id, which nodes take for the next 172 seconds."""
        return self._ids.make()

    def create_account(
        self, *, transaction_id: str, public_key: bytes, balance: int, memo: str
    ) -> str:
        """See `Ledger`."""
        bounds.check_public_key(public_key)
        bounds.check_balance(balance)
        bounds.check_memo(memo)
        asked = AccountCreateTransaction()
        asked.set_key_without_alias(nodes.public_key(public_key))
        asked.set_initial_balance(Hbar.from_tinybars(balance))
        asked.set_account_memo(memo)
        made = self._effect("account", asked, transaction_id)
        key = self.account_key(account_id=made)
        if key is None:
            raise Unavailable("The ledger does not show the account yet.")
        if key != public_key:
            raise Refused(_SOMETHING_ELSE)
        return made

    def account_key(self, *, account_id: str) -> bytes | None:
        """See `Ledger`. Asks a node, which costs the operator a little."""
        if bounds.entity(account_id) is None:
            return None
        info = self._gate.asked(AccountInfoQuery(AccountId.from_string(account_id)), _NO_ACCOUNT)
        return None if info is None else nodes.raw_key(info.key)

    def balance(self, *, account_id: str) -> int:
        """See `Ledger`. As the mirror has it; of a new account as a node has it."""
        if bounds.entity(account_id) is None:
            raise Refused(_UNKNOWN)
        found = self._mirror.balance(account_id)
        if found is not None:
            return found
        query = CryptoGetAccountBalanceQuery(AccountId.from_string(account_id))
        answer = self._gate.asked(query, _NO_ACCOUNT)
        if answer is None:
            raise Refused(_UNKNOWN)
        return int(answer.hbars.to_tinybars())

    def create_topic(self, *, transaction_id: str, memo: str, signer: Signer) -> str:
        """See `Ledger`."""
        bounds.check_memo(memo)
        bounds.check_public_key(signer.public_key)
        key = nodes.public_key(signer.public_key)
        asked = TopicCreateTransaction().set_memo(memo).set_admin_key(key).set_submit_key(key)
        made = self._effect("topic", asked, transaction_id, signer)
        info = self._gate.asked(TopicInfoQuery(TopicId.from_string(made)), _NO_TOPIC)
        if info is None:
            raise Unavailable("The ledger does not show the topic yet.")
        keys = (nodes.raw_key(info.admin_key), nodes.raw_key(info.submit_key))
        if info.memo != memo or keys != (signer.public_key, signer.public_key):
            raise Refused(_SOMETHING_ELSE)
        return made

    def submit_message(
        self, *, transaction_id: str, topic_id: str, message: bytes, signer: Signer
    ) -> Receipt:
        """See `Ledger`. Waits until the mirror has the message, because only it says when."""
        bounds.check_message(message)
        if bounds.entity(topic_id) is None:
            raise Refused("There is no such topic.")
        asked = TopicMessageSubmitTransaction(TopicId.from_string(topic_id), message)
        self._effect("message", asked, transaction_id, signer)
        written = self._written(transaction_id, expected_topic=topic_id)
        if written.content != message:
            raise Refused(_SOMETHING_ELSE)
        return Receipt(written.sequence, written.timestamp, written.running_hash)

    def read_messages(
        self, *, topic_id: str, after: int = 0, limit: int = 100
    ) -> Sequence[Message]:
        """See `Ledger`. As the mirror has them."""
        if bounds.entity(topic_id) is None:
            return []
        return self._mirror.messages(topic_id, after=max(after, 0), limit=bounds.limit(limit))

    def _effect(
        self, kind: str, asked: Any, transaction_id: str, signer: Signer | None = None
    ) -> str:
        """What a transaction made; of a message's receipt nobody says to which topic it went."""
        when = transaction_ids.parse(transaction_id, expected_payer=self._operator)
        if self._clock() >= when.end:
            return self._looked_up(kind, transaction_id, when)
        asked.set_transaction_valid_duration(VALID_SECONDS)
        status = self._gate.submit(asked, transaction_id=transaction_id, signer=signer)
        if status in {ResponseCode.OK, ResponseCode.DUPLICATE_TRANSACTION}:
            return _of_receipt(kind, self._gate.receipt(transaction_id))
        if status in nodes.LATER:
            raise Unavailable(f"The ledger said {status.name}.")
        if status == ResponseCode.TRANSACTION_EXPIRED:
            return self._looked_up(kind, transaction_id, when)
        # Refused this time; an earlier call may have had its effect all the same.
        earlier = self._known(transaction_id)
        if earlier is None:
            raise Refused(f"The ledger said {status.name}.")
        return _of_receipt(kind, earlier)

    def _known(self, transaction_id: str) -> Outcome | None:
        try:
            return self._gate.receipt(transaction_id, attempts=1)
        except Unavailable:
            return None

    def _looked_up(self, kind: str, transaction_id: str, when: TransactionTime) -> str:
        outcome = self._known(transaction_id)
        if outcome is not None:
            return _of_receipt(kind, outcome)
        # Asked in this order: what comes between the two questions is not taken for missing.
        read_until = self._mirror.read_until()
        done = self._mirror.transaction(transaction_ids.for_mirror(transaction_id))
        if done is None:
            if read_until > when.end:
                raise Lapsed
            raise Unavailable("The mirror has not read as far as this transaction's time yet.")
        if done.result != ResponseCode.SUCCESS.name:
            raise _unsuccessful(done.result)
        if _KINDS.get(done.kind) != kind:
            raise Refused(_SOMETHING_ELSE)
        return done.entity

    def _written(self, transaction_id: str, *, expected_topic: str) -> Message:
        name = transaction_ids.for_mirror(transaction_id)
        for _ in range(MIRROR_TRIES):
            done = self._mirror.transaction(name)
            if done is not None and done.entity != expected_topic:
                raise Refused(_SOMETHING_ELSE)
            found = None if done is None else self._mirror.message_at(done.timestamp)
            if found is not None:
                return found
            time.sleep(MIRROR_PAUSE)
        raise Unavailable("The mirror has not read the message yet.")


def _of_receipt(kind: str, outcome: Outcome) -> str:
    if outcome.status == ResponseCode.UNKNOWN:
        raise Unavailable("The ledger has not decided yet.")
    if outcome.status != ResponseCode.SUCCESS:
        raise _unsuccessful(outcome.status.name)
    entity = {"account": outcome.account_id, "topic": outcome.topic_id}.get(kind, "")
    if not entity and not (kind == "message" and outcome.sequence):
        raise Refused(_SOMETHING_ELSE)
    return entity


def _unsuccessful(status: str) -> Lapsed | Refused:
    if status in _ANOTHER:
        return Lapsed(f"The ledger said {status}.")
    return Refused(f"The ledger said {status}.")
