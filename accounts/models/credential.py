"""Verifiable credentials that were issued here, and the contexts that say what they mean."""

from typing import ClassVar

from django.db import models

from accounts.models.credential_status_list import CredentialStatusList
from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class CredentialContext(ScopeOwned):
    """The definitions of the fields of a type of subject; `address` is made of `content`."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    address = models.CharField(max_length=80)
    type_name = models.CharField(max_length=64)
    content = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "address"], name="credential_context_address"),
        ]

    def __str__(self) -> str:
        return self.address


class Credential(ScopeOwned):
    """What an issuer says about a user, signed in both forms that are in use.

    `document` is of the data model 2.0 and names a place in a status list; `document_1_1` is what
    registries exchange. Both say the same under one id, `urn:uuid:` and this row's. `publication`
    tells whether `document_1_1` stands on a ledger: there as message `message_id` of `topic_id`.
    """

    class Status(models.TextChoices):
        VALID = "valid"
        REVOKED = "revoked"

    class Publication(models.TextChoices):
        NEW = "new"
        PUBLISHED = "published"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="credentials")
    issuer = models.CharField(max_length=512)
    type_name = models.CharField(max_length=64)
    credential_hash = models.CharField(max_length=44)
    context = models.ForeignKey(CredentialContext, on_delete=models.PROTECT, related_name="+")
    document = models.JSONField()
    document_1_1 = models.JSONField()
    status = models.CharField(max_length=7, choices=Status, default=Status.VALID)
    status_list = models.ForeignKey(
        CredentialStatusList, on_delete=models.PROTECT, related_name="credentials"
    )
    status_index = models.PositiveIntegerField()
    publication = models.CharField(max_length=9, choices=Publication, default=Publication.NEW)
    topic_id = models.CharField(max_length=64, blank=True)
    message_id = models.CharField(max_length=64, blank=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "status_list", "status_index"], name="credential_place"
            ),
            models.CheckConstraint(
                condition=models.Q(status="valid", revoked_at__isnull=True)
                | models.Q(status="revoked", revoked_at__isnull=False),
                name="credential_status_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(publication="published") & ~models.Q(message_id="")
                | ~models.Q(publication="published") & models.Q(message_id=""),
                name="credential_publication_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "issued_at", "id"], name="credential_by_time"),
            models.Index(fields=["scope", "user", "issued_at", "id"], name="credential_of_user"),
            models.Index(
                fields=["scope", "status_list", "status_index"],
                condition=models.Q(status="revoked"),
                name="credential_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type_name} of {self.user_id}"
