"""Messages of topics of the ledger in the database."""

from typing import ClassVar

from django.db import models

from accounts.models.ledger_topic import LedgerTopic
from identity import ids
from identity.scoping.owned import ScopeOwned


class LedgerMessage(ScopeOwned):
    """A message with its place in the topic; nobody changes or removes it.

    `timestamp` is in nanoseconds since the epoch and is given once in a ledger. `signature` is the
    submit key's, over what `accounts.ledger.signed` says.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    topic = models.ForeignKey(LedgerTopic, on_delete=models.PROTECT, related_name="messages")
    sequence = models.PositiveBigIntegerField()
    timestamp = models.PositiveBigIntegerField()
    content = models.BinaryField()
    running_hash = models.BinaryField()
    signature = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "topic", "sequence"], name="ledger_message_sequence"
            ),
        ]

    def __str__(self) -> str:
        return str(self.sequence)
