"""The condition language under any input: bounded, total and the same as plain logic."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from invitations.decision import expression, patterns

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "action": JSON,
        "resource": JSON,
        "details": st.dictionaries(st.sampled_from("abc"), JSON),
        "actor": st.fixed_dictionaries(
            {}, optional={"roles": st.frozensets(st.text(max_size=2)), "type": JSON}
        ),
        "device": JSON,
    },
)
TOKENS = st.sampled_from(
    [
        *("==", "!=", "<", "<=", ">", ">=", "in", "&&", "||", "!", "(", ")", "[", "]", ","),
        *("action", "resource", "details", "details.a", "details.a.b", "details.b", "details.c"),
        *("actor.roles", "actor.groups", "actor.type", "device.age_hours", "true", "false"),
        *("null", "0", "1", "-5", '""', '"a"', '"b"', "unknown", "1.5", "'", '"'),
    ]
)


def judged(text: str, facts: Any) -> bool | str:
    try:
        return expression.evaluate(expression.parse(text), facts)
    except expression.EvaluationFailed:
        return "fails"


@given(st.text() | st.lists(TOKENS, max_size=40).map(" ".join), FACTS)
@example("(" * 2000, {})
@example("!" * 2000, {})
@example("[" * 2000, {})
@example("true&&" * 341 + "true", {})
def test_reads_or_refuses_any_text_and_judges_or_fails(text: str, facts: Any) -> None:
    try:
        parsed = expression.parse(text)
    except expression.ExpressionInvalid as error:
        assert 0 <= error.facts["position"] <= max(len(text), expression.MAX_BYTES)
        return
    assert parsed.size <= expression.MAX_NODES
    try:
        assert expression.evaluate(parsed, facts) in {True, False}
    except expression.EvaluationFailed as error:
        assert error.detail


# A tree of plain logic: (text, what Python says it is worth).
LEAVES = st.one_of(
    st.booleans().map(lambda value: (json.dumps(value), value)),
    st.tuples(
        st.integers(-9, 9), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(-9, 9)
    ).map(lambda parts: (f"{parts[0]}{parts[1]}{parts[2]}", _compared(*parts))),
    st.tuples(st.integers(0, 5), st.lists(st.integers(0, 5), max_size=4)).map(
        lambda parts: (f"{parts[0]} in {json.dumps(parts[1])}", parts[0] in parts[1])
    ),
    st.tuples(st.text(max_size=3), st.text(max_size=6)).map(
        lambda parts: (f"{json.dumps(parts[0])} in {json.dumps(parts[1])}", parts[0] in parts[1])
    ),
)


def _compared(left: int, operator: str, right: int) -> bool:
    return {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
        "==": left == right,
        "!=": left != right,
    }[operator]


def _joined(inner: st.SearchStrategy[tuple[str, bool]]) -> st.SearchStrategy[tuple[str, bool]]:
    some = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(
        inner.map(lambda part: (f"!({part[0]})", not part[1])),
        some.map(lambda parts: ("(" + " && ".join(t for t, _ in parts) + ")", _all(parts))),
        some.map(lambda parts: ("(" + "||".join(t for t, _ in parts) + ")", _any(parts))),
    )


def _all(parts: list[tuple[str, bool]]) -> bool:
    return all(value for _, value in parts)


def _any(parts: list[tuple[str, bool]]) -> bool:
    return any(value for _, value in parts)


@given(st.recursive(LEAVES, _joined, max_leaves=12))
def test_agrees_with_plain_logic(tree: tuple[str, bool]) -> None:
    text, value = tree
    try:
        assert judged(text, {}) is value
    except expression.ExpressionInvalid as error:
        bounds = ("200 values", "16 levels", "2048 bytes")
        assert any(bound in error.detail for bound in bounds)


@given(st.lists(LEAVES, min_size=3, max_size=3))
def test_binds_and_tighter_than_or(leaves: list[tuple[str, bool]]) -> None:
    (first, a), (second, b), (third, c) = leaves
    assert judged(f"{first} || {second} && {third}", {}) is (a or (b and c))
    assert judged(f"{first} && {second} || {third}", {}) is ((a and b) or c)


@given(JSON, JSON)
def test_compares_the_same_way_from_both_sides(left: Any, right: Any) -> None:
    facts = {"details": {"a": left, "b": right}}
    same = judged("details.a == details.b", facts)
    assert judged("details.b == details.a", facts) == same
    opposite = judged("details.a != details.b", facts)
    assert opposite == ("fails" if same == "fails" else not same)
    if same is True:
        assert json.dumps(left) == json.dumps(right)


@given(JSON, st.lists(JSON, max_size=5), st.randoms(use_true_random=False))
def test_looks_into_a_list_in_any_order(item: Any, whole: list[Any], random: Any) -> None:
    found = judged("details.a in details.b", {"details": {"a": item, "b": whole}})
    mixed = list(whole)
    random.shuffle(mixed)
    assert judged("details.a in details.b", {"details": {"a": item, "b": mixed}}) == found
    if found is True:
        assert json.dumps(item) in [json.dumps(one) for one in whole]


SEGMENTS = st.text(st.characters(codec="ascii"), min_size=1, max_size=3)


@given(st.text(max_size=12) | st.lists(SEGMENTS).map(lambda parts: "/" + "/".join(parts)))
def test_reads_or_refuses_any_pattern_and_resource(text: str) -> None:
    try:
        parsed = patterns.parse(text)
    except patterns.PatternInvalid:
        parsed = patterns.parse("*")
    try:
        outcome = patterns.matches(parsed, text)
    except patterns.ResourceInvalid:
        return
    # A resource is also the pattern of exactly itself, and the star matches it.
    assert outcome is True


PLAIN = st.lists(st.sampled_from(["users", "1", "devices"]), min_size=1, max_size=5)


@given(PLAIN, st.lists(st.booleans(), min_size=5, max_size=5), st.integers(0, 5))
def test_matches_what_a_resource_was_widened_to(
    words: list[str], starred: list[bool], kept: int
) -> None:
    resource = "/" + "/".join(words)
    widened = ["*" if star else word for word, star in zip(words, starred, strict=False)]
    assert patterns.matches("/" + "/".join(widened), resource)
    assert patterns.matches("/" + "/".join([*widened[:kept], "**"]), resource)
    assert not patterns.matches("/" + "/".join([*widened, "*"]), resource)
    assert not patterns.matches(f"{resource}/more", resource)
