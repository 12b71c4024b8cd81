"""Accounts of users on a ledger, whose keys are kept here, sealed, or sign elsewhere."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class LedgerAccount(ScopeOwned):
    """An account on a ledger that this scope acts with; `user` is null until there is one.

    `public_key` is the raw Ed25519 key of the account. `sealed_key` holds its 32 bytes of seed; a
    REMOTE account's transactions are signed by whoever `sealed_remote_config` names, and it has a
    seed only if one was given for proofs. Both open under purposes of
    `accounts.services.ledger_accounts` and this row's id alone.
    """

    class Signer(models.TextChoices):
        LOCAL = "local"
        REMOTE = "remote"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="ledger_accounts", null=True, blank=True
    )
    network = models.CharField(max_length=32)
    account_id = models.CharField(max_length=64)
    public_key = models.BinaryField()
    signer = models.CharField(max_length=6, choices=Signer, default=Signer.LOCAL)
    sealed_key = models.BinaryField(default=bytes)
    sealed_remote_config = models.BinaryField(default=bytes)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "network", "account_id"], name="ledger_account_id"
            ),
            models.UniqueConstraint(fields=["scope", "user"], name="ledger_account_user"),
            models.CheckConstraint(
                condition=(
                    models.Q(signer="local", sealed_remote_config=b"") & ~models.Q(sealed_key=b"")
                )
                | (models.Q(signer="remote") & ~models.Q(sealed_remote_config=b"")),
                name="ledger_account_signer_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="ledger_account_list")
        ]

    def __str__(self) -> str:
        return self.account_id
