"""Status lists: where anybody can see which credentials of a scope were revoked."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class CredentialStatusList(ScopeOwned):
    """One list of a fixed number of places; `number` is its public name, from 1 on.

    Which bits are set follows from the credentials. `version` counts the changes of them, and
    `changed_at` is when the last one was.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    number = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "number"], name="credential_list_number"),
        ]

    def __str__(self) -> str:
        return f"list {self.number}"
