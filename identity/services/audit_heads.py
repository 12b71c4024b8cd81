"""Signed heads: now and then the scope's signature key vouches for the chain so far."""

from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from identity.crypto import audit_chain, ecdsa_p256
from identity.models import AuditHead, SignedHead
from identity.scoping import current
from identity.services import audit, server_keys


def sign_head(*, now: datetime) -> SignedHead | None:
    """Sign the end of the chain of the scope in force; None when it is signed already.

    Of two processes at the same time both may sign, one row stays. Writes no audit event: a head
    is part of the record, and an event about it would never be covered. Raises Missing without an
    active signature key.
    """
    with transaction.atomic():
        head = AuditHead.objects.get()
        if SignedHead.objects.filter(sequence__gte=head.sequence).exists():
            return None
        key = server_keys.active_signing_key()

        def sign(message: bytes) -> bytes:
            return ecdsa_p256.sign(key, message)

        statement = audit_chain.sign_head(
            scope=head.scope_id,
            seq=head.sequence,
            digest=bytes.fromhex(head.digest),
            at=audit.microseconds(now.astimezone(UTC)),
            sign=sign,
            kid=key.public.kid,
        )
        signed = SignedHead(
            scope_id=head.scope_id,
            sequence=head.sequence,
            digest=head.digest,
            signed_at=now,
            statement=statement,
        )
        SignedHead.objects.bulk_create([signed], ignore_conflicts=True)
    return signed


def sign_every_head(*, now: datetime) -> int:
    """Sign the chain of every scope that went on since its last signed head; how many did."""
    with current.across_scopes(why="heads are signed in every scope"):
        newest = SignedHead.objects.filter(
            scope_id=OuterRef("scope_id"), sequence=OuterRef("sequence")
        )
        unsigned = AuditHead.objects.exclude(Exists(newest))
        scope_ids = list(unsigned.values_list("scope_id", flat=True))
    signed = 0
    for scope_id in scope_ids:
        with current.in_scope(scope_id):
            signed += sign_head(now=now) is not None
    return signed
