"""A device's own keys: they are made here and never leave the device."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from identity.crypto import ecdsa_p256, rsa
from identity.crypto.errors import KeyInvalid
from identity.sdk.errors import BundleInvalid


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    """A P-256 key that signs requests and an RSA key that opens replies."""

    signature: ecdsa_p256.PrivateKey
    encryption: rsa.PrivateKey

    @classmethod
    def generate(cls) -> "DeviceKeys":
        """New random keys; the RSA key has 2048 bits."""
        return cls(ecdsa_p256.generate(), rsa.generate())

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "DeviceKeys":
        """Read what `to_json` gave. Raises BundleInvalid."""
        try:
            return cls(
                ecdsa_p256.parse_private(str(stored["ecdsa"])),
                rsa.load_private_pem(str(stored["rsa"])),
            )
        except KeyError as missing:
            raise BundleInvalid(f"The keys lack the field {missing}.") from missing
        except KeyInvalid as refusal:
            raise BundleInvalid(f"The keys cannot be read. {refusal.detail}") from refusal

    def to_json(self) -> dict[str, str]:
        """The private keys as text (`ecdsa` in hex, `rsa` as PEM): store them as a secret."""
        return {
            "ecdsa": ecdsa_p256.private_hex(self.signature),
            "rsa": rsa.private_pem(self.encryption),
        }

    @property
    def signature_pubkey(self) -> str:
        """The compressed point in hex: what the server gets to know of the signing key."""
        return self.signature.public.hex

    @property
    def signature_pem(self) -> str:
        """The private signing key as PEM, for other programs on this device: a secret."""
        return ecdsa_p256.private_pem(self.signature)

    @property
    def encryption_pubkey(self) -> str:
        """The SPKI PEM: what the server gets to know of the opening key."""
        return self.encryption.public.pem
