"""The floor of a request that its device signed as RFC 9421 says.

It makes the signature base of the components that the request names, checks the digest of the body
and the signature, sends the recorded statements and answers the recorded bytes. It checks nothing
else.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

ES256 = ec.ECDSA(hashes.SHA256())
_INPUT = re.compile(r"([a-z0-9_-]+)=(\(([^)]*)\).*)")
_POINT = re.compile(r"0[23][0-9a-f]{64}")


def answer(
    environ: dict[str, Any],
    body: bytes,
    tape: Any,
    start: Callable[..., Any],
    *,
    connection: Any,
    points: dict[str, Any],
) -> Iterable[bytes]:
    named = _INPUT.fullmatch(environ["HTTP_SIGNATURE_INPUT"])
    assert named is not None
    base = _base(environ, named[3].split(), named[2])
    if body:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert environ["HTTP_CONTENT_DIGEST"] == f"sha-256=:{digest}:"
    first, *others = tape.statements
    with connection.cursor() as cursor:
        # The look-up of the device comes before its signature can be checked.
        row = cursor.execute(*first).fetchone()
        point = next(value for value in row if isinstance(value, str) and _POINT.fullmatch(value))
        _verify(_key(point, points), environ["HTTP_SIGNATURE"], base)
        for sql, params in others:
            cursor.execute(sql, params)
            if cursor.description is not None:
                cursor.fetchall()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(tape.answer)))]
    start("200 OK", headers)
    return [tape.answer]


def _base(environ: dict[str, Any], components: list[str], parameters: str) -> bytes:
    # RFC 9421 section 2.5.
    lines = [f"{name}: {_value(environ, name[1:-1])}" for name in components]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode()


def _value(environ: dict[str, Any], name: str) -> str:
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    match name:
        case "@method":
            found = environ["REQUEST_METHOD"]
        case "@target-uri":
            found = f"http://{environ['HTTP_HOST']}{path}" + (f"?{query}" if query else "")
        case "@authority":
            found = environ["HTTP_HOST"]
        case "@path":
            found = path
        case "@query":
            found = f"?{query}"
        case "content-type":
            found = environ["CONTENT_TYPE"]
        case _:
            found = environ["HTTP_" + name.upper().replace("-", "_")]
    text: str = found
    return text


def _key(point: str, points: dict[str, Any]) -> Any:
    key = points.get(point)
    if key is None:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(point))
        points[point] = key
    return key


def _verify(key: Any, header: str, base: bytes) -> None:
    signature = base64.b64decode(header.partition("=:")[2].rstrip(":"))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.verify(utils.encode_dss_signature(r, s), base, ES256)
