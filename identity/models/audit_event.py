"""What happened: an append-only, hash-chained record per scope."""

from typing import ClassVar

from django.db import models
from django.db.models.fields.json import KT

from identity import ids
from identity.scoping import keyset
from identity.scoping.owned import ScopeOwned


class AuditEvent(ScopeOwned):
    """One thing that happened. Subjects are text ids: the record outlives them."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    name = models.CharField(max_length=64)
    actor = models.JSONField(default=dict)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=128)
    facts = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    # Beside the event, for lists: an expression over JSON could not be read by index behind
    # row-level security.
    actor_user = models.GeneratedField(
        expression=KT("actor__user"), output_field=models.CharField(max_length=128), db_persist=True
    )
    is_alarm = models.GeneratedField(
        expression=models.Case(
            models.When(facts__alarm=True, then=models.Value(True)), default=models.Value(False)
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "sequence"], name="audit_event_sequence"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["scope", "subject_kind", "subject_id", "sequence"],
                name="audit_event_subject",
            ),
            models.Index(
                models.F("scope"),
                keyset.ByteOrder(models.F("name")),
                models.F("sequence"),
                name="audit_event_by_name",
            ),
            models.Index(fields=["scope", "actor_user", "sequence"], name="audit_event_by_user"),
            models.Index(fields=["scope", "at", "sequence"], name="audit_event_by_time"),
            models.Index(
                fields=["scope", "sequence"],
                condition=models.Q(is_alarm=True),
                name="audit_event_alarms",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.name}"


class AuditHead(ScopeOwned):
    """The end of a scope's chain: the row that serialises appending.

    `has_listeners` tells whether the scope has active webhooks: appending reads this row anyway,
    so a scope without any pays nothing for them.
    """

    sequence = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64)
    has_listeners = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope"], name="audit_head_one"),
        ]

    def __str__(self) -> str:
        return f"{self.scope_id} {self.sequence}"


class SignedHead(ScopeOwned):
    """A head that the scope's signature key has vouched for (COSE_Sign1)."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    sequence = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    signed_at = models.DateTimeField()
    statement = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "sequence"], name="signed_head_sequence"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.digest[:12]}"
