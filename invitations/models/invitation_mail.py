"""Mails about invitations before they came to the log of all mail, which took them over."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned
from invitations.models.invitation import Invitation


class InvitationMail(ScopeOwned):
    """One such mail. Nobody writes or reads these any more; the table goes in the next release."""

    class Kind(models.TextChoices):
        NOTICE = "notice"
        LINK = "link"

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=6, choices=Kind)
    to = models.CharField(max_length=254)
    state = models.CharField(max_length=6, choices=State, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=128, blank=True)
    sealed_link = models.BinaryField(null=True, blank=True)
    queued_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["notice", "link"]), name="invitation_mail_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="queued", ended_at__isnull=True)
                | models.Q(state__in=["sent", "failed"], ended_at__isnull=False),
                name="invitation_mail_ended_paired",
            ),
            # A link is kept no longer than it takes to send it.
            models.CheckConstraint(
                condition=models.Q(sealed_link__isnull=True)
                | models.Q(state="queued", kind="link"),
                name="invitation_mail_link_waits",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "invitation", "queued_at"], name="invitation_mail_log"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
