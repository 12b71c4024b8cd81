"""The cryptography of passkeys, of the channel and of accounts, as libraries alone do it."""

import base64
import functools
import os
from collections.abc import Callable
from typing import Any

import coincurve
import orjson
import webauthn
from Crypto.Hash import keccak
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
NONCE = 12


@functools.cache
def _opening(key: bytes) -> Any:
    return serialization.load_der_private_key(key, None)


_scalar = functools.cache(coincurve.PrivateKey)


def _encrypt(key: bytes, nonce: bytes, text: bytes) -> None:
    # What is bound to it stands behind the nonce.
    AESGCM(key).encrypt(nonce[:NONCE], text, nonce[NONCE:])


def _decrypt(key: bytes, nonce: bytes, text: bytes) -> None:
    AESGCM(key).decrypt(nonce[:NONCE], text, nonce[NONCE:])


def _expected(text: bytes) -> dict[str, Any]:
    told = orjson.loads(text)
    return {
        "expected_challenge": base64.b64decode(told["challenge"]),
        "expected_rp_id": told["rp_id"],
        "expected_origin": told["origins"],
        "require_user_verification": told["is_verified"],
    }


def _prove(key: bytes, expected: bytes, credential: bytes) -> None:
    webauthn.verify_authentication_response(
        credential=orjson.loads(credential),
        credential_public_key=key,
        credential_current_sign_count=0,
        **_expected(expected),
    )


def _register(_: bytes, expected: bytes, credential: bytes) -> None:
    webauthn.verify_registration_response(
        credential=orjson.loads(credential), **_expected(expected)
    )


def _make(_: bytes, __: bytes, ___: bytes) -> None:
    coincurve.PrivateKey(os.urandom(32)).public_key.format()


ACTS: dict[str, Callable[[bytes, bytes, bytes], Any]] = {
    "rsa.decrypt": lambda key, _, text: _opening(key).decrypt(text, OAEP),
    "aes_gcm.encrypt": _encrypt,
    "aes_gcm.decrypt": _decrypt,
    "passkey.verify_assertion": _prove,
    "passkey.verify_registration": _register,
    "secp256k1.generate": _make,
    "secp256k1.sign_recoverable": lambda key, _, digest: _scalar(key).sign_recoverable(
        digest, hasher=None
    ),
    "keccak.digest": lambda _, __, data: keccak.new(digest_bits=256, data=data).digest(),
}
