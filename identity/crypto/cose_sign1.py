"""The inner layer of an envelope: COSE_Sign1 with ES256 (RFC 9052 §4)."""

from dataclasses import dataclass, field
from typing import Final

from identity.crypto import cbor, ecdsa_p256
from identity.crypto.errors import (
    EnvelopeMalformed,
    EnvelopeUnauthentic,
    EnvelopeUnsupported,
    SignatureInvalid,
)

CBOR_TAG: Final = 18
# Header labels: RFC 9052 §3.1, CWT claims RFC 9597 §2, `typ` RFC 9596 §2.
ALGORITHM, CONTENT_TYPE, KEY_ID, CLAIMS, TYPE = 1, 3, 4, 15, 16
# Claims: RFC 8392 §3.1, and our own name for the request that is answered.
AUDIENCE, EXPIRES_AT, ISSUED_AT, CTI, REQUEST = 3, 4, 6, 7, "req"
ES256: Final = -7
APPLICATION_JSON: Final = 50
_LABELS: Final = {ALGORITHM, CONTENT_TYPE, KEY_ID, CLAIMS, TYPE}

Claims = dict[int | str, cbor.Value]


@dataclass(frozen=True, slots=True)
class Signed:
    """A COSE_Sign1 of one type of the profile, its signature not yet checked."""

    raw: bytes = field(repr=False)
    protected: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    key_id: bytes
    claims: Claims


def read(data: bytes, *, expected_type: str, key_id_size: int) -> Signed:
    """Read one COSE_Sign1 of the expected type.

    Raises EnvelopeMalformed for a wrong shape (labels are closed sets, so `crit` is refused too)
    and EnvelopeUnsupported for another type or algorithm.
    """
    message = cbor.decode(data)
    if not isinstance(message, cbor.Tag):
        raise EnvelopeMalformed("The message is no tagged COSE object.")
    if message.number != CBOR_TAG:
        raise EnvelopeUnsupported("The message is no COSE_Sign1.")
    match message.value:
        case [
            bytes() as protected,
            dict() as unprotected,
            bytes() as payload,
            bytes() as signature,
        ] if not unprotected:
            pass
        case _:
            raise EnvelopeMalformed("The COSE_Sign1 has another shape than the profile's.")
    header = cbor.decode(protected)
    if not isinstance(header, dict) or header.keys() != _LABELS:
        raise EnvelopeMalformed("The signed header has other labels than the profile's.")
    if (header[ALGORITHM], header[CONTENT_TYPE], header[TYPE]) != (
        ES256,
        APPLICATION_JSON,
        expected_type,
    ):
        raise EnvelopeUnsupported("The signed message's algorithm or type is another one.")
    key_id, claims = header[KEY_ID], header[CLAIMS]
    if not isinstance(key_id, bytes) or len(key_id) != key_id_size:
        raise EnvelopeMalformed("The signer's key id has another size.")
    if not isinstance(claims, dict):
        raise EnvelopeMalformed("The signed header has no claims.")
    return Signed(data, protected, payload, signature, key_id, claims)


def sign(
    payload: bytes,
    *,
    message_type: str,
    key_id: bytes,
    claims: Claims,
    signing_key: ecdsa_p256.PrivateKey,
) -> bytes:
    """Make a COSE_Sign1 over exactly these payload bytes."""
    protected = cbor.encode(
        {
            ALGORITHM: ES256,
            CONTENT_TYPE: APPLICATION_JSON,
            KEY_ID: key_id,
            CLAIMS: claims,
            TYPE: message_type,
        }
    )
    signature = ecdsa_p256.sign(signing_key, sig_structure(protected, payload))
    return cbor.encode(cbor.Tag(CBOR_TAG, [protected, {}, payload, signature]))


def verify(signed: Signed, public_key: ecdsa_p256.PublicKey) -> None:
    """Check the signature. Raises EnvelopeUnauthentic."""
    structure = sig_structure(signed.protected, signed.payload)
    try:
        ecdsa_p256.verify(public_key, signed.signature, structure)
    except SignatureInvalid:
        raise EnvelopeUnauthentic from None


def sig_structure(protected: bytes, payload: bytes) -> bytes:
    """What is signed (RFC 9052 §4.4): "Signature1", protected, no external data, payload."""
    parts = cbor.byte_string(protected), cbor.byte_string(payload)
    return b"\x84\x6aSignature1" + parts[0] + b"\x40" + parts[1]
