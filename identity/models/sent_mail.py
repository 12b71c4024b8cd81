"""The log of mail: what was asked for, to whom, and how it went. What it said is not in it."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class SentMail(ScopeOwned):
    """One mail to one recipient. `purpose` says what for: `sign-in`, `address-changed`.

    `sealed_context` is what the template is filled with, a code among it; it is there only between
    the wish and the sending. Nothing is sent after `useful_until`. `about` is the id of the
    invitation that it is about, where it is about one.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    template = models.CharField(max_length=64)
    purpose = models.CharField(max_length=32)
    recipient = models.CharField(max_length=254)
    about = models.UUIDField(null=True, blank=True)
    state = models.CharField(max_length=6, choices=State, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=128, blank=True)
    sealed_context = models.BinaryField(null=True, blank=True)
    queued_at = models.DateTimeField()
    useful_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    state="queued", ended_at__isnull=True, sealed_context__isnull=False
                )
                | models.Q(
                    state__in=["sent", "failed"],
                    ended_at__isnull=False,
                    sealed_context__isnull=True,
                ),
                name="sent_mail_ended_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "queued_at", "id"], name="sent_mail_list"),
            models.Index(fields=["scope", "state", "queued_at", "id"], name="sent_mail_by_state"),
            models.Index(fields=["queued_at"], name="sent_mail_due"),
            models.Index(
                fields=["scope", "about", "queued_at"],
                condition=models.Q(about__isnull=False),
                name="sent_mail_about",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.state}"
