"""Verifications of a scope's audit record: who asked, how far they are, what they found."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class AuditCheck(ScopeOwned):
    """One verification of the whole chain up to an event.

    `first_bad` is the first number that can't be relied on, where the fault has one. A running
    check that no process works on any more is `stopped` by the next one.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        HOLDS = "holds"
        BROKEN = "broken"
        STOPPED = "stopped"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    asked_by = models.CharField(max_length=128, blank=True, default="")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    up_to = models.BigIntegerField()
    checked = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    first_bad = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope"],
                condition=models.Q(state="running"),
                name="audit_check_one_running",
            ),
            models.CheckConstraint(
                condition=models.Q(state="running", ended_at__isnull=True)
                | models.Q(state__in=["holds", "broken", "stopped"], ended_at__isnull=False),
                name="audit_check_ends",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "asked_at"], name="audit_check_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.state} up to {self.up_to}"
