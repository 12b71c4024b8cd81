"""ECS-COSE v1, the device's side: requests made, replies and errors opened and verified."""

import hashlib
import os
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from identity.crypto import cose, cose_encrypt, cose_sign1, ecdsa_p256, rsa
from identity.crypto.errors import (
    EnvelopeMalformed,
    EnvelopeReplayed,
    EnvelopeSealed,
    EnvelopeUnauthentic,
)


@dataclass(frozen=True, slots=True)
class SealedRequest:
    """A request ready to be sent, and what its maker has to remember of it."""

    body: bytes = field(repr=False)
    digest: bytes
    """SHA-256 of the body: the reply names it."""
    sign1: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified message of the server, bound to one request of ours."""

    payload: bytes = field(repr=False)
    request_digest: bytes
    issued_at: int
    """The server's clock, in seconds since the epoch."""


def seal_request(
    payload: bytes,
    *,
    device: UUID,
    signing_key: ecdsa_p256.PrivateKey,
    recipient: rsa.PublicKey,
    now: int,
    life: int = cose.SENT_LIFE,
    random: cose.Random = os.urandom,
) -> SealedRequest:
    """Sign a request and encrypt it to the server's RSA key."""
    sign1 = sign_request(
        payload,
        device=device,
        signing_key=signing_key,
        recipient=recipient,
        now=now,
        life=life,
        random=random,
    )
    body = cose_encrypt.seal(sign1, device=device, recipient=recipient, random=random)
    return SealedRequest(body, hashlib.sha256(body).digest(), sign1)


def sign_request(
    payload: bytes,
    *,
    device: UUID,
    signing_key: ecdsa_p256.PrivateKey,
    recipient: rsa.PublicKey,
    now: int,
    life: int = cose.SENT_LIFE,
    random: cose.Random = os.urandom,
) -> bytes:
    """The COSE_Sign1 of a request to the server with this RSA key, without an envelope."""
    return cose_sign1.sign(
        payload,
        message_type=cose.REQUEST_TYPE,
        key_id=device.bytes,
        claims={
            cose_sign1.AUDIENCE: cose.audience(recipient.kid),
            cose_sign1.EXPIRES_AT: now + life,
            cose_sign1.ISSUED_AT: now,
            cose_sign1.CTI: random(cose.CTI_SIZE),
        },
        signing_key=signing_key,
    )


def open_reply(
    body: bytes,
    *,
    device: UUID,
    private: rsa.PrivateKey,
    server_keys: Iterable[ecdsa_p256.PublicKey],
    expected_requests: Container[bytes],
) -> Answer:
    """Open and verify a reply to one of `expected_requests` (digests).

    Raises EnvelopeMalformed, EnvelopeUnsupported, EnvelopeSealed, EnvelopeUnauthentic (not one of
    the server's keys, or for another device) or EnvelopeReplayed (answers no open request).
    """
    outer = cose_encrypt.read(body)
    if outer.recipient_kid != private.public.kid:
        raise EnvelopeSealed
    sign1 = cose_encrypt.open_sealed(outer, private)
    signed = cose_sign1.read(sign1, expected_type=cose.REPLY_TYPE, key_id_size=cose.DIGEST_SIZE)
    if signed.claims.keys() != cose.REPLY_CLAIMS:
        raise EnvelopeMalformed("The reply has other claims than the profile's.")
    _verify_by_one_of(signed, server_keys)
    if outer.device != device or signed.claims[cose_sign1.AUDIENCE] != str(device):
        raise EnvelopeUnauthentic
    return _answer(signed, expected_requests)


def open_error(
    body: bytes,
    *,
    server_keys: Iterable[ecdsa_p256.PublicKey],
    expected_requests: Container[bytes],
) -> Answer:
    """Verify a refusal in the clear. Raises as `open_reply` does."""
    signed = cose_sign1.read(body, expected_type=cose.ERROR_TYPE, key_id_size=cose.DIGEST_SIZE)
    if signed.claims.keys() != cose.ERROR_CLAIMS:
        raise EnvelopeMalformed("The error has other claims than the profile's.")
    _verify_by_one_of(signed, server_keys)
    return _answer(signed, expected_requests)


def _verify_by_one_of(
    signed: cose_sign1.Signed, server_keys: Iterable[ecdsa_p256.PublicKey]
) -> None:
    for server_key in server_keys:
        if server_key.kid == signed.key_id:
            cose_sign1.verify(signed, server_key)
            return
    raise EnvelopeUnauthentic


def _answer(signed: cose_sign1.Signed, expected_requests: Container[bytes]) -> Answer:
    claims = signed.claims
    match claims[cose_sign1.REQUEST], claims[cose_sign1.ISSUED_AT], claims[cose_sign1.CTI]:
        case (bytes() as request_digest, int() as issued_at, bytes() as cti) if (
            len(cti) == cose.CTI_SIZE
        ):
            if request_digest not in expected_requests:
                raise EnvelopeReplayed
            return Answer(signed.payload, request_digest, issued_at)
    raise EnvelopeMalformed("A claim of the answer has another form than the profile's.")
