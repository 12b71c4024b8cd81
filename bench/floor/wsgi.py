"""A bare WSGI handler of the requests that are measured: what no framework could make cheaper.

A request that carries a signature of its own goes to `floor.signed`, another one that is no
envelope to `floor.bearer`. An envelope is opened with
`cryptography` alone; the signature is checked, the keys that an authorization brings are parsed,
the recorded statements are sent through the same driver with the same options, the answer is
signed and encrypted. Nothing else is checked.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cbor2
import orjson
import psycopg
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.floor import bearer, signed
from bench.tape import Library, key_of

LIBRARY = Library.load(Path(os.environ["BENCH_LIBRARY"]))
OPENING: Any = serialization.load_der_private_key(LIBRARY.opening_key, None)
SIGNING = ec.derive_private_key(int(LIBRARY.signing_key, 16), ec.SECP256R1())
KID = hashlib.sha256(
    SIGNING.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
).digest()
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
ES256 = ec.ECDSA(hashes.SHA256())
CONNECTION = psycopg.connect(
    os.environ["BENCH_DATABASE"],
    autocommit=True,
    prepare_threshold=1,
    cursor_factory=psycopg.Cursor,
)
points: dict[str, ec.EllipticCurvePublicKey] = {}
recipients: dict[str, Any] = {}


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    signature = environ.get("HTTP_SIGNATURE", "")
    headers = {"Signature": signature, "Authorization": environ.get("HTTP_AUTHORIZATION", "")}
    tape = LIBRARY.tapes[key_of(environ["PATH_INFO"], body, headers)]
    if signature:
        return signed.answer(environ, body, tape, start, connection=CONNECTION, points=points)
    if not environ["PATH_INFO"].endswith("/request"):
        return bearer.answer(environ, body, tape, start, connection=CONNECTION)
    digest = hashlib.sha256(body).digest()
    device, payload = _opened(body, tape)
    recipient = _recipient(payload, tape)
    with CONNECTION.cursor() as cursor:
        for sql, params in tape.statements[1:]:
            cursor.execute(sql, params)
            if cursor.description is not None:
                cursor.fetchall()
    reply = _sealed(tape.answer, device, recipient, digest)
    told = [
        ("Content-Type", "application/octet-stream"),
        ("Content-Length", str(len(reply))),
    ]
    start("200 OK", told)
    return [reply]


def _opened(body: bytes, tape: Any) -> tuple[bytes, dict[str, Any]]:
    protected, unprotected, ciphertext, recipients_ = cbor2.loads(body).value
    cek = OPENING.decrypt(recipients_[0][2], OAEP)
    aad = cbor2.dumps(["Encrypt", protected, b""])
    sign1 = AESGCM(cek).decrypt(unprotected[5], ciphertext, aad)
    inner, _, payload, signature = cbor2.loads(sign1).value
    device: bytes = cbor2.loads(inner)[4]
    # The look-up of the device comes before its signature can be checked.
    sql, params = tape.statements[0]
    with CONNECTION.cursor() as cursor:
        row = cursor.execute(sql, params).fetchone()
    assert row is not None
    point = row[13]
    key = points.get(point)
    if key is None:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(point))
        points[point] = key
    tape.encryption_key = row[14]
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    message = cbor2.dumps(["Signature1", inner, b"", payload])
    key.verify(utils.encode_dss_signature(r, s), message, ES256)
    return device, orjson.loads(payload)


def _recipient(payload: dict[str, Any], tape: Any) -> Any:
    pem = tape.encryption_key
    if pem is None:
        details = payload["details"]
        new = bytes.fromhex(details["device_signature_pubkey"])
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), new)
        return serialization.load_pem_public_key(details["device_encryption_pubkey"].encode())
    found = recipients.get(pem)
    if found is None:
        found = recipients[pem] = serialization.load_pem_public_key(pem.encode())
    return found


def _sealed(answer: bytes, device: bytes, recipient: Any, digest: bytes) -> bytes:
    claims = {3: device.hex(), 6: 1790000000, 7: os.urandom(16), "req": digest}
    inner = cbor2.dumps({1: -7, 3: 50, 4: KID, 15: claims, 16: "application/vnd.ecs.reply.v1+cose"})
    message = cbor2.dumps(["Signature1", inner, b"", answer])
    r, s = utils.decode_dss_signature(SIGNING.sign(message, ES256))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    sign1 = cbor2.dumps(cbor2.CBORTag(18, [inner, {}, answer, signature]))
    cek, nonce = os.urandom(32), os.urandom(12)
    outer = cbor2.dumps({1: 3, 3: 18, 4: device, 16: "application/vnd.ecs.envelope.v1+cose"})
    ciphertext = AESGCM(cek).encrypt(nonce, sign1, cbor2.dumps(["Encrypt", outer, b""]))
    kid = b"\0" * 32
    wrapped = [[b"", {1: -41, 4: kid}, recipient.encrypt(cek, OAEP)]]
    return cbor2.dumps(cbor2.CBORTag(96, [outer, {5: nonce}, ciphertext, wrapped]))
