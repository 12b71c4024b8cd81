"""Solutions: the applications of a scope, whose circles of people are contexts."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Solution(ScopeOwned):
    """A named group of contexts. `public_id` is the id that programs know, an opaque text."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.CharField(max_length=128)
    name = models.CharField(max_length=256, blank=True)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "public_id"], name="solution_public_id"),
            models.CheckConstraint(
                condition=~models.Q(public_id=""), name="solution_public_id_given"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="solution_by_time"),
        ]

    def __str__(self) -> str:
        return self.name or self.public_id
