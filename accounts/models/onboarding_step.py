"""Steps of onboardings: how far each of the nine is, and what a repeat must know."""

from typing import ClassVar

from django.db import models

from accounts.models.onboarding import Onboarding
from identity import ids
from identity.scoping.owned import ScopeOwned


class OnboardingStep(ScopeOwned):
    """One step. `transactions` are the ids of its calls to the ledger, each stored before its call.

    A call that is repeated under the same id has no second effect. `outcome` is what the calls
    gave and the next steps need, never a secret. `attempts` counts how often it was begun.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"
        SKIPPED = "skipped"
        COMPENSATED = "compensated"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=32)
    state = models.CharField(max_length=11, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    transactions = models.JSONField(default=dict, blank=True)
    outcome = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "onboarding", "number"], name="onboarding_step_number"
            ),
            models.CheckConstraint(
                condition=models.Q(number__gte=1, number__lte=9)
                & models.Q(
                    state__in=[
                        *("pending", "running", "completed", "failed", "skipped", "compensated")
                    ]
                ),
                name="onboarding_step_words_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "running"], ended_at__isnull=True)
                | models.Q(
                    state__in=["completed", "failed", "skipped", "compensated"],
                    ended_at__isnull=False,
                ),
                name="onboarding_step_end_paired",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name} {self.state}"
