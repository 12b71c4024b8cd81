"""Accounts that the server holds for users: their keys stay here, sealed, and sign when asked."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class ManagedKey(ScopeOwned):
    """The one secp256k1 account of a user of a scope, the same on every chain of Ethereum.

    `address` has EIP-55's capitals; `public_key` is the compressed point. `sealed_secret` opens
    under the purpose `accounts.services.opened_managed_keys.PURPOSE` and this row's id alone.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="managed_keys")
    address = models.CharField(max_length=42)
    public_key = models.BinaryField()
    sealed_secret = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "user"], name="managed_key_user"),
            models.UniqueConstraint(fields=["scope", "address"], name="managed_key_address"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="managed_key_list")
        ]

    def __str__(self) -> str:
        return self.address
