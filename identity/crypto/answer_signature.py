"""Signatures over the JSON of answers, which stand inside the answer as `$signature`."""

import re
from collections.abc import Mapping
from typing import Any, Final

from identity.crypto import ed25519, stable_json
from identity.crypto.errors import SignatureInvalid
from identity.crypto.remembered import Remembered

NAME: Final = "$signature"
_TEXT: Final = re.compile(r"0x[0-9a-f]{128}")
_given: Final = Remembered[tuple[bytes, bytes], str](4096)


def sign(answer: Mapping[str, Any], key: ed25519.PrivateKey) -> dict[str, Any]:
    """The answer with its signature: Ed25519 over SHA3-256 of the stable JSON, in 0x-hex.

    A `$signature` that is there already is replaced. Raises ValueError for what is not JSON.
    """
    unsigned = {name: value for name, value in answer.items() if name != NAME}
    return unsigned | {NAME: hex_signature(key, unsigned)}


def verify(answer: Mapping[str, Any], key: ed25519.PublicKey) -> None:
    """Check an answer that `sign` made. Raises SignatureInvalid."""
    unsigned = {name: value for name, value in answer.items() if name != NAME}
    verify_hex(key, answer.get(NAME), unsigned)


def hex_signature(key: ed25519.PrivateKey, value: Mapping[str, Any]) -> str:
    """The signature of an object alone: `0x` and 128 hexadecimal digits."""
    digest = stable_json.digest(value)
    known = _given.get((key.public.raw, digest))
    if known is None:
        # Ed25519 gives the same bytes for the same answer, and most answers are given many times.
        known = "0x" + ed25519.sign(key, digest).hex()
        _given.keep((key.public.raw, digest), known)
    return known


def verify_hex(key: ed25519.PublicKey, signature: Any, value: Mapping[str, Any]) -> None:
    """Check what `hex_signature` made. Raises SignatureInvalid."""
    if not isinstance(signature, str) or not _TEXT.fullmatch(signature):
        raise SignatureInvalid
    try:
        digest = stable_json.digest(value)
    except ValueError as error:
        raise SignatureInvalid from error
    ed25519.verify(key, bytes.fromhex(signature[2:]), digest)
