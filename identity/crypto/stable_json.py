"""JSON in one form, for what is signed: sorted keys, no spaces, numbers as ECMAScript writes them.

The form is RFC 8785's (JCS), which for JSON is also what JavaScript's stable writers give.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

MAX_INTEGER: Final = 2**53 - 1
MAX_DEPTH: Final = 16
_SORTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_LEAVES: Final = frozenset({str, int, bool, type(None)})


def text(value: Any) -> str:
    """Write a JSON value.

    Raises ValueError for what has no one form: integers beyond ±(2^53-1), NaN and Infinity, lone
    surrogates, more than 16 nested containers, and Python values that JSON has not.
    """
    if _is_plain(value, MAX_DEPTH):
        try:
            return orjson.dumps(value, option=_SORTED).decode()
        except orjson.JSONEncodeError:
            pass  # Below it is told in our words why.
    written = _write(value, MAX_DEPTH)
    try:
        written.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a lone surrogate is no text") from error
    return written


def digest(value: Any) -> bytes:
    """SHA3-256 of the text in UTF-8: what wallets and applications sign. Raises as `text` does."""
    return hashlib.sha3_256(text(value).encode()).digest()


def _is_plain(value: Any, depth: int) -> bool:
    """Whether orjson writes the same: no fractions, names that sort alike in UTF-8 and UTF-16."""
    kind = type(value)
    if kind in _LEAVES:
        return True
    if depth == 0:
        return False
    if kind is dict:
        for name, member in value.items():
            if type(name) is not str or not name.isascii():
                return False
            if type(member) not in _LEAVES and not _is_plain(member, depth - 1):
                return False
        return True
    return kind is list and all(_is_plain(item, depth - 1) for item in value)


def _write(value: Any, depth: int) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return _number(value)
    if depth == 0:
        raise ValueError("the JSON is nested too deeply")
    if isinstance(value, Mapping):
        # RFC 8785 §3.2.3: sorted by UTF-16 code units.
        names = sorted(value, key=_utf16)
        members = (f"{_write(name, 0)}:{_write(value[name], depth - 1)}" for name in names)
        return "{" + ",".join(members) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join(_write(item, depth - 1) for item in value) + "]"
    raise ValueError("the value is not JSON")


def _utf16(name: Any) -> bytes:
    if not isinstance(name, str):
        raise ValueError("a key of a JSON object is a text")  # noqa: TRY004 - one error for callers
    return name.encode("utf-16-be", "surrogatepass")


def _number(value: float) -> str:
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError("the integer is beyond 2^53-1")
        return str(value)
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        raise ValueError("the number is not finite")
    return _float(value)


def _float(value: float) -> str:
    # ECMA-262, Number::toString. Python and ECMAScript agree on the shortest digits.
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    minus = "-" if sign else ""
    shown = "".join(map(str, digits))
    point = len(shown) + int(exponent)
    if len(shown) <= point <= 21:
        return minus + shown + "0" * (point - len(shown))
    if 0 < point <= 21:
        return f"{minus}{shown[:point]}.{shown[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{shown}"
    fraction = f".{shown[1:]}" if len(shown) > 1 else ""
    return f"{minus}{shown[0]}{fraction}e{point - 1:+d}"
