"""DIDs of users, and the documents of those that are published."""

import json
from typing import Any, ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class DidDocument(ScopeOwned):
    """A DID of a user.

    `body` is the document of a ledger DID as JSON, its members in the order in which they are
    published; the documents of the other methods follow from the DID or from the user's devices
    and are not kept. `message_id` is the ledger's time of the message that published it, in
    `topic_id`. A DID of the ledger or the web that was deactivated is nobody's again.
    """

    class Method(models.TextChoices):
        LEDGER = "ledger"
        KEY = "key"
        WEB = "web"

    class Status(models.TextChoices):
        NEW = "new"
        PUBLISHED = "published"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="did_documents")
    did = models.CharField(max_length=512)
    method = models.CharField(max_length=6, choices=Method)
    body = models.TextField(blank=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.NEW)
    message_id = models.CharField(max_length=40, blank=True)
    topic_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deactivated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "DID"
        verbose_name_plural = "DIDs"
        constraints: ClassVar = [
            # A wallet's key may go and come back; the others end for ever.
            models.UniqueConstraint(
                fields=["scope", "did"],
                condition=~models.Q(method="key") | models.Q(deactivated_at__isnull=True),
                name="did_document_one_did",
            ),
            models.UniqueConstraint(
                fields=["scope", "user", "method"],
                condition=models.Q(method__in=["ledger", "web"], deactivated_at__isnull=True),
                name="did_document_one_of_a_method",
            ),
            models.CheckConstraint(
                condition=models.Q(method__in=["ledger", "key", "web"])
                & models.Q(status__in=["new", "published", "failed"]),
                name="did_document_words_known",
            ),
            models.CheckConstraint(
                condition=models.Q(method="ledger") & ~models.Q(topic_id="")
                | ~models.Q(method="ledger")
                & models.Q(topic_id="", message_id="", status="published"),
                name="did_document_topic_of_ledger",
            ),
            models.CheckConstraint(
                condition=~models.Q(method="ledger")
                | models.Q(status="published") & ~models.Q(message_id="")
                | ~models.Q(status="published") & models.Q(message_id=""),
                name="did_document_message_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "did"], name="did_document_did"),
            models.Index(fields=["scope", "created_at", "id"], name="did_document_list"),
            models.Index(fields=["scope", "user", "created_at", "id"], name="did_document_of_user"),
        ]

    def __str__(self) -> str:
        return self.did

    @property
    def document(self) -> dict[str, Any]:
        """The document of a ledger DID; empty for the other methods."""
        read: dict[str, Any] = json.loads(self.body) if self.body else {}
        return read
