"""API keys: long-lived credentials of programs, each with an owner, permissions and an end."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class ApiKey(ScopeOwned):
    """A bearer secret, of which only the SHA-256 is here, or the public half of a signing key.

    `key_id` is what requests name it by. `user_id` is whose account it acts for, as text of no
    foreign key because the ground floor knows no users; empty for the scope's own backend.
    `permissions` are words of `identity.permissions`; `role` is the role that it shows to clients.
    """

    class Kind(models.TextChoices):
        BEARER = "bearer"
        SIGNATURE = "signature"

    class Status(models.TextChoices):
        ACTIVE = "active"
        REVOKED = "revoked"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    key_id = models.CharField(max_length=128, unique=True)
    kind = models.CharField(max_length=9, choices=Kind)
    secret_digest = models.CharField(max_length=64, blank=True)
    public_key = models.CharField(max_length=132, blank=True)
    name = models.CharField(max_length=200, blank=True)
    user_id = models.UUIDField(null=True, blank=True)
    role = models.CharField(max_length=64, blank=True)
    permissions = models.JSONField(default=list, blank=True)
    purpose = models.CharField(max_length=16, default="program")
    via = models.CharField(max_length=16, blank=True)
    extra = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=7, choices=Status, default=Status.ACTIVE)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()
    updated_by = models.UUIDField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["secret_digest"],
                condition=~models.Q(secret_digest=""),
                name="api_key_secret",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="bearer", public_key="") & ~models.Q(secret_digest="")
                | models.Q(kind="signature", secret_digest="") & ~models.Q(public_key=""),
                name="api_key_one_credential",
            ),
            models.CheckConstraint(
                condition=models.Q(status="active", revoked_at__isnull=True)
                | models.Q(status="revoked", revoked_at__isnull=False),
                name="api_key_status_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="api_key_list"),
            models.Index(fields=["scope", "user_id", "created_at"], name="api_key_user"),
        ]

    def __str__(self) -> str:
        return self.name or self.key_id
