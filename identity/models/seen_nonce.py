"""Nonces of signed requests, kept until they could not be accepted any more."""

from typing import ClassVar

from django.db import models

from identity.scoping.owned import ScopeOwned


class SeenNonce(ScopeOwned):
    """One message of one device. The unique constraint is the replay check."""

    device_id = models.UUIDField()
    nonce = models.BinaryField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "device_id", "nonce"], name="seen_nonce_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="seen_nonce_expiry")]

    def __str__(self) -> str:
        return str(self.device_id)
