"""Conditions are judged in their order, each with what those before it said."""

from typing import Any

import pytest

from accounts import errors
from accounts.lambdas import conditions, config, sandbox
from accounts.lambdas.requests import Answer, Request
from accounts.lambdas.templates import Given
from tests import lambdas

HOSTS = frozenset({"api.example.org"})
API = "https://api.example.org/"


def calm(code: str, values: dict[str, Any]) -> Any:
    return sandbox.run(code, values, lambdas.CALM)


class Outside:
    """The other side: answers with what it was told to, and notes what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers.pop(0)


def judged(outside: Outside, *parts: dict[str, Any], inputs: Any = ()) -> Given | None:
    read = config.read(lambdas.config(*parts), hosts=HOSTS)
    return conditions.judged(read, Given(inputs=inputs), hosts=HOSTS, call=outside, run=calm)


def test_hands_on_what_was_fetched() -> None:
    # The example of a price from the documentation of clients.
    text = (
        "let price=<<conditions.0>>;if( price['output']['ethereum']['usd'] >= "
        "parseFloat('<<inputs.0>>')){ return true; } else { return false; }"
    )
    parts = [lambdas.fetch(API), lambdas.code(text, output_type="integer")]
    price = Answer(200, b'{"ethereum":{"usd":3000.5}}')
    met = judged(Outside(price), *parts, inputs=("3000",))
    assert met is not None
    assert met.outputs == ({"ethereum": {"usd": 3000.5}}, True)
    assert judged(Outside(price), *parts, inputs=("3001",)) is None


def test_asks_nobody_after_a_condition_that_was_not_met() -> None:
    outside = Outside()
    assert judged(outside, lambdas.code("return false"), lambdas.fetch(API)) is None
    assert outside.asked == []


@pytest.mark.parametrize("status", [199, 301, 302, 404, 500])
def test_is_not_met_by_another_answer_than_success(status: int) -> None:
    assert judged(Outside(Answer(status, b"true")), lambdas.fetch(API)) is None


def test_takes_an_answer_that_is_no_json_as_a_text() -> None:
    met = judged(Outside(Answer(200, b"<p>")), lambdas.fetch(API))
    assert met is not None
    assert met.outputs == ("<p>",)
    with pytest.raises(errors.LambdaFailed):
        judged(Outside(Answer(200, b"\xff")), lambdas.fetch(API))


@pytest.mark.parametrize(
    ("code", "kind", "is_met"),
    [
        ("return true", "boolean", True),
        ("return 1", "boolean", False),
        ("return 'true'", "boolean", False),
        ("return true", "integer", True),
        ("return 7", "integer", True),
        ("return 0", "integer", False),
        ("return -0", "integer", False),
        ("return 0.5", "integer", False),
        ("return '1'", "integer", False),
        ("return 'x'", "string", True),
        ("return ''", "string", False),
        ("return {}", "json", True),
        ("return []", "json", True),
        ("return 0.5", "json", True),
        ("return null", "json", False),
        ("return undefined", "json", False),
        ("return false", "json", False),
        ("", "json", False),
    ],
)
def test_judges_the_answer_of_code(code: str, kind: str, *, is_met: bool) -> None:
    met = judged(Outside(), lambdas.code(code, output_type=kind))
    assert (met is not None) is is_met


def test_puts_values_nowhere_without_substitution() -> None:
    text = "return '<<inputs.0>>' === '<' + '<inputs.0>' + '>'"
    assert judged(Outside(), lambdas.code(text, substitution=False), inputs=("x",)) is not None
