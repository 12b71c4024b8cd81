"""What authenticators sign (WebAuthn Level 2 §7): registrations and assertions, verified."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

import webauthn
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AttestationFormat, CredentialDeviceType

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
        )
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
