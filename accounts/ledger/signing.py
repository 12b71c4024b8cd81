"""Who signs transactions of a ledger: a key held here, or somebody elsewhere."""

from dataclasses import dataclass, field
from typing import Protocol

from identity.crypto import ed25519


class Signer(Protocol):
    """The holder of one Ed25519 key."""

    @property
    def public_key(self) -> bytes:
        """The raw 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes over the message itself.

        Raises `Unavailable` if whoever holds the key can't be reached, `Refused` if they decline.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """A key in this process's memory."""

    key: ed25519.PrivateKey = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """The raw 32 bytes."""
        return self.key.public.raw

    def sign(self, message: bytes) -> bytes:
        """As RFC 8032 says."""
        return ed25519.sign(self.key, message)


def local(seed: bytes) -> LocalSigner:
    """The signer of a seed of 32 bytes. Raises KeyInvalid."""
    return LocalSigner(ed25519.parse_private(seed))
