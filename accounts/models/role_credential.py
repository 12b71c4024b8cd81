"""Role credentials: a role of a user as a verifiable credential that a wallet can hold."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class RoleCredential(ScopeOwned):
    """A signed statement that a user has a role, as issued; `document` is its exact JSON.

    What counts is the row: a revoked credential gives no role, whatever its signature says.
    """

    class Status(models.TextChoices):
        VALID = "valid"
        REVOKED = "revoked"

    class Source(models.TextChoices):
        INVITATION = "invite"
        ISSUE = "issue"
        RECOVERY = "recover"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    credential_id = models.CharField(max_length=128)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_credentials")
    role = models.CharField(max_length=64)
    title = models.CharField(max_length=128, blank=True)
    document = models.JSONField()
    status = models.CharField(max_length=7, choices=Status, default=Status.VALID)
    source = models.CharField(max_length=7, choices=Source, default=Source.ISSUE)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    first_used_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "credential_id"], name="role_credential_id"),
            models.CheckConstraint(
                condition=models.Q(status="valid", revoked_at__isnull=True)
                | models.Q(status="revoked", revoked_at__isnull=False),
                name="role_credential_status_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "user", "issued_at"], name="role_credential_user"),
            models.Index(fields=["scope", "issued_at", "id"], name="role_credential_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.user_id}"
