"""Topics of the ledger in the database."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class LedgerTopic(ScopeOwned):
    """A topic `0.0.number`, to which only the holder of `submit_key` (raw Ed25519) writes.

    `sequence` counts its messages; `running_hash` is SHA-384 over all of them.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    number = models.PositiveBigIntegerField()
    memo = models.CharField(max_length=100, blank=True)
    admin_key = models.BinaryField()
    submit_key = models.BinaryField()
    sequence = models.PositiveBigIntegerField(default=0)
    running_hash = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "number"], name="ledger_topic_number"),
        ]

    def __str__(self) -> str:
        return f"0.0.{self.number}"
