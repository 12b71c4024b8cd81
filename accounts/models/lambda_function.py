"""Lambdas: what a user stored to be signed later, the conditions of it, and how its runs went."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class Lambda(ScopeOwned):
    """Conditions, and what is signed with its owner's key when they are met.

    `config` is that of `accounts.lambdas.config`, and never changes. `max_executions` 0 means
    without end; every run that began counts, whatever became of it. Who stopped a lambda stopped
    it for ever.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="lambdas")
    config = models.JSONField()
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    max_executions = models.PositiveIntegerField(default=0)
    total_executions = models.PositiveBigIntegerField(default=0)
    ok_executions = models.PositiveBigIntegerField(default=0)
    last_executed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status="active", disabled_at__isnull=True)
                | models.Q(status="disabled", disabled_at__isnull=False),
                name="lambda_status_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(max_executions=0)
                | models.Q(total_executions__lte=models.F("max_executions")),
                name="lambda_within_its_executions",
            ),
            models.CheckConstraint(
                condition=models.Q(ok_executions__lte=models.F("total_executions")),
                name="lambda_signed_no_more_than_ran",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="lambda_list"),
            models.Index(fields=["scope", "user", "created_at", "id"], name="lambda_of_user"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class LambdaExecution(ScopeOwned):
    """One run of a lambda. `begun` without an end: the process that ran it was killed.

    `number` counts the runs of one lambda from 1. `reason` is the code of a refusal, or
    what is noted beside it; `digest` that of what was signed, in hex.
    """

    class Outcome(models.TextChoices):
        BEGUN = "begun"
        SIGNED = "signed"
        NOT_MET = "not-met"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    executed = models.ForeignKey(Lambda, on_delete=models.CASCADE, related_name="executions")
    number = models.PositiveBigIntegerField()
    outcome = models.CharField(max_length=7, choices=Outcome, default=Outcome.BEGUN)
    reason = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)
    hooks_sent = models.PositiveSmallIntegerField(default=0)
    hooks_failed = models.PositiveSmallIntegerField(default=0)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "executed", "number"], name="lambda_execution_number"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="begun", ended_at__isnull=True)
                | (~models.Q(outcome="begun") & models.Q(ended_at__isnull=False)),
                name="lambda_execution_end_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="signed") | models.Q(digest=""),
                name="lambda_execution_digest_signed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.executed_id} {self.number}"
