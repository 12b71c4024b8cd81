"""The condition language: what it says, what it refuses to read, what it refuses to judge."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from identity.errors import DomainError, Kind
from invitations.decision import expression

DOCUMENT = Path(__file__).parents[4] / "docs/expressions.md"

FACTS: dict[str, Any] = {
    "action": "add",
    "resource": "/users/invite",
    "details": {
        "email": "bob@example.test",
        "count": 5,
        "is_new": True,
        "nothing": None,
        "roles": ["member", "support"],
        "numbers": [1, 2, 3],
        "mixed": [1, "a", None],
        "nested": [["a"]],
        "device": {"in": {"true": "deep"}},
        "share": 1.5,
        "long": list(range(1001)),
    },
    "actor": {
        "roles": frozenset({"workspace-owner", "support"}),
        "groups": ("security",),
        "type": "regular",
    },
    "device": {"age_hours": 30},
}


def judged(text: str, **changes: Any) -> bool:
    return expression.evaluate(expression.parse(text), {**FACTS, **changes})


TRUE = [
    "",
    " \t\r\n",
    "true",
    "!false",
    "!!true",
    'action == "add"',
    'action != "edit"',
    "details.count == 5",
    "details.count >= 5 && details.count <= 5",
    "details.count > -1",
    "-0 == 0",
    "9007199254740991 > -9007199254740991",
    "1000000000000000001 > 1000000000000000000",
    f"{2**256 - 1} > -{2**256 - 1}",
    '"a" < "b"',
    '"Z" < "a"',
    '"a" <= "a" && "a" >= "a"',
    "details.nothing == null",
    "null == null",
    "details.email != null",
    "details.roles != null",
    "details.device != null",
    '"member" in details.roles',
    '!("owner" in details.roles)',
    '"@example.test" in details.email',
    '"" in ""',
    '"email" in details',
    '!("mobile" in details)',
    '"mobile" in details && details.mobile == "1" || details.is_new',
    'resource in ["/users", "/users/invite"]',
    "2 in [1, 2, 3]",
    "null in [null]",
    "null in details.nothing_list || true",
    '["member", "support"] == details.roles',
    "[1, 2] != [2, 1]",
    "[] == []",
    "[1] != [1, 2]",
    '"workspace-owner" in actor.roles',
    'actor.roles == ["support", "workspace-owner"]',
    '"security" in actor.groups',
    'actor.type == "regular"',
    "device.age_hours >= 24",
    'details.device.in.true == "deep"',
    "details.is_new",
    "details.is_new == true",
    "false || details.is_new",
    "true || details.missing",
    "!(false && details.missing)",
    "true || false && false",
    "(true || false) && true",
    "!false && true",
    "!(1 == 2)",
    '"\\u00e4\\n\\"\\\\\\/" == "ä\\n\\"\\\\/"',
    '"\\ud83d\\ude00" == "😀"',
    '"in" == "in"',
    '"&&" != "||"',
    "((((((((((((((((true))))))))))))))))",
    "1==1&&2==2",
]
FALSE = [
    "false",
    'action == "edit"',
    "details.count < 5",
    "details.nothing != null",
    "details.email == null",
    "1 in []",
    "(true || false) && false",
    "!true || false",
    "[1] == [2]",
    '"add" in ["edit", "delete"]',
    "null in [1]",
    '"ADD" == action',
    "1 <= 0",
    "1 >= 2",
    "1 > 1",
    "1 < 1",
    '"b" <= "a"',
]
FAILING = [
    "details.missing == 1",
    "details.email.more == 1",
    "details.missing || true",
    'details.count == "5"',
    "details.count == true",
    "1 == true",
    'details.count < "6"',
    "true < false",
    "null < 1",
    "[1] < [2]",
    "details.count",
    "details",
    '"text"',
    "null",
    "details.count && true",
    "true && 1",
    "!1",
    '!"a"',
    "false || null",
    "1 in details.roles",
    'details.email in ["a", 1]',
    '1 in ["a"]',
    '"a" in details.mixed',
    "1 in details.email",
    '"a" in 5',
    "1 in details",
    "details in [1]",
    "[1] in [[1]]",
    '["a"] == details.nested',
    "details == details",
    "details.device == 1",
    "[1] == 1",
    '[1] == ["a"]',
    '[1, 2] == [2, "a"]',
    '[2, "a"] == [1, 2]',
    "details.share == 1",
    "details.share > 1",
    "1 in details.long",
    "details.long == details.long",
    "null in details.nothing",
]


@pytest.mark.parametrize("text", TRUE)
def test_finds_true(text: str) -> None:
    if "nothing_list" in text:
        assert judged(text, details={"nothing_list": []}) is True
    else:
        assert judged(text) is True


@pytest.mark.parametrize("text", FALSE)
def test_finds_false(text: str) -> None:
    assert judged(text) is False


@pytest.mark.parametrize("text", FAILING)
def test_fails_rather_than_guesses(text: str) -> None:
    with pytest.raises(expression.EvaluationFailed):
        judged(text)


def test_fails_when_a_part_of_the_facts_is_absent() -> None:
    facts = {name: FACTS[name] for name in FACTS if name != "device"}
    with pytest.raises(expression.EvaluationFailed, match=r"no device\.age_hours"):
        expression.evaluate(expression.parse("device.age_hours > 1"), facts)


INVALID = [
    ("'a' == 'b'", 0),
    ("action = 1", 7),
    ("action == ", 10),
    ("== 1", 0),
    ("1 == 2 == 3", 7),
    ("1 < 2 in [true]", 6),
    ("true false", 5),
    ("true &&", 7),
    ("true & false", 5),
    ("(true", 5),
    ("true)", 4),
    ("[1, 2", 5),
    ("[1,]", 3),
    ("[,1]", 1),
    ("1.5 == 1", 0),
    ("01 == 1", 0),
    ("1e3 == 1", 0),
    ("0x10 == 1", 0),
    ("--1 == 1", 0),
    ("1 == 1 + 1", 7),
    ('"open', 0),
    ('"bad \\x escape"', 0),
    ('"line\nbreak" == ""', 0),
    ('"\\ud800" == ""', 0),
    (f"{2**256} == 1", 0),
    (f"-{2**256} == 1", 0),
    ("9" * 79 + " == 1", 0),
    ("user == 1", 0),
    ("actor == 1", 0),
    ("actor.name == 1", 0),
    ("actor.roles.first == 1", 0),
    ("device == 1", 0),
    ("action.x == 1", 0),
    ("details. == 1", 7),
    ("details..a == 1", 7),
    ("details.a-b == 1", 9),
    ("details[0] == 1", 7),
    ("len(details.a) == 1", 0),
    ("action.upper() == 1", 0),
    ("details.__class__ ()", 18),
    ("in == 1", 0),
    ("not true", 0),
    ("True", 0),
    ("action ~ 1", 7),
    ("\ud800", 0),
    ("\u00e4 == 1", 0),
    ("\x00", 0),
    ("details" + ".a" * 16 + " == 1", 0),
    ("!" * 17 + "true", 17),
    ("(" * 17 + "true" + ")" * 17, 17),
    ("[" * 17 + "]" * 17, 17),
    ("   ?", 3),
]


@pytest.mark.parametrize(("text", "position"), INVALID)
def test_refuses_with_the_position_and_what_to_do(text: str, position: int) -> None:
    with pytest.raises(expression.ExpressionInvalid) as caught:
        expression.parse(text)
    assert caught.value.facts == {"position": position}
    assert caught.value.detail.startswith(f"At character {position}: ")
    assert caught.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1 == 2 == 3", "Compare two values at a time and join with &&."),
        ("true && )", "Put a value, a name or a parenthesis here."),
        ("(true", "Put ) here."),
        ("true true", "Join conditions with && or ||, or end here."),
        ("'a'", "Use texts in double quotes, integers, names and operators."),
    ],
)
def test_says_what_to_do(text: str, advice: str) -> None:
    with pytest.raises(expression.ExpressionInvalid, match=re.escape(advice)):
        expression.parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("details.share == 1", "Only texts, integers, booleans, null, lists and objects"),
        ("1 in details.email", "Can't look for integer in text."),
        ("1 in 5", "Can't look for integer in integer."),
        ('1 == "1"', "Can't compare integer with text."),
        ("1 in details.long", "more than 1000 items"),
    ],
)
def test_says_why_it_fails(text: str, reason: str) -> None:
    with pytest.raises(expression.EvaluationFailed, match=re.escape(reason)):
        judged(text)


def test_refuses_as_a_typed_error() -> None:
    assert expression.ExpressionInvalid.code == "policy.expression-invalid"
    assert expression.ExpressionInvalid.kind is Kind.INVALID
    assert issubclass(expression.EvaluationFailed, DomainError)


def test_keeps_to_its_bounds() -> None:
    expression.parse("!" * 16 + "true")
    expression.parse("[" * 16 + "]" * 16)
    expression.parse("details" + ".a" * 15 + " == 1")
    most = " || ".join(["true"] * 199)
    assert expression.parse(most).size == 200
    with pytest.raises(expression.ExpressionInvalid, match="at most 200"):
        expression.parse(f"{most} || true")
    exact = '"' + "x" * (expression.MAX_BYTES - 6) + '"== 1'
    assert len(exact) == expression.MAX_BYTES
    expression.parse(exact)
    with pytest.raises(expression.ExpressionInvalid, match="2048 bytes"):
        expression.parse(exact + " ")
    with pytest.raises(expression.ExpressionInvalid, match="2048 bytes"):
        expression.parse('"' + "ä" * 1024 + '"')


def test_counts_operators_values_names_and_lists() -> None:
    assert expression.parse('!(action in ["add", "edit"])').size == 6
    assert expression.parse("").size == 0


def test_parses_a_text_once() -> None:
    assert expression.parse('action == "once"') is expression.parse('action == "once"')


def test_is_safe_to_share_between_threads() -> None:
    texts = [f"details.count == {number % 7}" for number in range(700)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(judged, texts))
    assert found == [number % 7 == 5 for number in range(700)]


def test_does_a_bounded_amount_of_work() -> None:
    big = {"a": ["x"] * 1000, "b": ["x"] * 1000}
    text = " || ".join(["details.a != details.b"] * 49)
    assert judged(text, details=big) is False


def examples() -> list[tuple[str, str]]:
    rows = re.findall(r"^\| `(.*)` \| (true|false|fails) \|", DOCUMENT.read_text(), re.MULTILINE)
    return [(text.replace("\\|", "|"), outcome) for text, outcome in rows]


def test_documents_ten_examples() -> None:
    assert len(examples()) >= 10


@pytest.mark.parametrize(("text", "outcome"), examples())
def test_does_what_the_document_says(text: str, outcome: str) -> None:
    facts = {
        "action": "add",
        "resource": "/users/invite",
        "details": {"email": "bob@example.test", "roles": ["member"], "count": 5},
        "actor": {"roles": ["workspace-maintainer"], "groups": [], "type": "regular"},
        "device": {"age_hours": 30},
    }
    parsed = expression.parse(text)
    if outcome == "fails":
        with pytest.raises(expression.EvaluationFailed):
            expression.evaluate(parsed, facts)
    else:
        assert expression.evaluate(parsed, facts) is (outcome == "true")
