"""Invitations of many people at once: one uploaded list and what became of each of its lines."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class InvitationBatch(ScopeOwned):
    """A list that somebody uploaded. Nothing of it is done before its maker confirms it.

    `actor` says how its maker was identified, so that the work is done with the rights that the
    maker has then.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        RUNNING = "running"
        DONE = "done"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    name = models.CharField(max_length=128, blank=True)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=7, choices=State, default=State.DRAFT)
    made_by = models.UUIDField()
    actor = models.JSONField()
    mails_links = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "invitation batches"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state="draft", confirmed_at__isnull=True, ended_at__isnull=True)
                | models.Q(state="running", confirmed_at__isnull=False, ended_at__isnull=True)
                | models.Q(state="done", confirmed_at__isnull=False, ended_at__isnull=False),
                name="invitation_batch_state_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="invitation_batch_list"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)


class InvitationBatchLine(ScopeOwned):
    """One line: what it asks for, what the dry run foretold, and what became of it.

    `kind` is what the dry run took the person for: new, again or further. `user` is the id that a
    new person would get, so that the work can be done again without making the person twice.
    `sealed_bundle` waits for the maker, who takes it once.
    """

    class State(models.TextChoices):
        UNCHECKED = "unchecked"
        CHECKED = "checked"
        ISSUED = "issued"
        PENDING = "pending"
        REFUSED = "refused"

    class Fate(models.TextChoices):
        NEW = "new"
        AGAIN = "again"
        FURTHER = "further"
        WAITS = "waits"
        DUPLICATE = "duplicate"
        FORBIDDEN = "forbidden"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    batch = models.ForeignKey(InvitationBatch, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    entry = models.JSONField()
    state = models.CharField(max_length=9, choices=State, default=State.UNCHECKED)
    kind = models.CharField(max_length=7, blank=True)
    fate = models.CharField(max_length=9, choices=Fate, blank=True)
    reason = models.CharField(max_length=512, blank=True)
    user = models.UUIDField(default=ids.new)
    invitation_id = models.UUIDField(null=True, blank=True)
    proposal_id = models.UUIDField(null=True, blank=True)
    sealed_bundle = models.BinaryField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "batch", "number"], name="invitation_batch_line_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="issued", invitation_id__isnull=False)
                | (~models.Q(state="issued") & models.Q(invitation_id__isnull=True)),
                name="invitation_batch_line_issued_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(state="pending", proposal_id__isnull=False)
                | (~models.Q(state="pending") & models.Q(proposal_id__isnull=True)),
                name="invitation_batch_line_pending_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(sealed_bundle__isnull=True) | models.Q(state="issued"),
                name="invitation_batch_line_sealed_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["unchecked", "checked", "issued", "pending", "refused"]
                ),
                name="invitation_batch_line_state_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["scope", "batch", "state", "number"], name="invitation_batch_line_work"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"
