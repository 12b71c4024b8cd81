"""What code of lambdas can do: compute with the values it is given."""

from dataclasses import replace
from typing import Any

import pytest

from accounts import errors
from accounts.lambdas import sandbox, substitution
from tests.lambdas import CALM


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("return $given.inputs[0] + 1", 42),
        ("return {sum: $given.inputs.map((n) => n * 2)}", {"sum": [82]}),
        ("return 'ü' + String.fromCodePoint(0x1F600)", "ü😀"),
        ("return null", None),
        ("", None),
        ("return new Array(100000).fill(7).map((n) => [n]).length", 100_000),
        ("return 'x'.repeat(15000)", "x" * 15_000),
    ],
)
def test_answers_in_json(code: str, answer: Any) -> None:
    assert sandbox.run(code, {"inputs": [41]}, CALM) == answer


@pytest.mark.parametrize(
    "code",
    [
        "throw new Error('x')",
        "return 5n",
        "const a = []; a[0] = a; return a",
        "eval('return (')",
        "$given.inputs[0] = 2; return 1",
        "$given.more = 2; return 1",
    ],
)
def test_refuses_what_has_no_answer(code: str) -> None:
    with pytest.raises(errors.LambdaFailed) as refused:
        sandbox.run(code, {"inputs": [1]}, CALM)
    assert refused.value.noted == "lambda.failed"


@pytest.mark.parametrize(
    "code",
    ["return (", "return (((", "} return 7; {", "}); (function(){ return 9", "return <<inputs.0>>"],
)
def test_notes_of_what_is_no_code_that_it_did_not_compile(code: str) -> None:
    with pytest.raises(errors.LambdaFailed) as refused:
        sandbox.run(code, {"inputs": [1]}, CALM)
    assert refused.value.noted == "lambda.not-compiled"


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("return 1;" + " " * 16_384, {}),
        ("return 1", {"inputs": ["x" * 65_536]}),
        ("return 1", {"inputs": [float("nan")]}),
        ("return '\ud800'", {}),
    ],
)
def test_refuses_a_job_beyond_its_bounds(code: str, values: dict[str, Any]) -> None:
    with pytest.raises(errors.LambdaFailed):
        sandbox.run(code, values, CALM)


def test_waits_for_v8_as_long_as_it_may_and_no_longer() -> None:
    with pytest.raises(errors.LambdaUnavailable):
        sandbox.run("return 1", {}, replace(CALM, start_seconds=0))


def test_leaves_nothing_for_the_next_run() -> None:
    sandbox.run("globalThis.left = 1; Object.prototype.left = 1", {}, CALM)
    assert sandbox.run("return [typeof left, typeof ({}).left]", {}, CALM) == [
        "undefined",
        "undefined",
    ]


def test_keeps_its_own_frame_when_code_changes_the_language() -> None:
    code = "JSON.stringify = () => '\"evil\"'; return 5"
    assert sandbox.run(code, {}, CALM) == 5


def test_hands_values_beside_the_code() -> None:
    code = substitution.named("return [<<inputs.0>>, <<conditions.1>>.output, '<<inputs.0>>']")
    value = "'); throw 1; //<<inputs.0>>"
    given = {"inputs": [value], "conditions": [None, {"output": 3}]}
    assert sandbox.run(code, given, CALM) == [value, 3, value]


def test_leaves_a_placeholder_in_a_longer_text_inert() -> None:
    code = substitution.named("return 'it is <<inputs.0>>!' /* <<inputs.0>> */")
    given = {"inputs": ["'); throw 1; //*/ throw 2"]}
    assert sandbox.run(code, given, CALM) == "it is $given.inputs[0]!"


@pytest.mark.parametrize("quote", "'\"`")
def test_hands_a_quoted_placeholder_over_as_a_text(quote: str) -> None:
    code = substitution.named(f"return{quote}<<inputs.0>>{quote} + parseFloat('<<inputs.1>>')")
    assert sandbox.run(code, {"inputs": ["a", "2.5"]}, CALM) == "a2.5"


@pytest.mark.parametrize("text", ["<<inputs.01>>", "<<inputs.-1>>", "<<inputs.a>>", "<<other.0>>"])
def test_knows_no_other_placeholder(text: str) -> None:
    assert substitution.named(text) == text
