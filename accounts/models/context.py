"""Contexts: circles of users who know each other by their keys, and the solutions that see them."""

from typing import ClassVar

from django.db import models

from accounts.models.solution import Solution
from identity import ids
from identity.scoping.owned import ScopeOwned


class Context(ScopeOwned):
    """A circle of members. `public_id` is the id that programs know, an opaque text.

    `visibility` says whether other solutions may share it; `contacts`, whom members who are no
    staff may see; `joining`, whether whoever proves a key may join. `member_count` counts the
    living members; `last_position` and `last_joined_at` are those of the newest member there ever
    was. All three change only while this row is locked.
    """

    class Visibility(models.TextChoices):
        PRIVATE = "private"
        PUBLIC = "public"

    class Contacts(models.TextChoices):
        EVERYONE = "everyone"
        STAFF = "staff"

    class Joining(models.TextChoices):
        CLOSED = "closed"
        OPEN = "open"

    class Status(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.CharField(max_length=128)
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="contexts")
    name = models.CharField(max_length=128, blank=True)
    description = models.CharField(max_length=128, blank=True)
    visibility = models.CharField(max_length=7, choices=Visibility, default=Visibility.PRIVATE)
    policy = models.JSONField(default=dict)
    contacts = models.CharField(max_length=8, choices=Contacts, default=Contacts.EVERYONE)
    joining = models.CharField(max_length=6, choices=Joining, default=Joining.CLOSED)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    member_count = models.PositiveIntegerField(default=0)
    last_position = models.PositiveBigIntegerField(default=0)
    last_joined_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "public_id"], name="context_public_id"),
            models.CheckConstraint(
                condition=~models.Q(public_id=""), name="context_public_id_given"
            ),
            models.CheckConstraint(
                condition=models.Q(last_position=0, last_joined_at__isnull=True)
                | models.Q(last_position__gt=0, last_joined_at__isnull=False),
                name="context_last_member_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="context_by_time"),
            models.Index(
                fields=["scope", "solution", "created_at", "id"], name="context_of_solution"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.public_id


class ContextShare(ScopeOwned):
    """A context that a solution borrows from the one that it belongs to."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="shares")
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="borrowed")
    shared_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "context", "solution"], name="context_share"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "solution", "context"], name="context_share_of"),
        ]

    def __str__(self) -> str:
        return f"{self.context_id} for {self.solution_id}"
