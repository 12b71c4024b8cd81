"""Outcomes of commands that a client may repeat under one idempotency key."""

from typing import ClassVar

from django.db import models

from identity.scoping.owned import ScopeOwned


class IdempotencyRecord(ScopeOwned):
    """The stored outcome, sealed because it may hold what is shown once."""

    device_id = models.UUIDField()
    key = models.CharField(max_length=128)
    request_digest = models.CharField(max_length=64)
    sealed_outcome = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "device_id", "key"], name="idempotency_record_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="idempotency_record_expiry")]

    def __str__(self) -> str:
        return self.key
