"""Stable JSON: one text for one value, the same that JavaScript writes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import stable_json

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/blocklet.json").read_text())


def test_writes_the_texts_of_the_vectors() -> None:
    signed, answered = VECTORS["app_request_signature"], VECTORS["response_signature"]
    assert stable_json.text(signed["raw"]) == signed["signed_text"]
    assert stable_json.digest(signed["raw"]).hex() == signed["digest_hex"]
    assert stable_json.text(answered["data"]) == answered["signed_text"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (-2.0, "-2"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e25, "1.25e+25"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (-1.5e-9, "-1.5e-9"),
        (333333333.33333329, "333333333.3333333"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (2**53 - 1, "9007199254740991"),
        (True, "true"),
        (None, "null"),
        ('€$\u000f\nA\'B"\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\"/"'),
        ({"\ufb33": 1, "😀": 2, "a": []}, '{"a":[],"😀":2,"\ufb33":1}'),
        ([{}, ()], "[{},[]]"),
    ],
)
def test_writes_as_ecmascript_does(value: Any, written: str) -> None:
    assert stable_json.text(value) == written


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**53), float("nan"), float("inf"), "\ud800", {1: 2}, b"x", object(), nested(17)],
    ids=lambda value: type(value).__name__,
)
def test_refuses_what_has_no_one_form(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        stable_json.text(value)


def test_writes_what_is_nested_sixteen_times() -> None:
    assert stable_json.text(nested(16)) == "[" * 16 + "1" + "]" * 16


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_the_fast_way_writes_what_the_slow_one_does(value: Any) -> None:
    try:
        slow = stable_json._write(value, stable_json.MAX_DEPTH)
        slow.encode()
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            stable_json.text(value)
    else:
        assert stable_json.text(value) == slow


@pytest.mark.parametrize(
    "value",
    [UUID(int=0), datetime(2026, 1, 1, tzinfo=UTC), {"a": {1}}],
    ids=["uuid", "time", "set"],
)
def test_refuses_what_only_our_library_can_write(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        stable_json.text(value)
