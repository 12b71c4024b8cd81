"""Registries and who belongs to them: the part that a user plays in a trust chain of a scope."""

from typing import ClassVar

from django.db import models

from accounts.models.ledger_account import LedgerAccount
from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class RegistryMembership(ScopeOwned):
    """The part of one user: a registry, a user of a registry, or an auditor.

    `parent` is a user's registry; registries have none. `topic_id` is where a registry's users
    publish, empty until it has one. `did` is null until the onboarding has ended well.
    """

    class Role(models.TextChoices):
        STANDARD_REGISTRY = "STANDARD_REGISTRY"
        USER = "USER"
        AUDITOR = "AUDITOR"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="registry_membership")
    role = models.CharField(max_length=17, choices=Role)
    parent = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="registry_users"
    )
    topic_id = models.CharField(max_length=64, blank=True)
    did = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 none is no text
    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(role="USER")
                | models.Q(role__in=["STANDARD_REGISTRY", "AUDITOR"], parent__isnull=True),
                name="registry_membership_role_known",
            ),
            models.CheckConstraint(
                condition=models.Q(did__isnull=True) | ~models.Q(did=""),
                name="registry_membership_did_is_text",
            ),
            models.UniqueConstraint(
                fields=["scope", "did"],
                condition=models.Q(did__isnull=False),
                name="registry_membership_did",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "role", "created_at", "id"], name="registry_list"),
            models.Index(
                fields=["scope", "parent", "created_at", "id"], name="registry_users_list"
            ),
            models.Index(fields=["scope", "created_at", "id"], name="registry_membership_list"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.user_id}"

    @property
    def is_registry(self) -> bool:
        """Whether others may be onboarded under this user."""
        return self.role == self.Role.STANDARD_REGISTRY
