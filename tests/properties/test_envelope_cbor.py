"""The strict CBOR against random values, random bytes and the library's reader."""

from collections.abc import Mapping
from typing import Any

import cbor2
from hypothesis import assume, example, given
from hypothesis import strategies as st

from identity.crypto import cbor
from identity.crypto.errors import EnvelopeMalformed

integers = st.integers(-(2**53) + 1, 2**53 - 1)
scalars = integers | st.binary(max_size=300) | st.text(max_size=100)
keys = st.integers(-300, 300) | st.text(max_size=12)
tags = st.integers(0, 2**53 - 1)


def containers(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(children, max_size=6)
        | st.dictionaries(keys, children, max_size=5)
        | st.builds(cbor.Tag, tags, children)
    )


values: st.SearchStrategy[Any] = st.recursive(scalars, containers, max_leaves=12)


def fits(value: Any) -> bool:
    def walk(item: Any) -> tuple[int, int]:
        if isinstance(item, cbor.Tag):
            inside = [walk(item.value)]
        elif isinstance(item, list):
            inside = [walk(each) for each in item]
        elif isinstance(item, dict):
            inside = [walk(each) for pair in item.items() for each in pair]
        else:
            inside = []
        return 1 + max((depth for depth, _ in inside), default=0), 1 + sum(n for _, n in inside)

    depth, items = walk(value)
    return depth <= cbor.MAX_DEPTH and items <= cbor.MAX_ITEMS


@given(values)
def test_reads_exactly_what_fits_the_bounds_and_nothing_more(value: Any) -> None:
    encoded = cbor.encode(value)
    try:
        assert cbor.decode(encoded) == value
    except EnvelopeMalformed:
        assert not fits(value)
    else:
        assert fits(value)


@given(values)
def test_the_library_reads_what_we_write(value: Any) -> None:
    def as_ours(item: Any) -> Any:
        if isinstance(item, cbor2.CBORTag):
            return cbor.Tag(item.tag, as_ours(item.value))
        # Inside tags the library makes immutable containers.
        if isinstance(item, list | tuple):
            return [as_ours(each) for each in item]
        if isinstance(item, Mapping):
            return {key: as_ours(each) for key, each in item.items()}
        return item

    # Tags with a meaning become other objects in the library; those above 2^16 have none.
    assume(all(tag > 2**16 for tag in tag_numbers(value)))
    assert as_ours(cbor2.loads(cbor.encode(value))) == value


def tag_numbers(item: Any) -> list[int]:
    if isinstance(item, cbor.Tag):
        return [item.number, *tag_numbers(item.value)]
    if isinstance(item, list):
        return [number for each in item for number in tag_numbers(each)]
    if isinstance(item, dict):
        return [number for each in item.values() for number in tag_numbers(each)]
    return []


def one_form(data: bytes) -> None:
    """Either refused as malformed, or the one form of the value."""
    try:
        value = cbor.decode(data)
    except EnvelopeMalformed:
        return
    assert cbor.encode(value) == data


@given(st.binary(max_size=200))
@example(b"\x9b" + b"\xff" * 8)
def test_any_bytes_are_malformed_or_the_one_form(data: bytes) -> None:
    one_form(data)


@given(values, st.data())
def test_any_damaged_item_is_malformed_or_the_one_form_of_another(
    value: Any, data: st.DataObject
) -> None:
    encoded = bytearray(cbor.encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(encoded) - 1))
        replacement = data.draw(st.binary(max_size=3))
        encoded[position : position + data.draw(st.integers(0, 2))] = replacement
        assume(encoded)
    one_form(bytes(encoded))


@given(st.sampled_from([0, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32]), st.integers(0, 6))
def test_longer_heads_of_the_same_number_are_refused(number: int, major: int) -> None:
    shortest = cbor.head(major, number)
    for width, kind in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if number >= 1 << (8 * width) or len(shortest) == 1 + width:
            continue
        longer = bytes((major << 5 | kind,)) + number.to_bytes(width, "big")
        if len(longer) > len(shortest):
            for tail in (b"", b"\x00", bytes(300)):
                try:
                    cbor.decode(longer + tail)
                except EnvelopeMalformed:
                    continue
                raise AssertionError(f"{longer.hex()} was accepted")
