"""Whether the ledger in the database still says what it said: each topic, message by message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from accounts.ledger import running_hash, signed
from accounts.ledger.local import OPERATOR
from accounts.models import LedgerMessage, LedgerTopic, LocalLedgerTransaction
from identity.crypto import ed25519
from identity.crypto.errors import KeyInvalid, SignatureInvalid

_AT_ONCE: Final = 500


class LedgerInvalid(Exception):
    """A topic does not hold; the text says which, and at which message."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and found to hold."""

    topics: int
    messages: int


def verify() -> Report:
    """Recompute every topic of the scope in force. Raises LedgerInvalid at the first that is wrong.

    Sequence numbers have no gap, times rise, the running hash is that of all messages before, the
    signature is the submit key's over this very transaction, and the topic ends where it says. May
    run beside writers: what they append meanwhile is left for the next time.
    """
    topics = list(LedgerTopic.objects.order_by("number"))
    return Report(len(topics), sum(_verify(topic) for topic in topics))


def _verify(topic: LedgerTopic) -> int:
    count, last, standing = 0, 0, running_hash.EMPTY
    for message, transaction_id in _messages(topic):
        count += 1
        expected = running_hash.after(
            standing,
            payer=OPERATOR,
            topic=topic.number,
            timestamp=message.timestamp,
            sequence=count,
            message=bytes(message.content),
        )
        faults = {
            "its number": message.sequence != count,
            "its time": message.timestamp <= last,
            "the running hash": bytes(message.running_hash) != expected,
            "its signature": not _is_signed(topic, message, transaction_id),
        }
        wrong = [name for name, is_wrong in faults.items() if is_wrong]
        if wrong:
            raise LedgerInvalid(f"topic {topic}, message {count}: {', '.join(wrong)}")
        last, standing = message.timestamp, expected
    if (count, standing) != (topic.sequence, bytes(topic.running_hash)):
        raise LedgerInvalid(f"topic {topic} ends at message {count}, not at {topic.sequence}")
    return count


def _messages(topic: LedgerTopic) -> Iterator[tuple[LedgerMessage, str]]:
    after = 0
    while rows := _page(topic, after):
        times = [row.timestamp for row in rows]
        found = LocalLedgerTransaction.objects.filter(timestamp__in=times)
        named = dict(found.values_list("timestamp", "transaction_id"))
        for row in rows:
            yield row, named.get(row.timestamp, "")
        after = rows[-1].sequence


def _page(topic: LedgerTopic, after: int) -> Sequence[LedgerMessage]:
    rows = LedgerMessage.objects.filter(topic=topic, sequence__gt=after)
    return list(rows.filter(sequence__lte=topic.sequence).order_by("sequence")[:_AT_ONCE])


def _is_signed(topic: LedgerTopic, message: LedgerMessage, transaction_id: str) -> bool:
    key = bytes(topic.submit_key)
    digest = signed.of_message(
        topic.scope_id,
        transaction_id,
        topic_id=str(topic),
        key=key,
        message=bytes(message.content),
    )
    try:
        public = ed25519.parse_public(key)
        ed25519.verify(public, bytes(message.signature), signed.SIGNED + digest)
    except (KeyInvalid, SignatureInvalid):
        return False
    return True
