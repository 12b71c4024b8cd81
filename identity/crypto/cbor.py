"""The strict, deterministic CBOR of envelopes: one value has exactly one form.

The reader is our own because cbor2 cannot be made this strict: it accepts bytes after the item,
long heads and lists of a million numbers, builds objects from tags that the sender chose (regular
expressions, dates, cyclic values), and its canonical order is that of RFC 7049. The tests hold
both against each other.
"""

from typing import Final, NamedTuple, TypeAlias

from identity.crypto.errors import EnvelopeMalformed

MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 32
MAX_INTEGER: Final = 2**53 - 1

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG = range(7)


class Tag(NamedTuple):
    """A tagged value (RFC 8949 §3.4)."""

    number: int
    value: "Value"


Value: TypeAlias = "int | bytes | str | list[Value] | dict[int | str, Value] | Tag"


def decode(data: bytes) -> Value:
    """Read the one item that `data` holds.

    Guarantees that `encode` of the result gives `data` again. Raises EnvelopeMalformed for
    anything outside the profile: other types, more than 6 levels or 32 items (keys, values and
    containers all count), a form that is not the shortest, bytes after the item.
    """
    reader = _Reader(data)
    try:
        value = reader.item(1)
    except (IndexError, UnicodeDecodeError) as error:
        raise EnvelopeMalformed("The CBOR is cut short or its text is not UTF-8.") from error
    if reader.position != len(data):
        raise EnvelopeMalformed("The CBOR item does not end where the bytes end.")
    return value


class _Reader:
    """Walks over the bytes once; every number that the sender chose is bounded before its use."""

    __slots__ = ("data", "items", "position")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.items = 0

    def item(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise EnvelopeMalformed("The CBOR is nested too deeply.")
        self.items += 1
        if self.items > MAX_ITEMS:
            raise EnvelopeMalformed("The CBOR has too many items.")
        initial = self.data[self.position]
        major = initial >> 5
        number = initial & 31
        self.position += 1
        if number > 23:
            number = self._long_number(number)
        if major == BYTES:
            return self._string(number)
        if major == TEXT:
            return self._string(number).decode()
        if major == MAP:
            return self._map(number, depth)
        if major == ARRAY:
            return self._array(number, depth)
        return self._plain(major, number, depth)

    def _plain(self, major: int, number: int, depth: int) -> Value:
        if major == UNSIGNED:
            return number
        if major == NEGATIVE and number < MAX_INTEGER:
            return -1 - number
        if major == TAG:
            return Tag(number, self.item(depth + 1))
        raise EnvelopeMalformed("The CBOR holds a type that the profile does not have.")

    def _long_number(self, kind: int) -> int:
        # RFC 8949 §4.2.1: the shortest head only, and no indefinite lengths (31).
        if kind > 27:
            raise EnvelopeMalformed("The CBOR has an indefinite length or a reserved head.")
        width = 1 << (kind - 24)
        start = self.position
        self.position = end = start + width
        # A head that is cut short gives a smaller number here; `decode` and `_string` see that
        # the position is past the end.
        number = int.from_bytes(self.data[start:end], "big")
        least = 24 if width == 1 else 1 << (4 * width)
        if number < least or number > MAX_INTEGER:
            raise EnvelopeMalformed("The CBOR has a number that is too long or too large.")
        return number

    def _string(self, length: int) -> bytes:
        start = self.position
        end = start + length
        if end > len(self.data):
            raise EnvelopeMalformed("The CBOR is cut short.")
        self.position = end
        return self.data[start:end]

    def _array(self, length: int, depth: int) -> Value:
        if length > MAX_ITEMS:
            raise EnvelopeMalformed("The CBOR has too many items.")
        return [self.item(depth + 1) for _ in range(length)]

    def _map(self, length: int, depth: int) -> Value:
        if length > MAX_ITEMS:
            raise EnvelopeMalformed("The CBOR has too many items.")
        values: dict[int | str, Value] = {}
        before = b""
        for _ in range(length):
            start = self.position
            key = self.item(depth + 1)
            if not isinstance(key, int | str):
                raise EnvelopeMalformed("The CBOR has a map key that is no integer and no text.")
            encoded = self.data[start : self.position]
            # Sorted bytewise and without repeats are one condition: strictly ascending.
            if encoded <= before:
                raise EnvelopeMalformed("The CBOR has map keys out of order or repeated.")
            before = encoded
            values[key] = self.item(depth + 1)
        return values


def encode(value: Value) -> bytes:
    """The one deterministic form of `value` (RFC 8949 §4.2.1).

    Raises TypeError or ValueError for a value that the profile does not have: that is a mistake
    in our code, never in a message.
    """
    if isinstance(value, bytes):
        return head(BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return head(TEXT, len(text)) + text
    if isinstance(value, dict):
        pairs = [encode(key) + encode(item) for key, item in value.items()]
        # No encoded key is the beginning of another one, so sorting the pairs sorts the keys.
        pairs.sort()
        return head(MAP, len(pairs)) + b"".join(pairs)
    if isinstance(value, list):
        return head(ARRAY, len(value)) + b"".join([encode(item) for item in value])
    if isinstance(value, Tag):
        return head(TAG, value.number) + encode(value.value)
    if type(value) is int:
        return head(UNSIGNED, value) if value >= 0 else head(NEGATIVE, -1 - value)
    raise TypeError(f"the profile has no {type(value).__name__}")


def head(major: int, number: int) -> bytes:
    """The shortest head (RFC 8949 §3) of one item of a major type."""
    first = major << 5
    if 0 <= number < 24:
        return _SHORT_HEADS[first | number]
    if number < 0 or number > MAX_INTEGER - (major == NEGATIVE):
        raise ValueError("the number is outside the profile")
    for kind, width in ((24, 1), (25, 2), (26, 4)):
        if number < 1 << (8 * width):
            return _SHORT_HEADS[first | kind] + number.to_bytes(width, "big")
    return _SHORT_HEADS[first | 27] + number.to_bytes(8, "big")


_SHORT_HEADS: Final = [bytes((initial,)) for initial in range(256)]


def byte_string(value: bytes) -> bytes:
    """The encoded byte string, for structures that are put together from finished parts."""
    return head(BYTES, len(value)) + value
