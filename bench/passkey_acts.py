"""What is written down of the cryptography of passkeys, channels and accounts (`bench.tape`)."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

Noted = Callable[..., tuple[bytes, bytes, bytes]]


def acts() -> Sequence[tuple[Any, str, Noted]]:
    """Module, function, and what the floor needs to do the same."""
    from identity.crypto import aes_gcm, keccak, passkey, rsa, secp256k1

    def encrypted(key: bytes, *, nonce: bytes, plaintext: bytes, associated: bytes) -> Any:
        return key, nonce + associated, plaintext

    def decrypted(key: bytes, *, nonce: bytes, ciphertext: bytes, associated: bytes) -> Any:
        return key, nonce + associated, ciphertext

    return (
        (rsa, "decrypt", lambda key, text: (rsa.private_der(key), b"", text)),
        (aes_gcm, "encrypt", encrypted),
        (aes_gcm, "decrypt", decrypted),
        (passkey, "verify_assertion", _asserted),
        (passkey, "verify_registration", lambda told, want: (b"", _want(want), _json(told))),
        (secp256k1, "generate", lambda: (b"", b"", b"")),
        (secp256k1, "sign_recoverable", lambda key, digest: (key.key.secret, b"", digest)),
        (keccak, "digest", lambda data: (b"", b"", data)),
    )


def _asserted(told: Mapping[str, Any], want: Any, *, public_key: bytes) -> Any:
    return public_key, _want(want), _json(told)


def _want(expected: Any) -> bytes:
    return _json(
        {
            "challenge": base64.b64encode(expected.challenge).decode(),
            "rp_id": expected.rp_id,
            "origins": list(expected.origins),
            "is_verified": expected.is_verified,
        }
    )


def _json(value: Any) -> bytes:
    return orjson.dumps(value)
