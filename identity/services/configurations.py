"""What owners of scopes sign with a key of theirs: proven, and each text taken once."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from identity.crypto import ecdsa_p256
from identity.errors import DomainError, Unauthenticated
from identity.models import SignedConfiguration
from identity.scoping import current
from identity.services import developer_keys, refusals
from identity.services.developer_keys import KnownKey


@dataclass(frozen=True, slots=True)
class Signed:
    """A text and a signature over it in DER, with the key that is said to have made it."""

    text: str = field(repr=False)
    signature: bytes = field(repr=False)
    public_key: str


def proven(signed: Signed) -> ecdsa_p256.PublicKey:
    """The key, if it signed this very text. Raises Unauthenticated, `identity.errors.Invalid`."""
    public = developer_keys.parsed(signed.public_key)
    try:
        ecdsa_p256.verify_der(public, signed.signature, signed.text.encode())
    except DomainError:
        raise Unauthenticated from None
    return public


def owner(signed: Signed) -> KnownKey:
    """The owner's key of the scope in force, if it signed this. Raises as `proven`.

    A key that is nobody's here and one that is another developer's are refused alike.
    """
    known = developer_keys.known(proven(signed))
    if known is None or not known.is_owner:
        raise Unauthenticated
    return known


def take(signed: Signed, *, now: datetime) -> None:
    """Take a text under its key for the scope in force, once in the whole deployment.

    In the transaction of what the text is for. Raises ConfigurationUsed.
    """
    public = developer_keys.parsed(signed.public_key)
    digest = hashlib.sha256(f"{public.hex}\n{signed.text}".encode()).hexdigest()
    row = SignedConfiguration(scope_id=current.required_scope(), digest=digest, taken_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise refusals.ConfigurationUsed from None
