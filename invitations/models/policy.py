"""Policies: the rules that decide ALLOW, DENY or REVIEW for a change."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Policy(ScopeOwned):
    """One rule. Locked policies are made with the scope and can't be changed.

    `only_if_reachable`: the policy steps back while too few people exist to satisfy it.
    """

    class Decision(models.TextChoices):
        ALLOW = "ALLOW"
        DENY = "DENY"
        REVIEW = "REVIEW"

    class Status(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.UUIDField(default=ids.new)
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=512, blank=True)
    resource = models.CharField(max_length=128)
    action = models.CharField(max_length=16)
    priority = models.IntegerField(default=100)
    expression = models.TextField(blank=True)
    decision_on_true = models.CharField(max_length=6, choices=Decision)
    review_expression = models.TextField(blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    version = models.PositiveIntegerField(default=1)
    is_locked = models.BooleanField(default=False)
    only_if_reachable = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "public_id"], name="policy_public_id"),
            models.CheckConstraint(
                condition=(models.Q(decision_on_true="REVIEW") & ~models.Q(review_expression=""))
                | (
                    models.Q(decision_on_true__in=["ALLOW", "DENY"])
                    & models.Q(review_expression="")
                ),
                name="policy_review_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "disabled"]), name="policy_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name
