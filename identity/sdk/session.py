"""What a client stores: the invitation it got, the session it became, the server's keys."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx

from identity.crypto import ecdsa_p256, rsa
from identity.crypto.errors import KeyInvalid
from identity.sdk import links
from identity.sdk.errors import BundleInvalid
from identity.sdk.keys import DeviceKeys

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The keys by which a client knows its server.

    `signatures` are all keys whose replies are believed, the newest first. A further one comes in
    only through a reply that one of them signed.
    """

    encryption: rsa.PublicKey
    signatures: tuple[ecdsa_p256.PublicKey, ...]


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer to join: a secret, a one-time key, a temporary device, the server's keys."""

    invite_string: str
    one_time_key: ecdsa_p256.PrivateKey
    device: UUID
    server: ServerKeys

    @classmethod
    def from_json(cls, bundle: Mapping[str, Any]) -> "Invitation":
        """Read the bundle that the inviter got, from either protocol. Raises BundleInvalid."""
        names = _API_BUNDLE if "temporary_device" in bundle else _BUNDLE
        one_time_key, device, encryption, signature = names
        return cls(
            invite_string=_field(bundle, "invite_string", _text),
            one_time_key=_field(bundle, one_time_key, ecdsa_p256.parse_private),
            device=_field(bundle, device, UUID),
            server=ServerKeys(
                encryption=_field(bundle, encryption, read_rsa_key),
                signatures=(_field(bundle, signature, ecdsa_p256.parse_public),),
            ),
        )

    @classmethod
    def from_link(cls, url: str, *, http: httpx.Client | None = None) -> "Invitation":
        """Read an invitation's link and ask its server for the key that the link has no room for.

        That key is believed because the key in the link signed it. Raises BundleInvalid, NoAnswer
        and NotGenuine.
        """
        link = links.read(url)
        client = http or httpx.Client(timeout=links.TIMEOUT)
        try:
            said = links.server_keys(link, client)
        finally:
            if http is None:
                client.close()
        return cls(
            invite_string=link.invite_string,
            one_time_key=link.one_time_key,
            device=link.device,
            server=ServerKeys(said.encryption, said.signatures),
        )


_BUNDLE: Final = (
    *("oneTimePrivateKey", "deviceUuid"),
    *("server_rsa_pub_key_pem_b64", "server_ecdsa_pub_key"),
)
_API_BUNDLE: Final = (
    *("one_time_private_key", "temporary_device"),
    *("server_encryption_key", "server_signature_key"),
)


@dataclass(frozen=True, slots=True)
class Session:
    """A registered device: everything that a client needs to make requests."""

    user_id: str
    device: UUID
    keys: DeviceKeys
    server: ServerKeys

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Session":
        """Read what `to_json` gave. Raises BundleInvalid."""
        server = _field(stored, "serverPublicKeys", _mapping)
        newest = _field(server, "ecdsa", ecdsa_p256.parse_public)
        further = tuple(_field(server, "ecdsaFurther", _points)) if "ecdsaFurther" in server else ()
        return cls(
            user_id=_field(stored, "userId", _text),
            device=_field(stored, "deviceUuid", UUID),
            keys=DeviceKeys.from_json(_field(stored, "sessionPrivateKeys", _mapping)),
            server=ServerKeys(_field(server, "rsa", read_rsa_key), (newest, *further)),
        )

    def to_json(self) -> dict[str, Any]:
        """The session in the form of the onboarding page. It holds private keys: a secret."""
        newest, *further = self.server.signatures
        return {
            "userId": self.user_id,
            "deviceUuid": str(self.device),
            "sessionPrivateKeys": self.keys.to_json(),
            "serverPublicKeys": {
                "rsa": self.server.encryption.pem,
                "ecdsa": newest.hex,
                "ecdsaFurther": [key.hex for key in further],
            },
        }


def read_rsa_key(text: str) -> rsa.PublicKey:
    """Read a public RSA key that is a PEM, or a PEM once more in base64. Raises KeyInvalid."""
    if "-----BEGIN" in text:
        return rsa.parse_public(text)
    try:
        return rsa.parse_public(base64.b64decode(text, validate=True).decode())
    except (binascii.Error, ValueError) as error:
        raise KeyInvalid("The RSA key is neither PEM nor PEM in base64.") from error


def _field(source: Mapping[str, Any], name: str, read: Callable[[Any], Read]) -> Read:
    if name not in source:
        raise BundleInvalid(f"The field {name} is missing.")
    try:
        return read(source[name])
    except (KeyInvalid, ValueError, TypeError, AttributeError) as error:
        raise BundleInvalid(f"The field {name} cannot be read.") from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a text is needed")
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("an object is needed")
    return value


def _points(value: Any) -> list[ecdsa_p256.PublicKey]:
    if not isinstance(value, list):
        raise TypeError("a list is needed")
    return [ecdsa_p256.parse_public(point) for point in value]
