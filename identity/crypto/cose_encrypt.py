"""The outer layer of an envelope: COSE_Encrypt to one RSA key (RFC 9052 §5, RFC 8230 §3)."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from identity.crypto import aes_gcm, cbor, rsa
from identity.crypto.errors import (
    DecryptionFailed,
    EnvelopeMalformed,
    EnvelopeSealed,
    EnvelopeUnsupported,
)

CBOR_TAG: Final = 96
ENVELOPE_TYPE: Final = "application/vnd.ecs.envelope.v1+cose"
# Header labels: RFC 9052 §3.1, `typ` RFC 9596 §2.
ALGORITHM, CONTENT_TYPE, KEY_ID, IV, TYPE = 1, 3, 4, 5, 16
A256GCM: Final = 3
RSAES_OAEP_SHA256: Final = -41
APPLICATION_COSE: Final = 18
KID_SIZE: Final = 32
DEVICE_SIZE: Final = 16
_PROTECTED_LABELS: Final = {ALGORITHM, CONTENT_TYPE, KEY_ID, TYPE}
_PROFILE: Final = (A256GCM, APPLICATION_COSE, ENVELOPE_TYPE)


@dataclass(frozen=True, slots=True)
class Outer:
    """An envelope whose shape is right and of which nothing is proven yet."""

    device: UUID
    """The device that the outer header names: a claim until the envelope is opened."""
    recipient_kid: bytes
    """SHA-256 of the SPKI of the RSA key that the envelope is meant for."""
    digest: bytes
    """SHA-256 of all bytes: what a reply names as the request it answers."""
    protected: bytes = field(repr=False)
    iv: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)
    wrapped_key: bytes = field(repr=False)


def read(body: bytes) -> Outer:
    """Read the outer layer without any secret operation.

    Raises EnvelopeMalformed for a wrong shape (labels are closed sets) and EnvelopeUnsupported
    for another COSE type or algorithm.
    """
    message = cbor.decode(body)
    if not isinstance(message, cbor.Tag):
        raise EnvelopeMalformed("The message is no tagged COSE object.")
    if message.number != CBOR_TAG:
        raise EnvelopeUnsupported("The message is no COSE_Encrypt.")
    # RFC 9052 §8.5.3: with key transport the recipient's protected header is empty.
    match message.value:
        case [
            bytes() as protected,
            dict() as unprotected,
            bytes() as ciphertext,
            [[b"", dict() as recipient, bytes() as wrapped_key]],
        ]:
            pass
        case _:
            raise EnvelopeMalformed("The COSE_Encrypt has another shape than the profile's.")
    device = _read_protected(protected)
    iv, recipient_kid = _read_unprotected(unprotected, recipient)
    digest = hashlib.sha256(body).digest()
    return Outer(device, recipient_kid, digest, protected, iv, ciphertext, wrapped_key)


def open_sealed(outer: Outer, private: rsa.PrivateKey | None) -> bytes:
    """Decrypt the content. `private` is None where nobody has the key that the envelope names.

    Raises EnvelopeSealed, which tells nothing about what was wrong.
    """
    # A random key stands in wherever the right one cannot be had, so that a failed key transport
    # and a failed cipher text take the same way (Bleichenbacher, Manger).
    key = os.urandom(aes_gcm.KEY_SIZE)
    if private is not None:
        try:
            unwrapped = rsa.decrypt(private, outer.wrapped_key)
        except DecryptionFailed:
            unwrapped = b""
        if len(unwrapped) == aes_gcm.KEY_SIZE:
            key = unwrapped
    try:
        return aes_gcm.decrypt(
            key,
            nonce=outer.iv,
            ciphertext=outer.ciphertext,
            associated=enc_structure(outer.protected),
        )
    except DecryptionFailed:
        raise EnvelopeSealed from None


def seal(
    plaintext: bytes,
    *,
    device: UUID,
    recipient: rsa.PublicKey,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """Encrypt to one RSA key; `device` is the device that sends or gets the message."""
    protected = cbor.encode(
        {
            ALGORITHM: A256GCM,
            CONTENT_TYPE: APPLICATION_COSE,
            KEY_ID: device.bytes,
            TYPE: ENVELOPE_TYPE,
        }
    )
    key, iv = random(aes_gcm.KEY_SIZE), random(aes_gcm.NONCE_SIZE)
    associated = enc_structure(protected)
    ciphertext = aes_gcm.encrypt(key, nonce=iv, plaintext=plaintext, associated=associated)
    wrapping: cbor.Value = {ALGORITHM: RSAES_OAEP_SHA256, KEY_ID: recipient.kid}
    recipients: cbor.Value = [[b"", wrapping, rsa.encrypt(recipient, key)]]
    return cbor.encode(cbor.Tag(CBOR_TAG, [protected, {IV: iv}, ciphertext, recipients]))


def _read_protected(protected: bytes) -> UUID:
    header = cbor.decode(protected)
    if not isinstance(header, dict) or header.keys() != _PROTECTED_LABELS:
        raise EnvelopeMalformed("The protected header has other labels than the profile's.")
    if (header[ALGORITHM], header[CONTENT_TYPE], header[TYPE]) != _PROFILE:
        raise EnvelopeUnsupported("The envelope's algorithm or type is not in the profile.")
    device = header[KEY_ID]
    if not isinstance(device, bytes) or len(device) != DEVICE_SIZE:
        raise EnvelopeMalformed("The envelope does not name a device.")
    return UUID(bytes=device)


def _read_unprotected(
    unprotected: dict[int | str, cbor.Value], recipient: dict[int | str, cbor.Value]
) -> tuple[bytes, bytes]:
    if unprotected.keys() != {IV} or recipient.keys() != {ALGORITHM, KEY_ID}:
        raise EnvelopeMalformed("An unprotected header has other labels than the profile's.")
    if recipient[ALGORITHM] != RSAES_OAEP_SHA256:
        raise EnvelopeUnsupported("The key transport is not in the profile.")
    iv, kid = unprotected[IV], recipient[KEY_ID]
    if not isinstance(iv, bytes) or len(iv) != aes_gcm.NONCE_SIZE:
        raise EnvelopeMalformed("The initialisation vector does not have 12 bytes.")
    if not isinstance(kid, bytes) or len(kid) != KID_SIZE:
        raise EnvelopeMalformed("The recipient's key id does not have 32 bytes.")
    return iv, kid


def enc_structure(protected: bytes) -> bytes:
    """What is authenticated beside the content (RFC 9052 §5.3); no external data."""
    return b"\x83\x67Encrypt" + cbor.byte_string(protected) + b"\x40"
