"""Proof that somebody holds two new private keys, in JSON alone.

The signature key signs one exact text; the encryption key opens a challenge that the text repeats.
Challenges are not stored: what answers one is bound to all that matters and short-lived.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.utils.crypto import salted_hmac

from accounts.errors import ProofInvalid
from accounts.services import device_keys
from identity import errors
from identity.crypto import cose, ecdsa_p256, rsa, strict_json
from identity.crypto.errors import EnvelopeMalformed, EnvelopeUntimely, SignatureInvalid
from identity.scoping import current
from invitations import errors as refusals

LIFE: Final = 300
"""Seconds in which a challenge is to be answered."""
MOST_STATEMENT: Final = 8192
_EXPIRY_SIZE, _SALT_SIZE, _MAC_SIZE = 8, 16, 32


class KeyStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the holder of new keys says and signs.

    `audience` is the scope's id, `subject` what the keys are for, `challenge` the opened challenge
    in base64, `issued_at` seconds since the epoch. `has_password` tells that a password travels
    beside: it is never part of the text.
    """

    type: str
    audience: UUID
    subject: str
    device_name: str
    signature_key: str
    encryption_key: str
    challenge: str
    issued_at: int
    has_password: bool = False


@dataclass(frozen=True, slots=True)
class Proven:
    """A statement whose signature, challenge, audience and time were checked."""

    said: KeyStatement
    keys: device_keys.Keys
    text: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def challenge(
    *, purpose: str, subject: str, signature_key: str, encryption_key: str, now: datetime
) -> bytes:
    """A challenge that only the holder of the encryption key can open (RSA-OAEP with SHA-256).

    It serves for these two keys, this purpose and this subject in the scope in force, for five
    minutes. Raises `accounts.errors.KeyInvalid`.
    """
    keys = device_keys.read(signature_key, encryption_key)
    expiry = (int(now.timestamp()) + LIFE).to_bytes(_EXPIRY_SIZE, "big")
    head = expiry + secrets.token_bytes(_SALT_SIZE)
    return rsa.encrypt(keys.encryption, head + _mac(head, _bound_to(purpose, subject, keys)))


def prove(statement: bytes, signature: bytes, *, expected_type: str, now: datetime) -> Proven:
    """Check what the holder of new keys signed: `signature` is raw r||s of the signature key.

    `subject` is left to the caller. Raises `identity.errors.Invalid` for a text of another form,
    `accounts.errors.KeyInvalid`, `ProofInvalid` for a wrong signature or another scope,
    `EnvelopeUntimely`, `ChallengeFailed`.
    """
    said = _read(statement, expected_type)
    keys = device_keys.read(said.signature_key, said.encryption_key)
    require_signature(keys.signature, signature, statement)
    if said.audience != current.required_scope():
        raise ProofInvalid("The statement is for another scope.")
    if abs(int(now.timestamp()) - said.issued_at) > LIFE + cose.SKEW:
        raise EnvelopeUntimely
    _require_answer(said, keys, purpose=expected_type, now=now)
    return Proven(said, keys, statement, signature)


def require_signature(key: ecdsa_p256.PublicKey, signature: bytes, message: bytes) -> None:
    """Refuse unless this key signed this message. Raises `accounts.errors.ProofInvalid`."""
    try:
        ecdsa_p256.verify(key, signature, message)
    except SignatureInvalid:
        raise ProofInvalid from None


def enclosed(proven: Proven, **more: str) -> dict[str, str]:
    """The proof as the server's statement encloses it, for the evidence's verifier."""
    return {
        "statement": text(proven.text),
        "signature": text(proven.signature),
        **more,
    }


def text(data: bytes) -> str:
    """Base64, as JSON carries bytes."""
    return base64.b64encode(data).decode()


def _read(statement: bytes, expected_type: str) -> KeyStatement:
    if len(statement) > MOST_STATEMENT:
        raise errors.Invalid("The statement is too long.")
    try:
        said: Any = strict_json.decode(statement)
        read = msgspec.convert(said, KeyStatement)
    except (EnvelopeMalformed, msgspec.ValidationError):
        raise errors.Invalid("The statement has another form.") from None
    if read.type != expected_type:
        raise errors.Invalid(f"The statement's type is not {expected_type}.")
    return read


def _require_answer(
    said: KeyStatement, keys: device_keys.Keys, *, purpose: str, now: datetime
) -> None:
    try:
        answer = base64.b64decode(said.challenge, validate=True)
    except ValueError:
        raise refusals.ChallengeFailed from None
    head, mac = answer[:-_MAC_SIZE], answer[-_MAC_SIZE:]
    expected = _mac(head, _bound_to(purpose, said.subject, keys))
    is_ours = hmac.compare_digest(mac, expected)
    is_whole = len(head) == _EXPIRY_SIZE + _SALT_SIZE
    if not is_ours or not is_whole:
        raise refusals.ChallengeFailed
    if int.from_bytes(head[:_EXPIRY_SIZE], "big") < int(now.timestamp()):
        raise refusals.ChallengeFailed


def _bound_to(purpose: str, subject: str, keys: device_keys.Keys) -> Sequence[str]:
    return (str(current.required_scope()), purpose, subject, *keys.digests)


def _mac(head: bytes, bound_to: Sequence[str]) -> bytes:
    # JSON keeps the parts apart, so that no two lists have one text.
    value = msgspec.json.encode([head.hex(), *bound_to])
    return salted_hmac("countersign.key-challenge", value, algorithm="sha256").digest()
