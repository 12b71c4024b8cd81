"""Developer keys: public keys whose holders vouch for users of a scope, and who owns it."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class DeveloperKey(ScopeOwned):
    """A P-256 key of a developer: that of who runs the scope, or another one.

    `public_key` is the compressed point in hex: curve and algorithm are pinned by it. Revoked keys
    stay for the history, and come back never.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        REVOKED = "revoked"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    name = models.CharField(max_length=200)
    public_key = models.CharField(max_length=66)
    is_owner = models.BooleanField(default=False)
    status = models.CharField(max_length=7, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "public_key"], name="developer_key_once"),
            models.CheckConstraint(
                condition=models.Q(status="active", revoked_at__isnull=True)
                | models.Q(status="revoked", revoked_at__isnull=False),
                name="developer_key_status_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="developer_key_list"),
        ]

    def __str__(self) -> str:
        return self.name
