"""The history of sign-ins: who came in how and from where, and who was refused."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class SignIn(ScopeOwned):
    """One try to sign in as a user who exists. Kept for 90 days; the audit record stays.

    `user_id` is no foreign key, so that history never holds up anything.
    """

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user_id = models.UUIDField()
    at = models.DateTimeField()
    method = models.CharField(max_length=8)
    provider_name = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=9, choices=Outcome)
    reason = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    session_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = "sign-in"
        verbose_name_plural = "sign-ins"
        indexes: ClassVar = [
            models.Index(fields=["scope", "user_id", "at", "id"], name="sign_in_user"),
            models.Index(fields=["scope", "at", "id"], name="sign_in_list"),
            models.Index(fields=["at"], name="sign_in_due"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.outcome}"
