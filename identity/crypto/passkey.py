"""What authenticators sign (WebAuthn Level 2 §7): registrations and assertions, verified."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

import cbor2
import webauthn
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AttestationFormat, CredentialDeviceType
from webauthn.registration.verify_registration_response import VerifiedRegistration

from identity.crypto import base64url
from identity.crypto.errors import SignatureInvalid

Verified = TypeVar("Verified")

ALGORITHMS: Final = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
"""ES256, EdDSA and RS256, the preferred first."""
MOST_TEXT: Final = 64 * 1024
"""Characters of one text of a credential."""
_MODEL: Final = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_ID_SIZES: Final = range(16, 1024)
_RSA_BITS: Final = range(2048, 4097)
_REFUSED: Final = "The passkey's answer can't be verified."


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer has to be about. `is_verified`: the authenticator must know the person."""

    challenge: bytes = field(repr=False)
    rp_id: str
    origins: tuple[str, ...]
    is_verified: bool
    is_attested: bool = False
    """A certificate under one of `roots` must say which model of authenticator it is."""
    roots: tuple[bytes, ...] = field(default=(), repr=False)
    """Certificates in PEM."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential, of which the holder proved the private half as far as attestation goes."""

    credential_id: str
    public_key: bytes
    sign_count: int
    aaguid: UUID
    attestation: str
    is_verified: bool
    is_backup_eligible: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class Asserted:
    """A use of a known credential. The counter is to be compared by the caller."""

    sign_count: int
    is_verified: bool
    is_backup_eligible: bool
    is_backed_up: bool


def challenge_in(credential: Mapping[str, Any]) -> bytes:
    """The challenge that an answer says it is to; proves nothing. Raises SignatureInvalid."""

    def read() -> bytes:
        found = json.loads(base64url.decode(_response(credential)["clientDataJSON"]))
        return base64url.decode(found["challenge"])

    return _strictly(read)


def credential_id(credential: Mapping[str, Any]) -> str:
    """The id of the credential that an answer names; proves nothing. Raises SignatureInvalid."""

    def read() -> str:
        found = base64url.decode(credential["id"])
        if len(found) not in _ID_SIZES:
            raise ValueError("a credential's id has another size")
        return base64url.encode(found)

    return _strictly(read)


def user_handle(credential: Mapping[str, Any]) -> str:
    """The user handle that an authenticator keeps, "" for none. Raises SignatureInvalid."""

    def read() -> str:
        found = _response(credential).get("userHandle")
        return base64url.encode(base64url.decode(found)) if found else ""

    return _strictly(read)


def verify_registration(credential: Mapping[str, Any], expected: Expected) -> Registered:
    """Check the answer to `navigator.credentials.create()` (§7.1).

    Raises SignatureInvalid for whatever is not as it should be: type, challenge, origin, relying
    party, presence or verification of the person, key, attestation.
    """

    def verify() -> Registered:
        credential_id(credential)
        _require_same_origin(credential)
        found = webauthn.verify_registration_response(
            credential=_copied(credential),
            expected_challenge=expected.challenge,
            expected_rp_id=expected.rp_id,
            expected_origin=list(expected.origins),
            require_user_verification=expected.is_verified,
            supported_pub_key_algs=list(ALGORITHMS),
            pem_root_certs_bytes_by_fmt={AttestationFormat.PACKED: list(expected.roots)},
        )
        if expected.is_attested:
            _require_attested(found, expected.roots)
        _require_fit_key(found.credential_public_key)
        return Registered(
            credential_id=base64url.encode(found.credential_id),
            public_key=found.credential_public_key,
            sign_count=found.sign_count,
            aaguid=UUID(found.aaguid),
            attestation=AttestationFormat(found.fmt).value,
            is_verified=found.user_verified,
            is_backup_eligible=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            is_backed_up=found.credential_backed_up,
        )

    return _strictly(verify)


def verify_assertion(
    credential: Mapping[str, Any], expected: Expected, *, public_key: bytes
) -> Asserted:
    """Check the answer to `navigator.credentials.get()` (§7.2) under a stored key.

    The algorithm is that of the key. Raises SignatureInvalid.
    """

    def verify() -> Asserted:
        _require_same_origin(credential)
        found = webauthn.verify_authentication_response(
            credential=_copied(credential),
            expected_challenge=expected.challenge,
            expected_rp_id=expected.rp_id,
            expected_origin=list(expected.origins),
            credential_public_key=public_key,
            # The counter is compared by one statement where it is stored.
            credential_current_sign_count=0,
            require_user_verification=expected.is_verified,
        )
        return Asserted(
            sign_count=found.new_sign_count,
            is_verified=found.user_verified,
            is_backup_eligible=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            is_backed_up=found.credential_backed_up,
        )

    return _strictly(verify)


def transports(credential: Mapping[str, Any]) -> list[str]:
    """How the authenticator can be reached, as far as the browser says so in known words."""
    response = credential.get("response")
    said = response.get("transports") if isinstance(response, Mapping) else None
    known = ("usb", "nfc", "ble", "smart-card", "hybrid", "internal", "cable")
    return [word for word in known if word in said] if isinstance(said, list) else []


def _response(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    response = credential["response"]
    texts = [credential.get("id"), *response.values()]
    if any(isinstance(text, str) and len(text) > MOST_TEXT for text in texts):
        raise ValueError("a text is too long")
    return dict(response)


def _copied(credential: Mapping[str, Any]) -> dict[str, Any]:
    return {**credential, "response": dict(_response(credential))}


def _require_same_origin(credential: Mapping[str, Any]) -> None:
    """§7.1 step 10, §7.2 step 13: no page of another site may hold the ceremony in a frame."""
    found = json.loads(base64url.decode(_response(credential)["clientDataJSON"]))
    if found.get("crossOrigin", False) is not False or "topOrigin" in found:
        raise ValueError("the ceremony was held in a frame of another site")


def parse_root(text: str) -> bytes:
    """A certificate in base64 of DER as PEM. Raises SignatureInvalid for what is none."""
    return _strictly(
        lambda: x509.load_der_x509_certificate(base64.b64decode(text, validate=True)).public_bytes(
            Encoding.PEM
        )
    )


def _require_attested(found: VerifiedRegistration, roots: tuple[bytes, ...]) -> None:
    """§8.2: the chain was verified if there are roots; its first certificate names the model.

    Whoever signs with the credential's own key (self attestation) can claim to be any model.
    """
    statement = cbor2.loads(found.attestation_object)["attStmt"]
    if not roots or found.fmt != AttestationFormat.PACKED or not statement.get("x5c"):
        raise ValueError("nobody vouches for the authenticator")
    leaf = x509.load_der_x509_certificate(statement["x5c"][0])
    # §8.2.1: the extension holds the AAGUID as an octet string of DER.
    named = leaf.extensions.get_extension_for_oid(_MODEL).value.public_bytes()
    if named != b"\x04\x10" + UUID(found.aaguid).bytes:
        raise ValueError("the certificate is of another model")


def _require_fit_key(public_key: bytes) -> None:
    key = decoded_public_key_to_cryptography(decode_credential_public_key(public_key))
    is_other_curve = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name != "secp256r1"
    is_unfit_rsa = isinstance(key, rsa.RSAPublicKey) and key.key_size not in _RSA_BITS
    if is_other_curve or is_unfit_rsa:
        raise ValueError("the key has another curve or an unfit size")


def _strictly(work: Callable[[], Verified]) -> Verified:
    try:
        return work()
    except Exception as error:
        raise SignatureInvalid(_REFUSED) from error
