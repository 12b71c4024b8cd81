"""API keys: long-lived credentials of programs, each with an owner, permissions and an end."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.limits import Limits, stored
from identity.scoping.owned import ScopeOwned


class ApiKey(ScopeOwned):
    """A bearer secret, of which only the SHA-256 is here, or the public half of a signing key.

    A `shared` secret is here as its SHA-256 and sealed too, because requests are authenticated
    under it without showing it. `previous_*` are the secret before the last rotation, which counts
    until `previous_until`. `key_id` is what requests name the key by. `user_id` is whose account
    it acts for, as text of no foreign key because the ground floor knows no users; empty for the
    scope's own backend. `permissions` are words of `identity.permissions`, `solutions`, `contexts`
    and `networks` the entries of `identity.limits`; `role` is the role that it shows to clients.
    `made_by_key` is the key that made this one, if a program did.
    """

    class Kind(models.TextChoices):
        BEARER = "bearer"
        SIGNATURE = "signature"
        SHARED = "shared"

    class Algorithm(models.TextChoices):
        P256 = "p256"
        ED25519 = "ed25519"

    class Status(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"
        REVOKED = "revoked"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    key_id = models.CharField(max_length=128, unique=True)
    kind = models.CharField(max_length=9, choices=Kind)
    secret_digest = models.CharField(max_length=64, blank=True)
    sealed_secret = models.BinaryField(null=True, blank=True)
    previous_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    previous_sealed = models.BinaryField(null=True, blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    public_key = models.CharField(max_length=132, blank=True)
    # Empty: by a server that did not know it yet, or of a face with one form of its own.
    algorithm = models.CharField(
        max_length=8, choices=Algorithm, blank=True, default="", db_default=""
    )
    name = models.CharField(max_length=200, blank=True)
    user_id = models.UUIDField(null=True, blank=True)
    role = models.CharField(max_length=64, blank=True)
    permissions = models.JSONField(default=list, blank=True)
    solutions = models.JSONField(default=list, blank=True, db_default=[])
    contexts = models.JSONField(default=list, blank=True, db_default=[])
    networks = models.JSONField(default=list, blank=True, db_default=[])
    purpose = models.CharField(max_length=16, default="program")
    via = models.CharField(max_length=16, blank=True)
    extra = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    made_by_key = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()
    updated_by = models.UUIDField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["secret_digest"],
                condition=~models.Q(secret_digest=""),
                name="api_key_secret",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="bearer", public_key="", sealed_secret__isnull=True)
                & ~models.Q(secret_digest="")
                | models.Q(kind="signature", secret_digest="", sealed_secret__isnull=True)
                & ~models.Q(public_key="")
                | models.Q(kind="shared", public_key="", sealed_secret__isnull=False)
                & ~models.Q(secret_digest=""),
                name="api_key_one_credential",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    previous_digest="", previous_sealed__isnull=True, previous_until__isnull=True
                )
                | models.Q(kind="bearer", previous_sealed__isnull=True)
                & models.Q(previous_until__isnull=False)
                & ~models.Q(previous_digest="")
                | models.Q(kind="shared", previous_sealed__isnull=False)
                & models.Q(previous_until__isnull=False)
                & ~models.Q(previous_digest=""),
                name="api_key_previous_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "disabled"], revoked_at__isnull=True)
                | models.Q(status="revoked", revoked_at__isnull=False),
                name="api_key_status_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="api_key_list"),
            models.Index(fields=["scope", "user_id", "created_at"], name="api_key_user"),
            models.Index(
                fields=["scope", "made_by_key", "created_at"],
                condition=models.Q(made_by_key__isnull=False),
                name="api_key_made_by_key",
            ),
            models.Index(
                fields=["previous_digest"],
                condition=~models.Q(previous_digest=""),
                name="api_key_previous",
            ),
            models.Index(
                fields=["previous_until"],
                condition=models.Q(previous_until__isnull=False),
                name="api_key_previous_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.key_id

    @property
    def limits(self) -> Limits:
        """To what it is bound."""
        return stored(solutions=self.solutions, contexts=self.contexts, networks=self.networks)

    @limits.setter
    def limits(self, bounds: Limits) -> None:
        self.solutions, self.contexts = list(bounds.solutions), list(bounds.contexts)
        self.networks = list(bounds.networks)
