"""The ledger in the database: a network of its own for each scope, with nobody to pay or to ask."""

import time
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from accounts.ledger import bounds, running_hash, signed, timestamps
from accounts.ledger.content import ContentStore
from accounts.ledger.errors import Refused
from accounts.ledger.protocol import Message, Receipt
from accounts.ledger.signing import Signer
from accounts.models import (
    LedgerMessage,
    LedgerTopic,
    LocalLedgerAccount,
    LocalLedgerHead,
    LocalLedgerTransaction,
)
from identity import ids
from identity.crypto import ed25519
from identity.crypto.errors import KeyInvalid, SignatureInvalid
from identity.scoping import current, inserts, prepared, statements

NETWORK: Final = "local"
OPERATOR: Final = 2
"""The number of the account that pays for everything; its key is nobody's."""

_DONE: Final = prepared.prepare(
    lambda transaction_id: LocalLedgerTransaction.objects.filter(transaction_id=transaction_id),
    "transaction_id",
)
_TOPIC: Final = prepared.prepare(lambda number: LedgerTopic.objects.filter(number=number), "number")
_ACCOUNT: Final = prepared.prepare(
    lambda number: LocalLedgerAccount.objects.filter(number=number), "number"
)
_HEAD: Final = prepared.prepare(LocalLedgerHead.objects.all)
_LOCK: Final = "SELECT 1 FROM accounts_localledgerhead WHERE scope_id = %s FOR UPDATE"

Effect = Callable[[LocalLedgerHead, LocalLedgerTransaction], None]


class LocalLedger(ContentStore):
    """A `Ledger` of one scope: its own accounts and topics, which no other scope sees or writes to.

    Transaction ids are remembered for ever by a unique constraint, so `Lapsed` is never raised. A
    call inside a caller's transaction happens if that one is committed. Writes of a scope stand in
    one row's queue; timestamps rise with them, also when the clock stands still or goes back.
    """

    network = NETWORK
    is_here = True

    def __init__(self, scope_id: UUID, *, clock: Callable[[], int] = time.time_ns) -> None:
        super().__init__(scope_id)
        self._clock = clock

    def begin(self) -> str:
        """A new id, which is good for ever."""
        return f"0.0.{OPERATOR}@{ids.new()}"

    def create_account(
        self, *, transaction_id: str, public_key: bytes, balance: int, memo: str
    ) -> str:
        """See `Ledger`. Refused too when the treasury holds less than the balance."""
        bounds.check_public_key(public_key)
        bounds.check_balance(balance)
        bounds.check_memo(memo)

        def made(head: LocalLedgerHead, done: LocalLedgerTransaction) -> None:
            if balance > head.treasury:
                raise Refused("The operator's account does not hold as much.")
            head.treasury -= balance
            row = LocalLedgerAccount(
                scope_id=self._scope_id,
                number=_numbered(head, done),
                public_key=public_key,
                balance=balance,
                memo=memo,
            )
            inserts.insert_later(row)

        parts = (public_key, str(balance).encode(), memo.encode())
        digest = signed.digest(self._scope_id, transaction_id, signed.ACCOUNT, *parts)
        done = self._once(transaction_id, digest, made)
        return _id(done.number)

    def account_key(self, *, account_id: str) -> bytes | None:
        """See `Ledger`."""
        account = self._account(account_id)
        return bytes(account.public_key) if account else None

    def balance(self, *, account_id: str) -> int:
        """See `Ledger`."""
        account = self._account(account_id)
        if account is None:
            raise Refused("There is no such account.")
        return account.balance

    def create_topic(self, *, transaction_id: str, memo: str, signer: Signer) -> str:
        """See `Ledger`."""
        bounds.check_memo(memo)
        key = signer.public_key
        parts = (key, memo.encode())
        digest = signed.digest(self._scope_id, transaction_id, signed.TOPIC, *parts)
        before = self._done(transaction_id, digest)
        if before is None:
            bounds.check_public_key(key)
            _signature(signer, digest, expected_key=key)

        def made(head: LocalLedgerHead, done: LocalLedgerTransaction) -> None:
            row = LedgerTopic(
                scope_id=self._scope_id,
                number=_numbered(head, done),
                memo=memo,
                admin_key=key,
                submit_key=key,
                running_hash=running_hash.EMPTY,
            )
            inserts.insert_later(row)

        return _id((before or self._once(transaction_id, digest, made)).number)

    def submit_message(
        self, *, transaction_id: str, topic_id: str, message: bytes, signer: Signer
    ) -> Receipt:
        """See `Ledger`."""
        bounds.check_message(message)
        key = signer.public_key
        digest = signed.of_message(
            self._scope_id, transaction_id, topic_id=topic_id, key=key, message=message
        )
        with current.in_scope(self._scope_id):
            found = self._done_ahead(transaction_id)
            topic = _TOPIC.instance(LedgerTopic, number=_number(topic_id))
        before = _same(found, digest)
        if before is not None:
            return _receipt(before)
        if topic is None:
            raise Refused("There is no such topic.")
        # Asked before any row is locked: who signs may be far away.
        signature = _signature(signer, digest, expected_key=bytes(topic.submit_key))

        def appended(_: LocalLedgerHead, done: LocalLedgerTransaction) -> None:
            self._append(topic.number, message, signature, done)

        return _receipt(self._once(transaction_id, digest, appended))

    def read_messages(
        self, *, topic_id: str, after: int = 0, limit: int = 100
    ) -> Sequence[Message]:
        """See `Ledger`."""
        with current.in_scope(self._scope_id):
            found = LedgerMessage.objects.filter(topic__number=_number(topic_id))
            rows = found.filter(sequence__gt=after)
            return [_message(row) for row in rows.order_by("sequence")[: bounds.limit(limit)]]

    def _append(
        self, number: int, message: bytes, signature: bytes, done: LocalLedgerTransaction
    ) -> None:
        # Read again: the head's lock, which this writer holds now, orders all of them.
        topic = _TOPIC.instance(LedgerTopic, number=number)
        if topic is None:
            raise Refused("There is no such topic.")
        done.number, done.sequence = number, topic.sequence + 1
        done.running_hash = running_hash.after(
            bytes(topic.running_hash),
            payer=OPERATOR,
            topic=number,
            timestamp=done.timestamp,
            sequence=done.sequence,
            message=message,
        )
        topic.sequence, topic.running_hash = done.sequence, done.running_hash
        # All who write to it hold the head.
        inserts.update_held_later(topic, ("sequence", "running_hash"))
        row = LedgerMessage(
            scope_id=self._scope_id,
            topic=topic,
            sequence=done.sequence,
            timestamp=done.timestamp,
            content=message,
            running_hash=done.running_hash,
            signature=signature,
        )
        inserts.insert_later(row)

    def _once(
        self, transaction_id: str, digest: bytes, take_effect: Effect
    ) -> LocalLedgerTransaction:
        with current.in_scope(self._scope_id), transaction.atomic():
            head, found = self._locked_head(transaction_id)
            before = _same(found, digest)
            if before is not None:
                return before
            done = LocalLedgerTransaction(
                scope_id=self._scope_id,
                transaction_id=transaction_id,
                digest=digest,
                timestamp=max(self._clock(), head.last_timestamp + 1),
            )
            take_effect(head, done)
            head.last_timestamp = done.timestamp
            inserts.update_held_later(head, ("next_number", "last_timestamp", "treasury"))
            inserts.insert_later(done)
            return done

    def _locked_head(
        self, transaction_id: str
    ) -> tuple[LocalLedgerHead, list[LocalLedgerTransaction]]:
        """The head, locked, and what was done under this id when it was."""
        head, found = self._head(transaction_id)
        if head is None:
            # Unless somebody else writes the first transaction of this scope.
            inserts.insert_unless_there_later(LocalLedgerHead(scope_id=self._scope_id))
            head, found = self._head(transaction_id)
        if head is None:
            raise RuntimeError("the head of a ledger was removed")
        return head, found

    def _head(
        self, transaction_id: str
    ) -> tuple[LocalLedgerHead | None, list[LocalLedgerTransaction]]:
        # SQLite has one writer at a time. Elsewhere both are read after the head was locked.
        if connection.vendor == "postgresql":
            statements.later(_LOCK, [self._scope_id])
        found = self._done_ahead(transaction_id)
        return _HEAD.instance(LocalLedgerHead), found

    def _done(self, transaction_id: str, digest: bytes) -> LocalLedgerTransaction | None:
        with current.in_scope(self._scope_id):
            found = self._done_ahead(transaction_id)
            statements.catch_up()
        return _same(found, digest)

    def _done_ahead(self, transaction_id: str) -> list[LocalLedgerTransaction]:
        bounds.check_transaction_id(transaction_id)
        return _DONE.instance_ahead(LocalLedgerTransaction, transaction_id=transaction_id)

    def _account(self, account_id: str) -> LocalLedgerAccount | None:
        with current.in_scope(self._scope_id):
            return _ACCOUNT.instance(LocalLedgerAccount, number=_number(account_id))


def _same(found: Sequence[LocalLedgerTransaction], digest: bytes) -> LocalLedgerTransaction | None:
    """The transaction that was done under an id. Raises Refused if it was another one."""
    if found and bytes(found[0].digest) != digest:
        raise Refused("This transaction id was used for something else.")
    return found[0] if found else None


def _numbered(head: LocalLedgerHead, done: LocalLedgerTransaction) -> int:
    done.number, head.next_number = head.next_number, head.next_number + 1
    return done.number


def _signature(signer: Signer, digest: bytes, *, expected_key: bytes) -> bytes:
    if signer.public_key != expected_key:
        raise Refused("This needs the signature of another key.")
    message = signed.SIGNED + digest
    signature = signer.sign(message)
    try:
        ed25519.verify(ed25519.parse_public(expected_key), signature, message)
    except (KeyInvalid, SignatureInvalid):
        raise Refused("The signature does not verify.") from None
    return signature


def _receipt(done: LocalLedgerTransaction) -> Receipt:
    return Receipt(done.sequence, timestamps.text(done.timestamp), bytes(done.running_hash))


def _message(row: LedgerMessage) -> Message:
    at = timestamps.text(row.timestamp)
    return Message(row.sequence, at, bytes(row.running_hash), bytes(row.content))


def _id(number: int) -> str:
    return f"0.0.{number}"


def _number(text: str) -> int:
    """The number of an id; 0, which nothing has, for what is no id here."""
    found = bounds.entity(text)
    return found[2] if found is not None and found[:2] == (0, 0) else 0
