"""ECS-COSE v1, the server's side: requests opened and verified, replies and errors made.

The functions are cut so that a view can do the checks in the profile's order: read_outer
(step 2), open_inner (steps 5 to 7), verify_inner (steps 9 to 11). The replay check (step 12) is a
unique constraint of the database and belongs to the caller. The device's side is cose_device.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from identity.crypto import cose_encrypt, cose_sign1, ecdsa_p256, rsa
from identity.crypto.cose_encrypt import Outer
from identity.crypto.errors import (
    EnvelopeMalformed,
    EnvelopeReplayed,
    EnvelopeSealed,
    EnvelopeUnauthentic,
    EnvelopeUnsupported,
    EnvelopeUntimely,
)

__all__ = [
    "EnvelopeMalformed",
    "EnvelopeReplayed",
    "EnvelopeSealed",
    "EnvelopeUnauthentic",
    "EnvelopeUnsupported",
    "EnvelopeUntimely",
    "Inner",
    "Outer",
    "audience",
    "open_inner",
    "read_outer",
    "read_signed_request",
    "seal_reply",
    "sign_error",
    "verify_inner",
    "verify_signed_request",
]

REQUEST_TYPE: Final = "application/vnd.ecs.request.v1+cose"
REPLY_TYPE: Final = "application/vnd.ecs.reply.v1+cose"
ERROR_TYPE: Final = "application/vnd.ecs.error.v1+cose"
CTI_SIZE: Final = 16
DIGEST_SIZE: Final = 32
SENT_LIFE: Final = 60
LONGEST_LIFE: Final = 300
SKEW: Final = 60
_REQUEST_CLAIMS: Final = {
    cose_sign1.AUDIENCE,
    cose_sign1.EXPIRES_AT,
    cose_sign1.ISSUED_AT,
    cose_sign1.CTI,
}
ERROR_CLAIMS: Final = {cose_sign1.ISSUED_AT, cose_sign1.CTI, cose_sign1.REQUEST}
REPLY_CLAIMS: Final = {*ERROR_CLAIMS, cose_sign1.AUDIENCE}

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Inner:
    """A signed request. Nothing of it may be believed before `verify_inner` has returned."""

    device: UUID
    audience: str
    cti: bytes
    """16 bytes, unique per message of a device."""
    issued_at: int
    """Seconds since the epoch, as `expires_at`."""
    expires_at: int
    signed: cose_sign1.Signed = field(repr=False)

    @property
    def payload(self) -> bytes:
        """The JSON exactly as it was signed."""
        return self.signed.payload

    @property
    def sign1(self) -> bytes:
        """The whole COSE_Sign1: what is kept as evidence."""
        return self.signed.raw


def audience(recipient_kid: bytes) -> str:
    """The audience claim of requests to the server with this RSA key."""
    return "ecs:" + recipient_kid.hex()


def read_outer(body: bytes) -> Outer:
    """Step 2: strict decoding and closed shapes of the outer layer.

    Raises EnvelopeMalformed or EnvelopeUnsupported.
    """
    return cose_encrypt.read(body)


def open_inner(outer: Outer, private: rsa.PrivateKey | None) -> Inner:
    """Steps 5 to 7: unwrap the key, decrypt, check the inner shape, type and device.

    `private` is the RSA key that `outer.recipient_kid` names, None if there is none. Raises
    EnvelopeSealed for every fault of steps 5 and 6, then EnvelopeMalformed or EnvelopeUnsupported.
    """
    inner = read_signed_request(cose_encrypt.open_sealed(outer, private))
    # Step 7: the device that was looked up is the one that signed.
    if inner.device != outer.device:
        raise EnvelopeMalformed("The inner and the outer header name different devices.")
    return inner


def verify_inner(
    inner: Inner,
    public_key: ecdsa_p256.PublicKey | None,
    *,
    expected_audience: str,
    now: int,
) -> None:
    """Steps 9 to 11: signature, audience, time; `now` in seconds since the epoch.

    `public_key` is None for a device that is not known: the work and the refusal are then the
    same as for a wrong signature. Raises EnvelopeUnauthentic or EnvelopeUntimely.
    """
    verify_signed_request(inner, public_key)
    if inner.audience != expected_audience:
        raise EnvelopeUnauthentic
    life = inner.expires_at - inner.issued_at
    if not 1 <= life <= LONGEST_LIFE:
        raise EnvelopeUntimely
    if inner.issued_at > now + SKEW or inner.expires_at < now - SKEW:
        raise EnvelopeUntimely


def read_signed_request(sign1: bytes) -> Inner:
    """Read a request's COSE_Sign1, as it comes out of an envelope or out of the evidence.

    Raises EnvelopeMalformed or EnvelopeUnsupported.
    """
    signed = cose_sign1.read(
        sign1, expected_type=REQUEST_TYPE, key_id_size=cose_encrypt.DEVICE_SIZE
    )
    claims = signed.claims
    if claims.keys() != _REQUEST_CLAIMS:
        raise EnvelopeMalformed("The request has other claims than the profile's.")
    match (
        claims[cose_sign1.AUDIENCE],
        claims[cose_sign1.CTI],
        claims[cose_sign1.ISSUED_AT],
        claims[cose_sign1.EXPIRES_AT],
    ):
        case (str() as meant_for, bytes() as cti, int() as issued_at, int() as expires_at) if (
            len(cti) == CTI_SIZE
        ):
            device = UUID(bytes=signed.key_id)
            return Inner(device, meant_for, cti, issued_at, expires_at, signed)
    raise EnvelopeMalformed("A claim of the request has another form than the profile's.")


def verify_signed_request(inner: Inner, public_key: ecdsa_p256.PublicKey | None) -> None:
    """Check the signature alone, for evidence that outlived its time window.

    Raises EnvelopeUnauthentic, without a key always.
    """
    cose_sign1.verify(inner.signed, public_key or ecdsa_p256.DUMMY)
    if public_key is None:
        raise EnvelopeUnauthentic


def seal_reply(
    payload: bytes,
    *,
    device: UUID,
    recipient: rsa.PublicKey,
    request_digest: bytes,
    signing_key: ecdsa_p256.PrivateKey,
    now: int,
    random: Random = os.urandom,
) -> bytes:
    """Sign a reply to one request and encrypt it to the device's RSA key.

    A temporary invitation device has no RSA key on record: its reply goes to the key inside the
    request, `details.device_encryption_pubkey`, which the one-time signature covers.
    """
    claims = _answer_claims(request_digest, now, random)
    sign1 = cose_sign1.sign(
        payload,
        message_type=REPLY_TYPE,
        key_id=signing_key.public.kid,
        claims={cose_sign1.AUDIENCE: str(device), **claims},
        signing_key=signing_key,
    )
    return cose_encrypt.seal(sign1, device=device, recipient=recipient, random=random)


def sign_error(
    payload: bytes,
    *,
    request_digest: bytes,
    signing_key: ecdsa_p256.PrivateKey,
    now: int,
    random: Random = os.urandom,
) -> bytes:
    """Sign a refusal that is sent in the clear because nobody was identified yet."""
    return cose_sign1.sign(
        payload,
        message_type=ERROR_TYPE,
        key_id=signing_key.public.kid,
        claims=_answer_claims(request_digest, now, random),
        signing_key=signing_key,
    )


def _answer_claims(request_digest: bytes, now: int, random: Random) -> cose_sign1.Claims:
    return {
        cose_sign1.ISSUED_AT: now,
        cose_sign1.CTI: random(CTI_SIZE),
        cose_sign1.REQUEST: request_digest,
    }
