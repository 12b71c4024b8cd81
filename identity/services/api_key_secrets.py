"""What API keys are known by: bearer secrets, shared secrets that are sealed, and public keys."""

import hashlib
import hmac
import os
import secrets
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from identity import errors
from identity.crypto import ecdsa_p256, ed25519
from identity.crypto.remembered import Remembered
from identity.errors import DomainError
from identity.models import ApiKey
from identity.scoping import current
from identity.scoping.key_doors import ApiKeyDoor
from identity.services import resealing, sealing

PREFIX: Final = "csk_"
"""How a bearer secret of our own form begins, so that scanners find one that leaked."""
_SECRET_LENGTH: Final = len(PREFIX) + 43 + 8
_HEX_BYTES: Final = 16
_SEALED_AS: Final = "api-key"
SEALED: Final = resealing.column(ApiKey, "sealed_secret", purpose=_SEALED_AS)
SEALED_PREVIOUS: Final = resealing.column(ApiKey, "previous_sealed", purpose=_SEALED_AS)
_unsealed: Final = Remembered[tuple[UUID, bytes], bytes](4096)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a key is known by: the digest of a secret, or a public key that signs.

    `shared` is the secret itself where requests are authenticated under it without showing it.
    """

    kind: ApiKey.Kind
    secret_digest: str = field(default="", repr=False)
    public_key: str = ""
    algorithm: str = ""
    shared: str = field(default="", repr=False)

    def columns(self, key_id: UUID) -> dict[str, Any]:
        """As the row of this id has it. Raises SealUnavailable."""
        return {
            "kind": self.kind,
            "secret_digest": self.secret_digest,
            "public_key": self.public_key,
            "algorithm": self.algorithm,
            "sealed_secret": sealed(self.shared, key_id) if self.shared else None,
        }


def new_secret() -> str:
    """A bearer secret of our own form: 256 random bits, and a checksum that scanners can test."""
    text = PREFIX + urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
    return f"{text}{zlib.crc32(text.encode()):08x}"


def is_secret(text: str) -> bool:
    """Whether a text has that form: what has not needs no look-up."""
    if len(text) != _SECRET_LENGTH or not text.startswith(PREFIX) or not text.isascii():
        return False
    return f"{zlib.crc32(text[:-8].encode()):08x}" == text[-8:]


def new_hex_secret() -> str:
    """A shared secret: 128 random bits as 32 digits of lower hex."""
    return secrets.token_hex(_HEX_BYTES)


def digest(secret: str) -> str:
    """SHA-256 in lower hex: what a secret, of whatever form, is found by."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def bearer(secret: str) -> Credential:
    """The credential of a random secret, which a face may have made in a form of its own."""
    return Credential(ApiKey.Kind.BEARER, secret_digest=digest(secret))


def shared(secret: str) -> Credential:
    """The credential of a random secret under which requests are authenticated, too."""
    return Credential(ApiKey.Kind.SHARED, secret_digest=digest(secret), shared=secret)


def signing(public_key: str, *, algorithm: str = ApiKey.Algorithm.P256) -> Credential:
    """The credential of a key that signs.

    `p256`: a compressed point in hex. `ed25519`: 32 bytes in hex, or an SPKI in PEM. Raises
    `identity.errors.Invalid`.
    """
    return Credential(
        ApiKey.Kind.SIGNATURE, public_key=_public(public_key, algorithm), algorithm=algorithm
    )


def sealed(secret: str, key_id: UUID) -> bytes:
    """A shared secret as the row of this key keeps it. Raises SealUnavailable."""
    return sealing.seal(secret.encode(), purpose=_SEALED_AS, subject=str(key_id))


def renew(row: ApiKey, *, until: datetime | None) -> str:
    """Put a new secret into a row, beside the one before if that counts until then.

    The row is the caller's to save. Raises SealUnavailable.
    """
    row.previous_digest = row.secret_digest if until else ""
    row.previous_sealed = row.sealed_secret if until else None
    row.previous_until = until
    if row.kind == ApiKey.Kind.SHARED:
        secret = new_hex_secret()
        row.sealed_secret = sealed(secret, row.id)
    else:
        secret = new_secret()
    row.secret_digest = digest(secret)
    return secret


def unseal_secrets(door: ApiKeyDoor, *, now: datetime) -> Sequence[bytes]:
    """The secrets that authenticate requests of a key: its own, and within an overlap the former.

    Empty for keys without a shared secret. A value is unsealed once per process. Raises SealBroken,
    SealUnavailable.
    """
    values = [door.sealed_secret, door.previous_sealed if door.has_previous(now) else None]
    return [_unseal(door.id, each) for each in values if each is not None]


def forget_previous(*, now: datetime) -> int:
    """Remove former secrets that count no more, in every scope; how many those were."""
    with current.across_scopes(why="former secrets of API keys are removed in every scope"):
        over = ApiKey.objects.filter(previous_until__lte=now)
        return over.update(previous_digest="", previous_sealed=None, previous_until=None)


def require_secret(door: ApiKeyDoor, text: str, *, now: datetime) -> None:
    """Check that a text is the secret of this key, or the former within an overlap.

    Both are compared in constant time. Raises `identity.errors.Unauthenticated`, for keys that sign
    too: they have no secret here.
    """
    given = digest(text)
    is_own = hmac.compare_digest(given, door.secret_digest)
    is_former = hmac.compare_digest(given, door.previous_digest) and door.has_previous(now)
    if not is_own and not is_former:
        raise errors.Unauthenticated


def _unseal(key_id: UUID, value: bytes) -> bytes:
    known = _unsealed.get((key_id, value))
    if known is None:
        known = sealing.unseal(value, purpose=_SEALED_AS, subject=str(key_id))
        _unsealed.keep((key_id, value), known)
    return known


def _public(text: str, algorithm: str) -> str:
    try:
        if algorithm == ApiKey.Algorithm.P256:
            return ecdsa_p256.parse_public(text).hex
        if algorithm == ApiKey.Algorithm.ED25519:
            return _ed25519(text).raw.hex()
    except DomainError:
        raise errors.Invalid(
            f"This is no public key for {algorithm}.", field="public_key"
        ) from None
    raise errors.Invalid("A key signs with p256 or ed25519.", field="algorithm")


def _ed25519(text: str) -> ed25519.PublicKey:
    if text.lstrip().startswith("-----"):
        return ed25519.parse_spki(text)
    try:
        raw = bytes.fromhex(text) if text == "".join(text.split()) else b""
    except ValueError:
        raw = b""
    return ed25519.parse_foreign_public(raw)
