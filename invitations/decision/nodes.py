"""The parts of a parsed condition and what each of them is worth for given facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from identity.errors import DomainError, Kind

MAX_ITEMS = 1000
"""Longer lists fail to evaluate, so that one condition stays a bounded amount of work."""


class EvaluationFailed(DomainError):
    """A name is missing or kinds do not fit; the decision engine then errs on the closed side."""

    kind = Kind.UNPROCESSABLE
    code = "policy.evaluation-failed"
    title = "The policy's expression can't be evaluated for this request."


class Node(Protocol):
    """A part of a condition."""

    def value(self, facts: Mapping[str, Any]) -> Any:
        """What this part is worth. Raises EvaluationFailed."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the text itself."""

    constant: str | int | bool | None

    def value(self, facts: Mapping[str, Any]) -> Any:
        """The constant, whatever the facts."""
        return self.constant


@dataclass(frozen=True, slots=True)
class Path:
    """A name such as `details.device.name`, looked up step by step."""

    steps: tuple[str, ...]

    def value(self, facts: Mapping[str, Any]) -> Any:
        """The fact of this name."""
        found: Any = facts
        for step in self.steps:
            if not isinstance(found, Mapping) or step not in found:
                raise EvaluationFailed(f"There is no {'.'.join(self.steps)}.")
            found = found[step]
        return found


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list written in the text."""

    items: tuple[Node, ...]

    def value(self, facts: Mapping[str, Any]) -> Any:
        """The values of the items, in order."""
        return [item.value(facts) for item in self.items]


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    inner: Node

    def value(self, facts: Mapping[str, Any]) -> Any:
        """The opposite of a boolean."""
        return not _boolean(self.inner.value(facts))


@dataclass(frozen=True, slots=True)
class AllOf:
    """`&&`: from left to right, ending at the first false part."""

    parts: tuple[Node, ...]

    def value(self, facts: Mapping[str, Any]) -> Any:
        """Whether every part is true."""
        return all(_boolean(part.value(facts)) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`||`: from left to right, ending at the first true part."""

    parts: tuple[Node, ...]

    def value(self, facts: Mapping[str, Any]) -> Any:
        """Whether at least one part is true."""
        return any(_boolean(part.value(facts)) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values of one kind and the operator between them."""

    operator: str
    left: Node
    right: Node

    def value(self, facts: Mapping[str, Any]) -> Any:
        """What the operator says about the two values."""
        left, right = self.left.value(facts), self.right.value(facts)
        if self.operator == "==":
            return _same(left, right)
        if self.operator == "!=":
            return not _same(left, right)
        if self.operator == "in":
            return _contains(right, left)
        return _ordered(self.operator, left, right)


def _kind(value: Any) -> str:
    # bool comes before int, because Python counts True as the integer 1.
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    for python_type, kind in ((str, "text"), (int, "integer"), (Mapping, "object")):
        if isinstance(value, python_type):
            return kind
    if isinstance(value, list | tuple | set | frozenset):
        return "list"
    raise EvaluationFailed("Only texts, integers, booleans, null, lists and objects have a kind.")


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise EvaluationFailed(f"!, && and || need true or false, not {_kind(value)}.")
    return value


def _items(value: Any) -> list[Any]:
    if len(value) > MAX_ITEMS:
        raise EvaluationFailed(f"A list of more than {MAX_ITEMS} items is not looked through.")
    # Sets have no order of their own; sorting makes a comparison repeatable.
    return sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)


def _same(left: Any, right: Any) -> bool:
    kinds = {_kind(left), _kind(right)}
    if kinds == {"list"}:
        first, second = _items(left), _items(right)
        # The whole list is looked at, so that a misfit never hides behind an earlier difference.
        alike = [_same_scalar(a, b) for a, b in zip(first, second, strict=False)]
        return len(first) == len(second) and all(alike)
    return _same_scalar(left, right)


def _same_scalar(left: Any, right: Any) -> bool:
    kinds = {_kind(left), _kind(right)}
    if len(kinds) == 2 and "null" in kinds:
        return False
    if len(kinds) == 2:
        raise EvaluationFailed(f"Can't compare {' with '.join(sorted(kinds))}.")
    if kinds & {"list", "object"}:
        raise EvaluationFailed("Objects and lists inside lists can't be compared.")
    return bool(left == right)


def _contains(whole: Any, part: Any) -> bool:
    kind = _kind(whole)
    if kind == "list":
        # Every item is looked at, so that a misfit never hides behind an earlier find.
        found = [_same_scalar(item, part) for item in _items(whole)]
        return any(found)
    if kind in {"text", "object"} and _kind(part) == "text":
        return part in whole
    raise EvaluationFailed(f"Can't look for {_kind(part)} in {kind}.")


def _ordered(operator: str, left: Any, right: Any) -> bool:
    kinds = {_kind(left), _kind(right)}
    if kinds not in ({"integer"}, {"text"}):
        raise EvaluationFailed(f"Can't order {' and '.join(sorted(kinds))}.")
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    if operator == ">":
        return bool(left > right)
    return bool(left >= right)
