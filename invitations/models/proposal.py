"""Proposals, votes and effects: changes that wait for others."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Proposal(ScopeOwned):
    """A change that waits. `request` is the proposer's signed request: the evidence.

    `details` holds the commands with secrets replaced by verifiers. `target` and `target_version`
    freeze what the proposer saw. `sealed_outcome` is what the effect answered.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        EXECUTED = "executed"
        FAILED = "failed"
        REJECTED = "rejected"
        CANCELLED = "cancelled"
        EXPIRED = "expired"
        STALE = "stale"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    commands = models.JSONField()
    action = models.CharField(max_length=16)
    resource = models.CharField(max_length=256)
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    proposer_id = models.UUIDField(null=True)
    proposer_device_id = models.UUIDField(null=True)
    actor = models.JSONField()
    request = models.BinaryField()
    request_is_attested = models.BooleanField(default=False)
    policy_id = models.UUIDField()
    policy_version = models.PositiveIntegerField()
    policy = models.JSONField()
    review_expression = models.TextField()
    strict_standing = models.BooleanField(default=False)
    targets = models.JSONField(default=list)
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=512, blank=True)
    standing = models.JSONField(default=list)
    sealed_outcome = models.BinaryField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[
                        "pending",
                        "executed",
                        "failed",
                        "rejected",
                        "cancelled",
                        "expired",
                        "stale",
                    ]
                ),
                name="proposal_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="pending", decided_at__isnull=True)
                | (~models.Q(state="pending") & models.Q(decided_at__isnull=False)),
                name="proposal_decided_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "state", "created_at", "id"], name="proposal_list"),
            models.Index(fields=["scope", "created_at", "id"], name="proposal_by_time"),
            models.Index(
                fields=["scope", "proposer_id", "created_at", "id"], name="proposal_by_proposer"
            ),
            models.Index(
                fields=["scope", "resource", "created_at", "id"], name="proposal_by_resource"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.resource}"

    def state_at(self, now: datetime) -> str:
        """The state a reader should see: expiry is judged when read."""
        if self.state == self.State.PENDING and self.expires_at <= now:
            return self.State.EXPIRED
        return self.state


class Vote(ScopeOwned):
    """One person's signed decision. A retracted vote stays as a record."""

    class Decision(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="votes")
    user_id = models.UUIDField()
    device_id = models.UUIDField(null=True)
    decision = models.CharField(max_length=7, choices=Decision)
    reason = models.CharField(max_length=512, blank=True)
    evidence = models.BinaryField()
    is_attested = models.BooleanField(default=False)
    cast_at = models.DateTimeField()
    retracted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "proposal", "user_id"],
                condition=models.Q(retracted_at__isnull=True),
                name="vote_once",
            ),
            models.CheckConstraint(
                condition=models.Q(decision__in=["approve", "reject"]), name="vote_decision_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.decision}"


class Effect(ScopeOwned):
    """That a proposal's change was made. The primary key makes it happen once."""

    proposal = models.OneToOneField(
        Proposal, on_delete=models.PROTECT, primary_key=True, related_name="effect"
    )
    executed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.proposal_id)
