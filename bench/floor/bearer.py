"""The floor of a request with a token, a proof of a wallet or passkey, a password, or none.

It reads the body as JSON where it is JSON, sends the recorded statements, then verifies, signs and
hashes what our handler did, with the same keys over the same bytes, and answers the recorded bytes.
It checks nothing else. Keys are parsed once.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from argon2 import Type, low_level
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from bench.floor import passkey

CURVE = ec.SECP256R1()
VERIFYING = ec.ECDSA(hashes.SHA256())
SIGNING = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def answer(
    environ: dict[str, Any],
    body: bytes,
    tape: Any,
    start: Callable[..., Any],
    *,
    connection: Any,
) -> Iterable[bytes]:
    if environ.get("CONTENT_TYPE") == "application/json":
        orjson.loads(body)
    with connection.cursor() as cursor:
        for sql, params in tape.statements:
            cursor.execute(sql, params)
            if cursor.description is not None:
                cursor.fetchall()
    for name, key, signature, text in tape.crypto:
        ACTS[name](key, signature, text)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(tape.answer)))]
    start("200 OK", headers)
    return [tape.answer]


@functools.cache
def _point(key: bytes) -> Any:
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, key)


@functools.cache
def _scalar(key: bytes) -> Any:
    return ec.derive_private_key(int.from_bytes(key, "big"), CURVE)


_edwards_point = functools.cache(ed25519.Ed25519PublicKey.from_public_bytes)
_edwards_seed = functools.cache(ed25519.Ed25519PrivateKey.from_private_bytes)


def _verify_p256(key: bytes, signature: bytes, text: bytes) -> None:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    _point(key).verify(utils.encode_dss_signature(r, s), text, VERIFYING)


def _sign_p256(key: bytes, _: bytes, text: bytes) -> None:
    utils.decode_dss_signature(_scalar(key).sign(text, SIGNING))


def _verify_password(known: bytes, _: bytes, text: bytes) -> None:
    # Django writes the name of its hasher in front of the encoded form.
    low_level.verify_secret(b"$" + known.partition(b"$")[2], text, Type.ID)


def _sign_edwards(key: bytes, _: bytes, text: bytes) -> None:
    _edwards_seed(key).sign(text)


ACTS: dict[str, Callable[[bytes, bytes, bytes], Any]] = {
    **passkey.ACTS,
    "ecdsa_p256.verify": _verify_p256,
    "ecdsa_p256.sign": _sign_p256,
    "ed25519.verify": lambda key, signature, text: _edwards_point(key).verify(signature, text),
    "ed25519.sign": _sign_edwards,
    "hashers.verify_password": _verify_password,
}
