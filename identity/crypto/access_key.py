"""Keys of programs that are key pairs: shown once as a bearer text, or signing each request."""

from typing import Final

from identity.crypto import base58btc, ed25519, wallet_keys
from identity.crypto.did_address import KeyKind
from identity.crypto.errors import KeyInvalid, SignatureInvalid, TokenInvalid

_SECRET_SIZE: Final = 64
WINDOW: Final = 300_000
"""Milliseconds that a stamp may lie in the past or in the future."""


def bearer_text(public: wallet_keys.PublicKey, *, prefix: str) -> str:
    """The bearer text of a key: a prefix and the *public* key, which nobody may otherwise see.

    A key whose public half is shown anywhere must not be used in this way.
    """
    return prefix + public.base58


def id_of_bearer(text: str, *, prefix: str) -> str:
    """The address under which a bearer text is looked up. Raises TokenInvalid."""
    if not text.startswith(prefix):
        raise TokenInvalid
    try:
        public = wallet_keys.parse_public(text.removeprefix(prefix))
    except KeyInvalid as error:
        raise TokenInvalid from error
    if public.kind is not KeyKind.ED25519 or bearer_text(public, prefix=prefix) != text:
        raise TokenInvalid
    return public.address()


def secret_text(private: wallet_keys.PrivateKey) -> str:
    """The private key as it is handed over, once: `z` and Base58 of seed and public key."""
    if not isinstance(private.secret, ed25519.PrivateKey):
        raise KeyInvalid("An access key is of Ed25519.")
    return base58btc.encode_multibase(
        ed25519.private_bytes(private.secret) + private.secret.public.raw
    )


def parse_secret(text: str) -> wallet_keys.PrivateKey:
    """Read what `secret_text` wrote. Raises KeyInvalid, also where the halves don't belong."""
    try:
        raw = base58btc.decode_multibase(text)
    except ValueError:
        raise KeyInvalid("The secret is not z and Base58.") from None
    if len(raw) != _SECRET_SIZE:
        raise KeyInvalid("The secret has another size than 64 bytes.")
    private = wallet_keys.private_of(KeyKind.ED25519, raw[:32])
    if private.public.raw != raw[32:]:
        raise KeyInvalid("The secret's halves do not belong together.")
    return private


def sign_stamp(private: wallet_keys.PrivateKey, *, key_id: str, stamp: int) -> str:
    """The signature of one request's stamp (milliseconds): `0x` and hexadecimal digits."""
    return "0x" + wallet_keys.sign_hashed(private, _stamped(key_id, stamp)).hex()


def verify_stamp(
    public: wallet_keys.PublicKey, signature: str, *, key_id: str, stamp: int, now: int
) -> None:
    """Check a stamp and its signature; times in milliseconds. Raises SignatureInvalid."""
    if abs(now - stamp) > WINDOW:
        raise SignatureInvalid
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError as error:
        raise SignatureInvalid from error
    if signature != "0x" + raw.hex():
        raise SignatureInvalid
    wallet_keys.verify_hashed(public, raw, _stamped(key_id, stamp))


def _stamped(key_id: str, stamp: int) -> bytes:
    return f"{stamp}-{key_id}".encode()
