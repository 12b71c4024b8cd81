"""Private keys of DIDs: sealed when they come, opened to sign for their user, gone with the DID."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from accounts import did_errors
from accounts.models import DidDocument, DidKey
from identity import ids
from identity.scoping import inserts, prepared
from identity.services import resealing, sealing

_ROOT: Final = prepared.prepare(
    lambda document: DidKey.objects.filter(
        document_id=document, is_root=True, document__deactivated_at__isnull=True
    ),
    "document",
)
PURPOSE: Final = "did-key.secret"
SEALED: Final = resealing.column(DidKey, "sealed_key", purpose=PURPOSE)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A private key of 32 bytes that comes with a DID."""

    method_id: str
    kind: str
    secret: bytes = field(repr=False)
    is_root: bool = False


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The Ed25519 key that signs for a DID, and the verification method that checks it."""

    verification_method: str
    seed: bytes = field(repr=False)


def keep(document: DidDocument, keys: Iterable[NewKey], *, now: datetime) -> None:
    """Seal keys in the caller's transaction and under its audit event. Raises SealUnavailable."""
    for key in keys:
        inserts.insert_later(_row(document, key, now))


def root_of(document: DidDocument) -> SigningKey:
    """The key that signs for a DID of the scope in force.

    Raises `accounts.did_errors.DidDeactivated` where it is gone, SealBroken, SealUnavailable.
    """
    row = _ROOT.instance(DidKey, document=document.id)
    if row is None:
        raise did_errors.DidDeactivated
    seed = sealing.unseal(bytes(row.sealed_key), purpose=PURPOSE, subject=str(row.id))
    return SigningKey(row.method_id, seed)


def forget(documents: Iterable[DidDocument]) -> None:
    """Delete the keys of DIDs that end, in the caller's transaction."""
    DidKey.objects.filter(document__in=list(documents)).delete()


def _row(document: DidDocument, key: NewKey, now: datetime) -> DidKey:
    key_id = ids.new()
    return DidKey(
        id=key_id,
        scope_id=document.scope_id,
        document=document,
        method_id=key.method_id,
        kind=key.kind,
        is_root=key.is_root,
        sealed_key=sealing.seal(key.secret, purpose=PURPOSE, subject=str(key_id)),
        created_at=now,
    )
