"""Content that messages of a ledger point to, found by what it is."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class StoredContent(ScopeOwned):
    """Bytes under their CIDv1 (raw, SHA-256, base32), which says what they must be."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    cid = models.CharField(max_length=64)
    content = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "cid"], name="stored_content_cid"),
        ]

    def __str__(self) -> str:
        return self.cid
