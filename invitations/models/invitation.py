"""Invitations: offers to join with a one-time key."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from accounts.models import Device, User
from identity import ids
from identity.scoping.owned import ScopeOwned


class Invitation(ScopeOwned):
    """A single-use, expiring, revocable offer. Expiry is judged when read: no job makes it true."""

    class State(models.TextChoices):
        OPEN = "open"
        PENDING = "pending"
        USED = "used"
        REFUSED = "refused"
        REVOKED = "revoked"
        LOCKED = "locked"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations")
    temporary_device_id = models.UUIDField(default=ids.new, unique=True)
    secret_digest = models.CharField(max_length=64, unique=True)
    one_time_key = models.CharField(max_length=66)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    invited_by = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    keys_digest = models.CharField(max_length=64, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True)
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, null=True, blank=True, related_name="invitation"
    )
    proposal_id = models.UUIDField(null=True, blank=True)
    # How the person joined where it was not with a device.
    joined_by = models.CharField(max_length=8, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["open", "pending", "used", "refused", "revoked", "locked"]
                ),
                name="invitation_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="used", device__isnull=False, used_at__isnull=False, joined_by=""
                )
                | (
                    models.Q(state="used", device__isnull=True, used_at__isnull=False)
                    & models.Q(joined_by__in=["wallet", "mail", "provider", "key"])
                )
                | (~models.Q(state="used") & models.Q(device__isnull=True, joined_by="")),
                name="invitation_used_paired",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="pending") | models.Q(proposal_id__isnull=False),
                name="invitation_pending_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "user", "state"], name="invitation_user"),
            models.Index(fields=["scope", "created_at", "id"], name="invitation_list"),
            models.Index(fields=["scope", "state", "created_at", "id"], name="invitation_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    def is_expired(self, now: datetime) -> bool:
        """Whether the offer has run out unused."""
        return self.state in {self.State.OPEN, self.State.PENDING} and self.expires_at <= now

    def state_at(self, now: datetime) -> str:
        """The state a reader should see."""
        return "expired" if self.state == self.State.OPEN and self.is_expired(now) else self.state
