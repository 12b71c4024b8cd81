"""The bounded condition language of policies: parsed once, evaluated without calls or regexes.

Grammar (`docs/expressions.md` has the meaning, a table and examples):

    condition  = [ either ]                            empty means: always true
    either     = both { "||" both }
    both       = negation { "&&" negation }
    negation   = "!" negation | comparison
    comparison = operand [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") operand ]
    operand    = text | integer | "true" | "false" | "null" | name | "[" list "]" | "(" either ")"
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from identity.errors import DomainError, Kind
from invitations.decision import nodes

MAX_BYTES = 2048
MAX_NODES = 200
MAX_DEPTH = 16
MAX_INTEGER = 2**256 - 1
"""Amounts of Ethereum are words of 256 bits; one ether alone is 10^18 wei."""

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<text>"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")
      | (?P<integer>-?(?:0|[1-9][0-9]{0,77})(?![0-9A-Za-z_.]))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<sign>==|!=|<=|>=|&&|\|\||[<>!()\[\],])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_CONSTANTS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_NAMES = frozenset(
    {"action", "resource", "actor.roles", "actor.groups", "actor.type", "device.age_hours"}
)


class ExpressionInvalid(DomainError):
    """The text is not an expression; `position` counts characters from 0."""

    kind = Kind.INVALID
    code = "policy.expression-invalid"
    title = "The policy's expression can't be read."


EvaluationFailed = nodes.EvaluationFailed


class Expression(NamedTuple):
    """A parsed condition: immutable, and safe to share between threads."""

    text: str
    condition: nodes.Node
    size: int


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """The condition that `text` writes down; an empty text is always true.

    Guarantees at most 2 KiB of UTF-8, 200 nodes and 16 levels. Raises ExpressionInvalid with the
    position of the first fault. Parsed texts are cached. Source: enterprise specification §5.1.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise _fault("Remove the half of a surrogate pair.", error.start) from None
    if size > MAX_BYTES:
        raise _fault(f"Shorten the expression to {MAX_BYTES} bytes.", MAX_BYTES)
    reader = _Reader(_tokens(text))
    if reader.ahead.kind == "end":
        return Expression(text, nodes.Literal(True), 0)
    condition = reader.either(0)
    if reader.ahead.kind != "end":
        raise _fault("Join conditions with && or ||, or end here.", reader.ahead.position)
    return Expression(text, condition, reader.size)


def evaluate(expression: Expression, facts: Mapping[str, Any]) -> bool:
    """Whether the condition holds for `facts`.

    `facts` has the shape {"action": text, "resource": text, "details": object, "actor": {"roles":
    texts, "groups": texts, "type": text}, "device": {"age_hours": integer}}; what is absent is a
    missing name. Raises EvaluationFailed on a missing name or kinds that do not fit: the caller
    then takes DENY and REVIEW as true and ALLOW as false.
    """
    outcome = expression.condition.value(facts)
    if not isinstance(outcome, bool):
        raise EvaluationFailed("The expression as a whole is not true or false.")
    return outcome


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            rest = text[position:]
            start = position + len(rest) - len(rest.lstrip(" \t\r\n"))
            raise _fault("Use texts in double quotes, integers, names and operators.", start)
        kind = match.lastgroup
        found.append(_Token(kind, match[kind], match.start(kind)))
        if kind == "end":
            return found
        position = match.end()


class _Reader:
    """Reads tokens by recursive descent; `depth` counts open !, ( and [."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self.size = 0

    @property
    def ahead(self) -> _Token:
        return self._tokens[self._index]

    def either(self, depth: int) -> nodes.Node:
        parts = [self._both(depth)]
        while self._took("||"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else self._counted(nodes.AnyOf(tuple(parts)))

    def _both(self, depth: int) -> nodes.Node:
        parts = [self._negation(depth)]
        while self._took("&&"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else self._counted(nodes.AllOf(tuple(parts)))

    def _negation(self, depth: int) -> nodes.Node:
        if self._took("!"):
            return self._counted(nodes.Not(self._negation(self._deeper(depth))))
        return self._comparison(depth)

    def _comparison(self, depth: int) -> nodes.Node:
        left = self._operand(depth)
        operator = self.ahead.text
        if operator not in _COMPARISONS:
            return left
        self._index += 1
        node = self._counted(nodes.Comparison(operator, left, self._operand(depth)))
        if self.ahead.text in _COMPARISONS:
            raise _fault("Compare two values at a time and join with &&.", self.ahead.position)
        return node

    def _operand(self, depth: int) -> nodes.Node:
        if self._took("("):
            inner = self.either(self._deeper(depth))
            self._expect(")")
            return inner
        if self._took("["):
            return self._list(self._deeper(depth))
        token = self.ahead
        if token.kind not in {"text", "integer", "name"}:
            raise _fault("Put a value, a name or a parenthesis here.", token.position)
        self._index += 1
        return self._counted(_leaf(token))

    def _list(self, depth: int) -> nodes.Node:
        items: list[nodes.Node] = []
        if not self._took("]"):
            items.append(self._operand(depth))
            while self._took(","):
                items.append(self._operand(depth))
            self._expect("]")
        return self._counted(nodes.ListOf(tuple(items)))

    def _took(self, sign: str) -> bool:
        if self.ahead.text != sign:
            return False
        self._index += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._took(sign):
            raise _fault(f"Put {sign} here.", self.ahead.position)

    def _deeper(self, depth: int) -> int:
        if depth >= MAX_DEPTH:
            raise _fault(f"Nest at most {MAX_DEPTH} levels deep.", self.ahead.position)
        return depth + 1

    def _counted(self, node: nodes.Node) -> nodes.Node:
        self.size += 1
        if self.size > MAX_NODES:
            raise _fault(f"Use at most {MAX_NODES} values and operators.", self.ahead.position)
        return node


def _leaf(token: _Token) -> nodes.Node:
    if token.kind == "text":
        return nodes.Literal(_text(token))
    if token.kind == "integer":
        number = int(token.text)
        if abs(number) > MAX_INTEGER:
            raise _fault("Keep integers within ±(2^256 - 1).", token.position)
        return nodes.Literal(number)
    if token.text in _CONSTANTS:
        return nodes.Literal(_CONSTANTS[token.text])
    path = tuple(token.text.split("."))
    if token.text in _NAMES or (path[0] == "details" and len(path) <= MAX_DEPTH):
        return nodes.Path(path)
    known = ", ".join(sorted(_NAMES))
    raise _fault(f"Use a known name: {known} or details.*.", token.position)


def _text(token: _Token) -> str:
    text: str = json.loads(token.text)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _fault("Remove the half of a surrogate pair.", token.position) from None
    return text


def _fault(advice: str, position: int) -> ExpressionInvalid:
    return ExpressionInvalid(f"At character {position}: {advice}", position=position)
