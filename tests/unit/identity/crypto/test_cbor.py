"""The strict CBOR reader and writer, example by example."""

import base64
import json
from pathlib import Path

import cbor2
import pytest

from identity.crypto import cbor
from identity.crypto.errors import EnvelopeMalformed

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/enterprise.json").read_text())


@pytest.mark.parametrize(
    "message", VECTORS["requests"] + VECTORS["replies"], ids=lambda m: m["name"]
)
def test_writes_what_it_read(message: dict[str, str]) -> None:
    body = base64.b64decode(message["body"])
    assert cbor.encode(cbor.decode(body)) == body


# RFC 8949 appendix A, as far as the profile has the types.
EXAMPLES: list[tuple[str, cbor.Value]] = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("18ff", 255),
    ("190100", 256),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1b001fffffffffffff", 2**53 - 1),
    ("20", -1),
    ("3863", -100),
    ("3903e7", -1000),
    ("3b001ffffffffffffe", -(2**53) + 1),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("60", ""),
    ("6449455446", "IETF"),
    ("62c3bc", "\u00fc"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("d74401020304", cbor.Tag(23, b"\x01\x02\x03\x04")),
]


@pytest.mark.parametrize(("encoded", "value"), EXAMPLES)
def test_knows_the_examples_of_the_standard(encoded: str, value: cbor.Value) -> None:
    assert cbor.decode(bytes.fromhex(encoded)) == value
    assert cbor.encode(value).hex() == encoded


REFUSED = {
    "nothing": "",
    "bytes after the item": "0000",
    "half float": "f93c00",
    "single float": "fa47c35000",
    "double float": "fb3ff199999999999a",
    "false": "f4",
    "true": "f5",
    "null": "f6",
    "undefined": "f7",
    "simple value": "f820",
    "break": "ff",
    "null in a map": "a101f6",
    "long head of 23": "1817",
    "long head of 255": "1900ff",
    "long head of 65535": "1a0000ffff",
    "long head of 2^32-1": "1b00000000ffffffff",
    "long head of a negative": "3817",
    "long head of a length": "580161",
    "long head of a tag": "d80100",
    "integer 2^53": "1b0020000000000000",
    "integer 2^64-1": "1bffffffffffffffff",
    "integer -2^53": "3b001fffffffffffff",
    "tag 2^53": "db002000000000000000",
    "reserved head 28": "1c",
    "reserved head 30": "5e",
    "indefinite bytes": "5f42010243030405ff",
    "indefinite text": "7f657374726561646d696e67ff",
    "indefinite array": "9f01ff",
    "indefinite map": "bf616101ff",
    "bytes cut short": "4401",
    "text cut short": "6461",
    "array cut short": "8201",
    "map cut short": "a20102",
    "head cut short": "19",
    "head cut in the middle": "1903",
    "tag without an item": "d7",
    "four gigabytes of bytes": "5affffffff",
    "2^53-1 bytes": "5b001fffffffffffff",
    "an array of 2^32-1": "9affffffff00",
    "a map of 2^32-1": "baffffffff0000",
    "invalid UTF-8": "61ff",
    "a surrogate in UTF-8": "63eda080",
    "overlong UTF-8": "62c080",
    "keys out of order": "a203040102",
    "text key before an integer key": "a26161010102",
    "repeated key": "a201020103",
    "key of bytes": "a1410100",
    "key that is an array": "a18000",
    "key that is a tag": "a1c10000",
    "key that is a map": "a1a000",
    "seven levels": "81" * 6 + "00",
    "seven levels of tags": "c1" * 6 + "00",
    "a million levels": "81" * 1_000_000,
    "33 items": "9820" + "00" * 32,
    "33 items in small lists": "8f" + "8100" * 14 + "8300" + "0000",
}


@pytest.mark.parametrize("encoded", REFUSED.values(), ids=REFUSED.keys())
def test_refuses(encoded: str) -> None:
    with pytest.raises(EnvelopeMalformed):
        cbor.decode(bytes.fromhex(encoded))


def test_accepts_six_levels_and_32_items() -> None:
    deep = bytes.fromhex("81" * 5 + "00")
    wide = bytes.fromhex("981f" + "00" * 31)
    assert cbor.encode(cbor.decode(deep)) == deep
    assert cbor.decode(wide) == [0] * 31


def test_sorts_keys_bytewise_and_not_by_length_first() -> None:
    # RFC 8949 §4.2.1 puts 100 (18 64) before -1 (20); RFC 7049 §3.9, which cbor2 follows, does not.
    value: cbor.Value = {-1: 1, 100: 2}
    assert cbor.encode(value).hex() == "a21864022001"
    assert cbor2.dumps({-1: 1, 100: 2}, canonical=True).hex() == "a22001186402"
    with pytest.raises(EnvelopeMalformed):
        cbor.decode(bytes.fromhex("a22001186402"))


@pytest.mark.parametrize("value", [2**53, -(2**53), cbor.Tag(-1, 0)])
def test_does_not_write_numbers_outside_the_profile(value: cbor.Value) -> None:
    with pytest.raises(ValueError, match="outside the profile"):
        cbor.encode(value)


@pytest.mark.parametrize("value", [True, None, 1.5, {True: 1}, bytearray(b"a"), (1, 2)])
def test_does_not_write_types_outside_the_profile(value: object) -> None:
    with pytest.raises(TypeError, match="the profile has no"):
        cbor.encode(value)  # type: ignore[arg-type]
