"""Secrets of remotes: sealed for the row that they are meant for, opened for a call alone."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from accounts.models import Remote
from identity import errors
from identity.crypto.errors import SealBroken
from identity.services import resealing, sealing

LONGEST: Final = 128
_SEALED_AS: Final = "remote.api-key-secret"
SEALED: Final = resealing.column(Remote, "sealed_secret", purpose=_SEALED_AS)


@dataclass(frozen=True, slots=True)
class Access:
    """What a call to a remote needs. The secret is in no representation of it."""

    url: str
    api_key_id: str
    secret: str = field(repr=False)


def require_plain(secret: str) -> None:
    """Raise Invalid for what can't be a secret of a remote."""
    is_plain = secret.isascii() and secret.isprintable() and " " not in secret
    if not 1 <= len(secret) <= LONGEST or not is_plain:
        raise errors.Invalid(
            f"secret is 1 to {LONGEST} printable ASCII characters.", field="secret"
        )


def sealed(secret: str, *, remote_id: UUID) -> bytes:
    """A secret as commands carry it. Raises Invalid for what can't be one."""
    require_plain(secret)
    return sealing.seal(secret.encode(), purpose=_SEALED_AS, subject=str(remote_id))


def require_sealed(secret: bytes, *, remote_id: UUID) -> None:
    """Raise Invalid unless this was sealed for this remote. Raises SealUnavailable."""
    try:
        sealing.unseal(secret, purpose=_SEALED_AS, subject=str(remote_id))
    except SealBroken:
        raise errors.Invalid("The secret was not sealed for this remote.", field="secret") from None


def access(remote: Remote) -> Access:
    """The remote's address and key in clear. Raises SealBroken, SealUnavailable."""
    opened = sealing.unseal(bytes(remote.sealed_secret), purpose=_SEALED_AS, subject=str(remote.id))
    return Access(remote.url, remote.api_key_id, opened.decode())
