"""The strict I-JSON reader, example by example."""

import pytest

from identity.crypto import strict_json
from identity.crypto.errors import EnvelopeMalformed


def nested(levels: int) -> bytes:
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


ACCEPTED = {
    "empty object": (b"{}", {}),
    "space around": (b' \t\r\n{"a" : 1} \n', {"a": 1}),
    "all types": (
        b'{"a":[1,-2,0.5,"x",true,false,null,{"b":{}}]}',
        {"a": [1, -2, 0.5, "x", True, False, None, {"b": {}}]},
    ),
    "same key in two objects": (b'{"a":{"b":1},"c":{"b":2}}', {"a": {"b": 1}, "c": {"b": 2}}),
    "largest integer": (b'{"a":9007199254740991}', {"a": 2**53 - 1}),
    "least integer": (b'{"a":-9007199254740991}', {"a": -(2**53) + 1}),
    "umlaut": ('{"a":"M\u00fcller"}'.encode(), {"a": "M\u00fcller"}),
    "pair of surrogates": (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    "brackets in a text": (b'{"a":"' + b"[{" * 40 + b'"}', {"a": "[{" * 40}),
}


@pytest.mark.parametrize(("data", "value"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_reads(data: bytes, value: object) -> None:
    assert strict_json.decode(data) == value


REFUSED = {
    "nothing": b"",
    "space": b" ",
    "array at the root": b"[]",
    "text at the root": b'"a"',
    "null at the root": b"null",
    "two values": b"{}{}",
    "rest after the value": b"{} x",
    "vertical tab around": b"{}\x0b",
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "bad UTF-8": b'{"a":"\xff"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "lone high surrogate": b'{"a":"\\ud800"}',
    "lone low surrogate": b'{"a":"\\udc00"}',
    "surrogates the wrong way round": b'{"a":"\\ude00\\ud83d"}',
    "lone surrogate in a key": b'{"\\ud800":1}',
    "control character in a text": b'{"a":"\x01"}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
    "a number no double holds": b'{"a":1e400}',
    "repeated key": b'{"a":1,"a":1}',
    "repeated key by escape": b'{"a":1,"\\u0061":2}',
    "repeated key in depth": b'{"a":[{"b":1,"c":2,"b":3}]}',
    "repeated key that hides a deep value": b'{"a":' + b"[" * 1000 + b"]" * 1000 + b',"a":1}',
    "integer 2^53": b'{"a":9007199254740992}',
    "integer -2^53": b'{"a":-9007199254740992}',
    "integer 2^64": b'{"a":18446744073709551616}',
    "integer of 5000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "leading zero": b'{"a":01}',
    "plus sign": b'{"a":+1}',
    "comma at the end": b'{"a":1,}',
    "comment": b'{"a":1}//',
    "single quotes": b"{'a':1}",
    "17 levels": nested(17),
    "a hundred thousand levels": nested(100_000),
    "more than 512 KiB": b'{"a":"' + b"x" * (strict_json.MAX_BYTES - 7) + b'"}',
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_refuses(data: bytes) -> None:
    with pytest.raises(EnvelopeMalformed):
        strict_json.decode(data)


def test_accepts_sixteen_levels_and_512_kibibytes() -> None:
    assert "a" in strict_json.decode(nested(16))
    frame = b'{"a":""}'
    data = b'{"a":"' + b"x" * (strict_json.MAX_BYTES - len(frame)) + b'"}'
    assert len(data) == strict_json.MAX_BYTES
    assert len(strict_json.decode(data)["a"]) == strict_json.MAX_BYTES - len(frame)


def test_writes_compact_utf_8() -> None:
    assert (
        strict_json.encode({"a": "M\u00fcller", "b": [1]}) == '{"a":"M\u00fcller","b":[1]}'.encode()
    )


@pytest.mark.parametrize("value", [{"a": 2**53}, {"a": "\ud800"}, {1: 2}])
def test_does_not_write_what_i_json_cannot_say(value: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        strict_json.encode(value)
