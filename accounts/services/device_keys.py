"""A device's two public keys: read, proven, and claimed once in the whole deployment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import IntegrityError

from accounts import errors
from accounts.models import Device, KnownKey
from identity.crypto import cose, ecdsa_p256, rsa
from identity.crypto import errors as crypto_errors

PROVE = "prove"


@dataclass(frozen=True, slots=True)
class Keys:
    """The public keys of a device, parsed."""

    signature: ecdsa_p256.PublicKey
    encryption: rsa.PublicKey

    @property
    def digests(self) -> tuple[str, str]:
        """What says for ever that these keys were used: SHA-256 of point and of SPKI, in hex."""
        return self.signature.kid.hex(), self.encryption.kid.hex()

    def facts(self) -> dict[str, str]:
        """The digests for an audit event."""
        signature, encryption = self.digests
        return {"signature_kid": signature, "encryption_kid": encryption}


@dataclass(frozen=True, slots=True)
class Arrival:
    """How keys came: the signed request that brought them and the key that signed it.

    `signer_key` is empty where the server attests the request; without a request nothing but the
    server's word says where the keys came from.
    """

    kind: KnownKey.Registration
    registration: bytes | None
    signer_key: str


def read(signature_key: str, encryption_key: str) -> Keys:
    """Parse a P-256 point in hex and an RSA SPKI in PEM.

    The point may be compressed or not, the modulus has 2048 to 4096 bits and the exponent 65537.
    Raises `accounts.errors.KeyInvalid`.
    """
    try:
        return Keys(ecdsa_p256.parse_public(signature_key), rsa.parse_public(encryption_key))
    except crypto_errors.KeyInvalid as refusal:
        raise errors.KeyInvalid(refusal.detail) from None


def claim(
    digests: Collection[str], keys: Keys, *, device: Device, arrival: Arrival, now: datetime
) -> None:
    """Write down that these keys belong to this device, for ever, and how they came.

    `digests` names those of `keys` that are new. The primary key is the check: one public key on
    one device in the whole deployment, whichever scope it is in. Raises
    `accounts.errors.KeyTaken`; nothing can be asked in the transaction after that.
    """
    public = dict(zip(keys.digests, (keys.signature.hex, keys.encryption.pem), strict=True))
    # One order for all, so that two devices with the same two keys can't wait for each other.
    rows = [
        KnownKey(
            digest=digest,
            scope_id=device.scope_id,
            device_id=device.id,
            purpose=_purpose(digest, keys),
            public=public[digest],
            registration_kind=arrival.kind,
            registration=arrival.registration,
            signer_key=arrival.signer_key,
            first_seen_at=now,
        )
        for digest in sorted(digests)
    ]
    try:
        KnownKey.objects.bulk_create(rows)
    except IntegrityError:
        raise errors.KeyTaken from None


def proof_payload(device_id: UUID, signature_key: str, encryption_key: str) -> bytes:
    """The JSON that the holder of new keys signs with the new signature key.

    It travels as the payload of a COSE_Sign1 in the form of a request (envelope specification
    §3.3) whose signer is the device. No request has the action `prove`, so that a proof can't be
    taken for one.
    """
    return msgspec.json.encode(
        {
            "action": PROVE,
            "resource": f"/devices/{device_id}",
            "details": {"signature_key": signature_key, "encryption_key": encryption_key},
        }
    )


def require_proof(proof: bytes, *, device_id: UUID, expected_keys: Keys) -> None:
    """Refuse unless the new signature key signed both new keys for this device.

    The time of signing does not matter: keys are claimed once, so an old proof proves nothing new.
    Raises `accounts.errors.ProofInvalid`.
    """
    try:
        signed = cose.read_signed_request(proof)
        cose.verify_signed_request(signed, expected_keys.signature)
        said = msgspec.json.decode(signed.payload, type=_Proof)
        proven = read(said.details.signature_key, said.details.encryption_key)
    except (
        cose.EnvelopeMalformed,
        cose.EnvelopeUnsupported,
        cose.EnvelopeUnauthentic,
        msgspec.DecodeError,
        RecursionError,
        errors.KeyInvalid,
    ):
        raise errors.ProofInvalid from None
    is_meant = signed.device == device_id and said.action == PROVE
    is_meant = is_meant and said.resource == f"/devices/{device_id}"
    if not is_meant or proven.digests != expected_keys.digests:
        raise errors.ProofInvalid("The proof is about another device or other keys.")


def _purpose(digest: str, keys: Keys) -> KnownKey.Purpose:
    is_signature = digest == keys.digests[0]
    return KnownKey.Purpose.SIGNATURE if is_signature else KnownKey.Purpose.ENCRYPTION


class _ProvenKeys(msgspec.Struct, forbid_unknown_fields=True):
    signature_key: str
    encryption_key: str


class _Proof(msgspec.Struct, forbid_unknown_fields=True):
    action: str
    resource: str
    details: _ProvenKeys
