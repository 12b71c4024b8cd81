"""Review expressions: whose approvals a proposal needs and how many rejections end it.

A review is one part, or several that must all be satisfied (`and`, made by `merge`):

    {"all":[{"min":2,"role":"workspace-owner"},{"group":"security","min":1}],"deny":1}
    {"and":[{"all":[…]},{"all":[…],"min":3}],"deny":1}

Each clause counts the distinct persons who hold its role or group, so one person may count for
several clauses. The optional `min` of a part counts distinct persons in total: those who count
for at least one of its clauses, or everybody where `all` is empty. Programs count only with
`"api":true`, and never alone: at least one regular user must be among those who count. `deny` is
the number of distinct rejecters that ends it (1 where it is absent). The caller passes only votes
of those who may decide; every rejection among them counts, because stopping is the safe side.
Source: enterprise specification §5.1 and §5.4.
"""

import dataclasses
import enum
import functools
import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from identity.errors import DomainError, Kind

MAX_LENGTH = 8192
MAX_CLAUSES = 16
MAX_PARTS = 8
MAX_COUNT = 100
MAX_NAME = 128


class ReviewInvalid(DomainError):
    """The text is not a review expression."""

    kind = Kind.INVALID
    code = "policy.review-invalid"
    title = "The review expression can't be read."


class Outcome(enum.StrEnum):
    """What the votes so far mean."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class Voter(NamedTuple):
    """A user who may decide, as it stands at the moment of counting."""

    user: UUID
    roles: frozenset[str]
    groups: frozenset[str]
    is_program: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Clause:
    """`min` distinct holders of a role or members of a group (`holds` is one of these words)."""

    holds: str
    name: str
    min: int

    def counts(self, voter: Voter) -> bool:
        """Whether the voter holds the clause's role or group."""
        return self.name in (voter.roles if self.holds == "role" else voter.groups)


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """Clauses that must all be satisfied, and the least number of persons in total."""

    clauses: tuple[Clause, ...]
    min: int
    is_open_to_programs: bool

    def counts(self, voter: Voter) -> bool:
        """Whether the voter's approval counts for this part at all."""
        if voter.is_program and not self.is_open_to_programs:
            return False
        return not self.clauses or any(clause.counts(voter) for clause in self.clauses)


@dataclasses.dataclass(frozen=True, slots=True)
class Review:
    """A parsed review expression: immutable; `deny` distinct rejecters end the proposal."""

    parts: tuple[Part, ...]
    deny: int


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Review:
    """The review that `text` writes down. Raises ReviewInvalid. Parsed texts are cached."""
    if len(text) > MAX_LENGTH:
        raise ReviewInvalid(f"Shorten the review expression to {MAX_LENGTH} characters.")
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise ReviewInvalid("Write one JSON object.") from error
    if not isinstance(value, dict):
        raise ReviewInvalid("Write one JSON object.")
    deny = _count(value.pop("deny", 1), "deny")
    if "and" not in value:
        return Review((_part(value),), deny)
    parts = value.pop("and")
    if value or not isinstance(parts, list) or not 2 <= len(parts) <= MAX_PARTS:
        raise ReviewInvalid(f'"and" stands beside "deny" only and lists 2 to {MAX_PARTS} parts.')
    return Review(tuple(_part(part) for part in parts), deny)


def canonical(review: Review) -> str:
    """The review as canonical JSON (sorted keys, no spaces): the text that is hashed and stored."""
    parts = [_written(part) for part in review.parts]
    body = parts[0] if len(parts) == 1 else {"and": parts}
    return _dump({**body, "deny": review.deny})


def merge(first: Review, second: Review) -> Review:
    """A review satisfied exactly when both are, and ended by as many rejections as end either.

    A policy change must satisfy the old and the new quorum (§5.1). Raises ReviewInvalid where the
    two together have more than 8 different parts or are too long to be written down.
    """
    parts = {_dump(_written(part)): part for part in (*first.parts, *second.parts)}
    if len(parts) > MAX_PARTS:
        raise ReviewInvalid(f"Together the two reviews have more than {MAX_PARTS} parts.")
    ordered = tuple(parts[text] for text in sorted(parts))
    merged = Review(ordered, min(first.deny, second.deny))
    if len(canonical(merged)) > MAX_LENGTH:
        raise ReviewInvalid(f"Together the two reviews are longer than {MAX_LENGTH} characters.")
    return merged


def tally(review: Review, approvals: Sequence[Voter], rejections: Sequence[Voter]) -> Outcome:
    """What these votes of people who may decide mean; reaching `deny` wins over any approval."""
    if len({voter.user for voter in rejections}) >= review.deny:
        return Outcome.REJECTED
    if missing(review, approvals):
        return Outcome.OPEN
    return Outcome.APPROVED


def may_count(review: Review, voter: Voter) -> bool:
    """Whether the voter's approval could count for any part of the review."""
    return any(part.counts(voter) for part in review.parts)


def is_reachable(review: Review, eligible: Collection[Voter]) -> bool:
    """Whether the review is satisfied if every eligible voter approves."""
    return not missing(review, eligible)


def missing(review: Review, approvals: Iterable[Voter]) -> tuple[str, ...]:
    """What is still needed, as plain sentences; empty when the approvals are enough."""
    voters = tuple(approvals)
    lacks = [lack for part in review.parts for lack in _lacks(part, voters)]
    return tuple(dict.fromkeys(lacks))


def _lacks(part: Part, approvals: Sequence[Voter]) -> list[str]:
    counted = [voter for voter in approvals if part.counts(voter)]
    lacks: list[str] = []
    for clause in part.clauses:
        lack = clause.min - _persons(voter for voter in counted if clause.counts(voter))
        if lack > 0:
            whom = clause.name if clause.holds == "role" else f"of group {clause.name}"
            lacks.append(f"needs {lack} more {whom}")
    lack = part.min - _persons(counted)
    if lack > 0:
        lacks.append(f"needs {lack} more in total")
    has_regular = any(not voter.is_program for voter in counted)
    # Nobody yet is said by the lines above; this line is for programs that have only themselves.
    if not has_regular and (counted or not lacks):
        lacks.append("needs a regular user")
    return lacks


def _persons(voters: Iterable[Voter]) -> int:
    return len({voter.user for voter in voters})


def _part(value: Any) -> Part:
    if not isinstance(value, dict) or not {"all"} <= value.keys() <= {"all", "api", "min"}:
        raise ReviewInvalid('Give "all" and, where wanted, "min" and "api".')
    clauses = value["all"]
    if not isinstance(clauses, list) or len(clauses) > MAX_CLAUSES:
        raise ReviewInvalid(f'"all" lists at most {MAX_CLAUSES} clauses.')
    if not clauses and "min" not in value:
        raise ReviewInvalid('Give at least one clause or "min".')
    if "api" in value and value["api"] is not True:
        raise ReviewInvalid('Write "api":true or leave it out.')
    parsed = tuple(_clause(clause) for clause in clauses)
    if len({(clause.holds, clause.name) for clause in parsed}) < len(parsed):
        raise ReviewInvalid("Name each role or group in one clause only.")
    total = _count(value["min"], "min") if "min" in value else 0
    return Part(parsed, total, is_open_to_programs="api" in value)


def _clause(value: Any) -> Clause:
    if not isinstance(value, dict) or value.keys() not in ({"min", "role"}, {"min", "group"}):
        raise ReviewInvalid('A clause is {"min":2,"role":"…"} or {"group":"…","min":1}.')
    holds = "role" if "role" in value else "group"
    name = value[holds]
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise ReviewInvalid(f"A {holds} is a printable text of 1 to {MAX_NAME} characters.")
    return Clause(holds, name, _count(value["min"], "min"))


def _count(value: Any, word: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_COUNT:
        raise ReviewInvalid(f'"{word}" is an integer from 1 to {MAX_COUNT}.')
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ReviewInvalid("Use each name once.")
    return dict(pairs)


def _written(part: Part) -> dict[str, Any]:
    clauses = [{clause.holds: clause.name, "min": clause.min} for clause in part.clauses]
    body: dict[str, Any] = {"all": clauses}
    if part.is_open_to_programs:
        body["api"] = True
    if part.min:
        body["min"] = part.min
    return body


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
