"""The strict JSON against random values, random text and the library's reader."""

import json
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import strict_json
from identity.crypto.errors import EnvelopeMalformed

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
)
members: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inside: (
        st.lists(inside, max_size=5) | st.dictionaries(st.text(max_size=8), inside, max_size=5)
    ),
    max_leaves=25,
)
objects = st.dictionaries(st.text(max_size=8), members, max_size=6)


def levels(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(levels, value), default=0)
    return 0


@given(objects)
def test_reads_what_it_writes(value: dict[str, Any]) -> None:
    if levels(value) <= strict_json.MAX_DEPTH:
        assert strict_json.decode(strict_json.encode(value)) == value


@given(
    objects,
    st.fixed_dictionaries({"ensure_ascii": st.booleans(), "indent": st.none() | st.just(2)}),
)
def test_reads_what_others_write(value: dict[str, Any], form: dict[str, Any]) -> None:
    text = json.dumps(value, **form)
    if levels(value) <= strict_json.MAX_DEPTH:
        assert strict_json.decode(text.encode()) == value


@given(objects, st.data())
def test_a_repeated_key_is_refused_wherever_it_stands(
    value: dict[str, Any], data: st.DataObject
) -> None:
    key = data.draw(st.text(max_size=8))
    twice = f"{{{json.dumps(key)}:1,{json.dumps(key, ensure_ascii=False)}:1}}"
    text = strict_json.encode({**value, "marker": "@"}).decode()
    for body in (text.replace('"@"', twice), twice):
        try:
            strict_json.decode(body.encode())
        except EnvelopeMalformed:
            continue
        raise AssertionError("the repeated key was accepted")


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0019ed-.', max_size=60))
def test_any_bytes_are_refused_or_read_as_the_library_reads_them(data: bytes | str) -> None:
    raw = data.encode() if isinstance(data, str) else data
    try:
        value = strict_json.decode(raw)
    except EnvelopeMalformed:
        return
    assert value == orjson.loads(raw) == json.loads(raw)


@given(objects, st.data())
def test_any_damaged_text_is_refused_or_read_as_the_library_reads_it(
    value: dict[str, Any], data: st.DataObject
) -> None:
    raw = bytearray(strict_json.encode(value))
    position = data.draw(st.integers(0, len(raw)))
    raw[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        read = strict_json.decode(bytes(raw))
    except EnvelopeMalformed:
        return
    assert read == json.loads(bytes(raw))
