"""The request under a proposal: who signed it, and what it asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from identity.crypto import cbor, cose, cose_sign1, ecdsa_p256, evidence, strict_json
from identity.crypto.errors import EnvelopeMalformed, KeyInvalid, SignatureInvalid
from identity.errors import DomainError
from identity.sdk.errors import NotGenuine

_ATTESTED_LABELS: Final = {cose_sign1.ALGORITHM, cose_sign1.KEY_ID, cose_sign1.TYPE}


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request whose signature was checked."""

    payload: Mapping[str, Any]
    device: UUID | None
    """The device that signed; None where the server attests the request."""

    @property
    def asked_for(self) -> list[tuple[Any, Any]]:
        """Action and resource of the request, or of each item of its batches."""
        if "action" in self.payload:
            return [(self.payload["action"], self.payload.get("resource"))]
        return [
            (item.get("action"), item.get("resource"))
            for name in ("batch", "atomicBatch")
            for item in self.payload.get(name, ())
            if isinstance(item, Mapping)
        ]


def verify(
    sign1: bytes,
    *,
    expected_signer: ecdsa_p256.PublicKey | None,
    named_signer: Any,
    server_keys: Iterable[ecdsa_p256.PublicKey],
) -> SignedRequest:
    """Check who signed: `expected_signer`, else the server itself, else the key it names.

    Raises NotGenuine.
    """
    try:
        if evidence.is_http_request(sign1):
            return _http(sign1, expected_signer or _parse_signer(named_signer), server_keys)
        if expected_signer is None and (attested := _attested(sign1, server_keys)) is not None:
            return SignedRequest(strict_json.decode(attested), None)
        inner = cose.read_signed_request(sign1)
        signer = expected_signer or _parse_signer(named_signer)
        cose.verify_signed_request(inner, signer)
        return SignedRequest(strict_json.decode(inner.payload), inner.device)
    except DomainError as error:
        raise NotGenuine("The request is not signed as it should be.") from error


def _http(
    sign1: bytes, signer: ecdsa_p256.PublicKey, server_keys: Iterable[ecdsa_p256.PublicKey]
) -> SignedRequest:
    """A request that a device signed as an HTTP message, inside the server's statement."""
    keys = [key.hex for key in server_keys]
    try:
        payload = evidence.verify_http_request(sign1, device_keys=[signer.hex], server_keys=keys)
    except evidence.EvidenceInvalid as error:
        raise SignatureInvalid from error
    shown = {name: payload[name] for name in ("action", "resource", "details")}
    return SignedRequest(shown, UUID(payload["device"]))


def _attested(sign1: bytes, server_keys: Iterable[ecdsa_p256.PublicKey]) -> bytes | None:
    """The payload of a statement of the server; None if the message is of another type.

    Such a message has no claims and names the server's key, as `evidence.attest` makes it. Raises
    a domain error if it was not signed by one of the keys.
    """
    message = cbor.decode(sign1)
    if not isinstance(message, cbor.Tag) or message.number != cose_sign1.CBOR_TAG:
        raise EnvelopeMalformed
    match message.value:
        case [
            bytes() as protected,
            dict() as unprotected,
            bytes() as payload,
            bytes() as signature,
        ] if not unprotected:
            header = cbor.decode(protected)
        case _:
            raise EnvelopeMalformed
    if not isinstance(header, dict):
        raise EnvelopeMalformed
    if header.get(cose_sign1.TYPE) != evidence.STAFF_REQUEST_TYPE:
        return None
    if header.keys() != _ATTESTED_LABELS or header[cose_sign1.ALGORITHM] != cose_sign1.ES256:
        raise EnvelopeMalformed
    for key in server_keys:
        if key.kid == header[cose_sign1.KEY_ID]:
            ecdsa_p256.verify(key, signature, cose_sign1.sig_structure(protected, payload))
            return payload
    raise SignatureInvalid


def _parse_signer(named: Any) -> ecdsa_p256.PublicKey:
    if not isinstance(named, str):
        raise KeyInvalid("The server does not name the key of the proposer's device.")
    return ecdsa_p256.parse_public(named)
