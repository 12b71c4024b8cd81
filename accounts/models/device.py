"""Devices: holders of a user's own key pairs; the server knows public keys only."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.models import ServerKey
from identity.scoping.owned import ScopeOwned


class Device(ScopeOwned):
    """A registered device with its present keys; `KnownKey` holds all it ever had."""

    class Status(models.TextChoices):
        UNVERIFIED = "unverified"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        REVOKED = "revoked"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="devices")
    name = models.CharField(max_length=128)
    signature_key = models.CharField(max_length=66)
    encryption_key = models.TextField()
    push_token = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    envelope_min = models.PositiveSmallIntegerField(default=1)
    server_key = models.ForeignKey(
        ServerKey, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    registered_at = models.DateTimeField()
    keys_changed_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.UUIDField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=512, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status__in=["unverified", "active", "suspended", "revoked"]),
                name="device_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(status="revoked", revoked_at__isnull=False)
                | (~models.Q(status="revoked") & models.Q(revoked_at__isnull=True)),
                name="device_revoked_at_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "user", "status"], name="device_user"),
            models.Index(fields=["scope", "registered_at", "id"], name="device_list"),
            models.Index(
                fields=["scope", "status", "registered_at", "id"], name="device_by_status"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class KnownKey(ScopeOwned):
    """A public key that was ever registered: never again, anywhere in the deployment.

    `digest` is the SHA-256 of the compressed point or of the SPKI. `registration` is the
    COSE_Sign1 that brought the key and `signer_key` the key that signed it (the invitation's
    one-time key, or the device's former key): the evidence that outlives a rotation.
    """

    class Purpose(models.TextChoices):
        SIGNATURE = "signature"
        ENCRYPTION = "encryption"

    class Registration(models.TextChoices):
        AUTHORIZE = "authorize"
        KEYS_AT_CREATION = "keys-at-creation"
        ROTATION = "rotation"
        SESSION = "session"

    digest = models.CharField(primary_key=True, max_length=64)
    device_id = models.UUIDField()
    purpose = models.CharField(max_length=10, choices=Purpose)
    public = models.TextField()
    registration_kind = models.CharField(max_length=16, choices=Registration)
    registration = models.BinaryField(null=True, blank=True)
    signer_key = models.CharField(max_length=66, blank=True)
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(purpose__in=["signature", "encryption"])
                & models.Q(
                    registration_kind__in=["authorize", "keys-at-creation", "rotation", "session"]
                ),
                name="known_key_words_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "device_id", "first_seen_at"], name="known_key_device"),
        ]

    def __str__(self) -> str:
        return self.digest
