"""Key pairs of the server, one set per scope; private parts are sealed."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class ServerKey(ScopeOwned):
    """An RSA key that opens envelopes, or a key that signs: answers, tokens, or as the application.

    `kid` is the SHA-256 of the SPKI (RSA), of the compressed point (P-256) or of the 32 bytes
    (Ed25519) in lower hex.
    """

    class Purpose(models.TextChoices):
        ENCRYPTION = "encryption"
        SIGNATURE = "signature"
        TOKEN = "token"  # noqa: S105 a word, no secret
        APPLICATION = "application"

    class Status(models.TextChoices):
        ACTIVE = "active"
        RETIRING = "retiring"
        RETIRED = "retired"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    purpose = models.CharField(max_length=11, choices=Purpose)
    kid = models.CharField(max_length=64, unique=True)
    public = models.TextField()
    sealed_private = models.BinaryField()
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    activated_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "purpose"],
                condition=models.Q(status="active"),
                name="server_key_one_active",
            ),
            models.CheckConstraint(
                condition=models.Q(purpose__in=["encryption", "signature", "token", "application"])
                & models.Q(status__in=["active", "retiring", "retired"]),
                name="server_key_words_known",
            ),
            models.CheckConstraint(
                condition=models.Q(status="active", expires_at__isnull=True)
                | (~models.Q(status="active") & models.Q(expires_at__isnull=False)),
                name="server_key_expires_unless_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.kid[:12]}"
