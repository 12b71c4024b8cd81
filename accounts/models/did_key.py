"""Private keys of DID documents that the server holds for its users, sealed."""

from typing import ClassVar

from django.db import models

from accounts.models.did_document import DidDocument
from identity import ids
from identity.scoping.owned import ScopeOwned


class DidKey(ScopeOwned):
    """The private key of one verification method; `is_root`: the one that signs for the DID.

    `method_id` is whole, `kind` the method's type. `sealed_key` opens to 32 bytes under the purpose
    `accounts.services.did_keys.PURPOSE` and this row's id alone. The row goes with the DID.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    document = models.ForeignKey(DidDocument, on_delete=models.CASCADE, related_name="keys")
    method_id = models.CharField(max_length=256)
    kind = models.CharField(max_length=32)
    is_root = models.BooleanField(default=False)
    sealed_key = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "document", "method_id"], name="did_key_method"
            ),
            models.UniqueConstraint(
                fields=["scope", "document"],
                condition=models.Q(is_root=True),
                name="did_key_one_root",
            ),
        ]

    def __str__(self) -> str:
        return self.method_id
