"""What a managed key signed, or was asked to sign: each once, by its digest."""

from typing import ClassVar

from django.db import models

from accounts.models.managed_key import ManagedKey
from identity import ids
from identity.scoping.owned import ScopeOwned


class KeySignature(ScopeOwned):
    """One signature. `digest` is what was signed, in hex; the thing itself is not kept here.

    `pending` waits for the proposal and becomes `signed` or `ended`, once. `sealed_result` is the
    signature that its owner fetches after an approval; one that was given at once is not kept.
    `vouched_by` is the developer key by whose word the user acted.
    """

    class Kind(models.TextChoices):
        PERSONAL_MESSAGE = "personal_message"
        TRANSACTION = "transaction"
        TYPED_DATA = "typed_data"

    class Outcome(models.TextChoices):
        PENDING = "pending"
        SIGNED = "signed"
        ENDED = "ended"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    key = models.ForeignKey(ManagedKey, on_delete=models.PROTECT, related_name="signatures")
    kind = models.CharField(max_length=16, choices=Kind)
    digest = models.CharField(max_length=64)
    outcome = models.CharField(max_length=7, choices=Outcome)
    actor_kind = models.CharField(max_length=16)
    session_id = models.UUIDField(null=True, blank=True)
    device_id = models.UUIDField(null=True, blank=True)
    vouched_by = models.UUIDField(null=True, blank=True)
    proposal_id = models.UUIDField(null=True, blank=True)
    asked_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True, blank=True)
    sealed_result = models.BinaryField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["personal_message", "transaction", "typed_data"]),
                name="key_signature_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="signed", signed_at__isnull=False)
                | models.Q(
                    outcome__in=["pending", "ended"],
                    signed_at__isnull=True,
                    sealed_result__isnull=True,
                    proposal_id__isnull=False,
                ),
                name="key_signature_outcome_paired",
            ),
            models.UniqueConstraint(
                fields=["scope", "proposal_id"],
                condition=models.Q(proposal_id__isnull=False),
                name="key_signature_proposal",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "key", "asked_at", "id"], name="key_signature_list")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest}"
