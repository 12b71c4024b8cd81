"""Webhooks: who is told of which events, the keys that sign, and what became of each message."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Webhook(ScopeOwned):
    """An address that is told of events. `events` are patterns of their names.

    `reason` says why it is disabled: by hand, the receiver is gone (410), or it failed for days.
    `lease` names the courier that works for it until `leased_until`.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    class Reason(models.TextChoices):
        NONE = ""
        BY_HAND = "by-hand"
        GONE = "gone"
        FAILING = "failing"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.UUIDField()
    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=200, blank=True, default="")
    events = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    reason = models.CharField(max_length=10, choices=Reason, default=Reason.NONE, blank=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "public_id"], name="webhook_public_id"),
            models.CheckConstraint(
                condition=models.Q(status="active", reason="")
                | models.Q(status="disabled", reason__in=["by-hand", "gone", "failing"]),
                name="webhook_says_why_disabled",
            ),
            models.CheckConstraint(
                condition=models.Q(lease__isnull=True, leased_until__isnull=True)
                | models.Q(lease__isnull=False, leased_until__isnull=False),
                name="webhook_lease_whole",
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class WebhookKey(ScopeOwned):
    """The Ed25519 key with which a scope signs its webhooks; while it is rotated there are two."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        RETIRING = "retiring"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public = models.CharField(max_length=64)
    sealed_private = models.BinaryField()
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    activated_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope"],
                condition=models.Q(status="active"),
                name="webhook_key_one_active",
            ),
            models.CheckConstraint(
                condition=models.Q(status="active", expires_at__isnull=True)
                | models.Q(status="retiring", expires_at__isnull=False),
                name="webhook_key_expires_unless_active",
            ),
        ]

    def __str__(self) -> str:
        return self.public


class WebhookDelivery(ScopeOwned):
    """One event on its way to one webhook; the row is the outbox.

    `spent` is how many of the attempts were made before it was last replayed by hand.
    Neither webhook nor event is a foreign key: a deletion must not wait for thousands of rows, and
    the record of events is append-only.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    webhook_id = models.UUIDField()
    event_id = models.UUIDField()
    event_name = models.CharField(max_length=64)
    sequence = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.IntegerField(default=0)
    spent = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "webhook_id", "sequence"], name="webhook_delivery_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="pending", ended_at__isnull=True)
                | models.Q(state__in=["delivered", "failed"], ended_at__isnull=False),
                name="webhook_delivery_ends",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["webhook_id", "due_at"],
                condition=models.Q(state="pending"),
                name="webhook_delivery_next",
            ),
            models.Index(
                fields=["due_at", "webhook_id"],
                condition=models.Q(state="pending"),
                name="webhook_delivery_due",
            ),
            models.Index(fields=["created_at"], name="webhook_delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event_name} {self.state}"


class WebhookAttempt(ScopeOwned):
    """One try to deliver: what came back, cut and without what looks like a secret."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="tries")
    number = models.IntegerField()
    at = models.DateTimeField()
    milliseconds = models.IntegerField()
    status = models.IntegerField(null=True, blank=True)
    answer = models.CharField(max_length=1024, blank=True, default="")
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "delivery", "number"], name="webhook_attempt_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.status or self.error}"
