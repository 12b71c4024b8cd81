"""What the fixtures of these tests hand out."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.models import Device, User
from identity.actor import Actor
from identity.crypto import ecdsa_p256, rsa


@dataclass(frozen=True)
class KeyPair:
    """A device's private keys and the public ones as it sends them."""

    signing: ecdsa_p256.PrivateKey
    opening: rsa.PrivateKey

    @property
    def signature_key(self) -> str:
        return self.signing.public.hex

    @property
    def encryption_key(self) -> str:
        return self.opening.public.pem


@dataclass(frozen=True)
class Sent:
    """Public keys as somebody sends them."""

    signature_key: str
    encryption_key: str


MakeKeys = Callable[[], KeyPair]
MakeUser = Callable[..., User]
MakeDevice = Callable[..., Device]
MakeActor = Callable[[User], Actor]
Events = Callable[[], list[str]]
