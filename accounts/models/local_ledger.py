"""What the ledger in the database remembers besides topics: its head, accounts, transactions."""

from typing import ClassVar, Final

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned

SUPPLY: Final = 50_000_000_000 * 10**8
"""Tinybars in the world: fifty thousand million, of a hundred million each."""
FIRST_NUMBER: Final = 1001
"""Smaller numbers belong to the network itself, as elsewhere."""


class LocalLedgerHead(ScopeOwned):
    """The ledger of a scope: every write locks this row, so that writes have one order.

    `treasury` is what no account holds yet. `last_timestamp` is in nanoseconds since the epoch.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    next_number = models.PositiveBigIntegerField(default=FIRST_NUMBER)
    last_timestamp = models.PositiveBigIntegerField(default=0)
    treasury = models.PositiveBigIntegerField(default=SUPPLY)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope"], name="local_ledger_head_scope"),
            models.CheckConstraint(
                condition=models.Q(treasury__gte=0, treasury__lte=SUPPLY),
                name="local_ledger_head_treasury",
            ),
        ]

    def __str__(self) -> str:
        return str(self.next_number)


class LocalLedgerAccount(ScopeOwned):
    """An account `0.0.number` of the ledger in the database, whoever holds its key."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    number = models.PositiveBigIntegerField()
    public_key = models.BinaryField()
    balance = models.PositiveBigIntegerField()
    memo = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "number"], name="local_ledger_account_number"),
        ]

    def __str__(self) -> str:
        return f"0.0.{self.number}"


class LocalLedgerTransaction(ScopeOwned):
    """A transaction that took effect: for ever, so that its id never has a second effect.

    `digest` is SHA-256 over what was asked. `number` is the entity it made or wrote to; `sequence`
    and `running_hash` are those of a message.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    transaction_id = models.CharField(max_length=96)
    digest = models.BinaryField()
    timestamp = models.PositiveBigIntegerField()
    number = models.PositiveBigIntegerField()
    sequence = models.PositiveBigIntegerField(default=0)
    running_hash = models.BinaryField(default=bytes)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "transaction_id"], name="local_ledger_transaction_id"
            ),
            models.UniqueConstraint(
                fields=["scope", "timestamp"], name="local_ledger_transaction_time"
            ),
        ]

    def __str__(self) -> str:
        return self.transaction_id
