"""The strict I-JSON of envelopes (RFC 7493): one reading of a text, or none."""

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson

from identity.crypto.errors import EnvelopeMalformed

MAX_BYTES: Final = 512 * 1024
MAX_DEPTH: Final = 16
MAX_INTEGER: Final = 2**53 - 1
_MAX_DIGITS: Final = len(str(-MAX_INTEGER))


def decode(data: bytes, *, most: int = MAX_BYTES) -> dict[str, Any]:
    """Read a payload: an object in UTF-8 without a byte order mark.

    Raises EnvelopeMalformed for anything else, among these: repeated keys (also when one is
    written with escapes), NaN and Infinity, numbers no double can hold, lone surrogates, integers
    beyond ±(2^53-1), more than 16 nested containers, more than `most` bytes.
    """
    if len(data) > most:
        raise EnvelopeMalformed(f"The JSON is larger than {most // 1024} KiB.")
    try:
        # Two readers must agree. orjson holds the grammar, UTF-8, surrogates and what a double
        # can hold; the standard library's shows every key and every integer as it was written.
        first = orjson.loads(data)
        if not isinstance(first, dict):
            raise EnvelopeMalformed("The JSON is not an object.")
        # Without more brackets than levels there can be no deeper nesting: the usual case.
        if data.count(b"{") + data.count(b"[") > MAX_DEPTH:
            _check_depth(first)
        value: dict[str, Any] = _decode(data.decode())
    except (ValueError, RecursionError) as error:
        raise EnvelopeMalformed("The JSON is not well-formed I-JSON.") from error
    return value


def encode(value: Mapping[str, Any]) -> bytes:
    """Write a payload in compact UTF-8. Raises TypeError for what I-JSON cannot say."""
    return orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise EnvelopeMalformed("The JSON repeats a key.")
    return value


def _integer(digits: str) -> int:
    # The length first: converting a million digits would be the sender's work for us.
    if len(digits) > _MAX_DIGITS or abs(value := int(digits)) > MAX_INTEGER:
        raise EnvelopeMalformed("The JSON has an integer beyond 2^53-1.")
    return value


_decode = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer).decode


def _check_depth(root: dict[str, Any]) -> None:
    level: list[Any] = [root]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]
        if not level:
            return
    raise EnvelopeMalformed("The JSON is nested more than 16 levels deep.")
