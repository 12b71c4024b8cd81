"""Recipients and their groups: address book entries that policies protect."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Recipient(ScopeOwned):
    """A person or company that may be paid."""

    class Kind(models.TextChoices):
        INDIVIDUAL = "individual"
        COMPANY = "company"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.UUIDField(default=ids.new)
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)
    payment_details = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "public_id"], name="recipient_public_id"),
        ]

    def __str__(self) -> str:
        return self.name


class RecipientGroup(ScopeOwned):
    """A white or black list of recipients."""

    class Kind(models.TextChoices):
        WHITELIST = "whitelist"
        BLACKLIST = "blacklist"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.UUIDField(default=ids.new)
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=512, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "public_id"], name="recipient_group_public_id"
            ),
            models.UniqueConstraint(fields=["scope", "name"], name="recipient_group_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RecipientGroupMember(ScopeOwned):
    """That a recipient is on a list."""

    group = models.ForeignKey(RecipientGroup, on_delete=models.CASCADE, related_name="members")
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "group", "recipient"], name="recipient_group_member_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.recipient_id}"
