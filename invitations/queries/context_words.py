"""Solutions, contexts and members in the words of those who decide about a change."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from accounts.queries import contexts, members


def solution(value: Any) -> str:
    """A solution by its name, and its id where that says more."""
    found = contexts.solution(str(value), limits=None)
    return f"“{found.name}”" if found.name else found.id


def context(value: Any) -> str:
    """A context by its name and its solution's."""
    found = contexts.context(str(value), limits=None)
    return f"“{found.name}” of {solution(found.solution)}" if found.name else found.id


def _solution(details: Any) -> Mapping[str, Any]:
    return msgspec.structs.asdict(contexts.solution(str(details.solution), limits=None))


def _context(details: Any) -> Mapping[str, Any]:
    return msgspec.structs.asdict(contexts.context(str(details.context), limits=None))


def _member(details: Any) -> Mapping[str, Any]:
    found = members.member(str(details.context), str(details.member), limits=None)
    return msgspec.structs.asdict(found)


PRESENT: Final[Mapping[str, Callable[[Any], Mapping[str, Any]]]] = {
    "solution.edit": _solution,
    "context.edit": _context,
    "member.set-acl": _member,
    "member.set-staff": _member,
}
"""How the things that these commands edit are read now."""
