"""What is asked of a remote: each question with the one shape that its answer may have.

`Call` is a door to one remote: a method and parameters in, the result out. It raises `Fault`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from accounts.services import remote_outcomes
from accounts.services.remote_outcomes import Refused

MOST_ROWS: Final = 100
LONGEST_ID: Final = 128


class Call(Protocol):
    """One call of a remote. Raises `remote_outcomes.Fault` for everything but a result."""

    def __call__(self, method: str, params: Mapping[str, Any], /) -> Any:
        """The result."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A member as the remote has it."""

    member: str
    public_key: str
    acl: str


@dataclass(frozen=True, slots=True)
class SeenPage:
    """Members in the order in which they came there; `count` is how many there are in all."""

    rows: Sequence[Seen]
    count: int


def member(call: Call, context: str, member: str) -> Seen | None:
    """The member of this name there; None where there is none."""
    try:
        result = call("context/getUserFromContext", {"contextId": context, "userId": member})
    except Refused as refusal:
        _require_nobody(refusal)
        return None
    seen = _seen(_part(result, "user"), context)
    if seen.member != member:
        raise remote_outcomes.nonsense("another member than was asked for.")
    return seen


def holder(call: Call, context: str, public_key: str) -> Seen | None:
    """Whoever has this key there; None for nobody."""
    params = {"contextId": context, "pubKey": public_key}
    try:
        result = call("context/getUserFromContextByPubKey", params)
    except Refused as refusal:
        _require_nobody(refusal)
        return None
    seen = _seen(_part(result, "user"), context)
    if seen.public_key != public_key:
        raise remote_outcomes.nonsense("another key than was asked for.")
    return seen


def members(call: Call, context: str, *, skip: int) -> SeenPage:
    """Up to 100 members from the given one on, the first to come first."""
    params = {"contextId": context, "skip": skip, "limit": MOST_ROWS, "sortOrder": "asc"}
    result = call("context/listUsersFromContext", params)
    count = result.get("count") if isinstance(result, dict) else None
    rows = _part(result, "users", of=list)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0 or len(rows) > MOST_ROWS:
        raise remote_outcomes.nonsense("a list of members without its bounds.")
    return SeenPage([_seen(row, context) for row in rows], count)


def add(call: Call, context: str, wanted: Seen) -> None:
    """Let the member be there with this key; another key of the same member is replaced."""
    params = {
        "contextId": context,
        "userId": wanted.member,
        "userPubKey": wanted.public_key,
        "acl": wanted.acl,
    }
    remote_outcomes.require_ok(call("context/addUserToContext", params))


def set_acl(call: Call, context: str, wanted: Seen) -> None:
    """Give the member this access list."""
    params = {"contextId": context, "userId": wanted.member, "acl": wanted.acl}
    remote_outcomes.require_ok(call("context/setUserAcl", params))


def remove(call: Call, context: str, member: str) -> None:
    """Let nobody of this name be there; who is not there is no fault."""
    params = {"contextId": context, "userId": member}
    _removed(call, "context/removeUserFromContext", params)


def remove_key(call: Call, context: str, public_key: str) -> None:
    """Let nobody with this key be there."""
    params = {"contextId": context, "userPubKey": public_key}
    _removed(call, "context/removeUserFromContextByPubKey", params)


def require_context(call: Call, context: str) -> None:
    """Raise Refused unless the remote has this context."""
    found = _part(call("context/getContext", {"contextId": context}), "context")
    if found.get("id") != context:
        raise remote_outcomes.nonsense("another context than was asked for.")


def create_context(call: Call, solution: str, *, name: str, is_public: bool, mark: str) -> str:
    """The context there that bears this mark as its description, made if there is none; its id.

    So a repeat after a crash finds what was made before it.
    """
    found = _marked(call, solution, mark)
    if found:
        return found
    params = {
        "solution": solution,
        "name": name,
        "description": mark,
        "scope": "public" if is_public else "private",
    }
    made = call("context/createContext", params)
    context = made.get("contextId") if isinstance(made, dict) else None
    if not isinstance(context, str) or not 1 <= len(context) <= LONGEST_ID:
        raise remote_outcomes.nonsense("a new context without an id.")
    require_context(call, context)
    return context


def _marked(call: Call, solution: str, mark: str) -> str:
    skip = 0
    while True:
        params = {"solutionId": solution, "skip": skip, "limit": MOST_ROWS, "sortOrder": "asc"}
        rows = _part(call("context/listContextsOfSolution", params), "list", of=list)
        for row in rows:
            if isinstance(row, dict) and row.get("description") == mark:
                found = row.get("id")
                if isinstance(found, str) and 1 <= len(found) <= LONGEST_ID:
                    return found
                raise remote_outcomes.nonsense("a context without an id.")
        if not rows:
            return ""
        skip += len(rows)


def _removed(call: Call, method: str, params: Mapping[str, Any]) -> None:
    try:
        remote_outcomes.require_ok(call(method, params))
    except Refused as refusal:
        _require_nobody(refusal)


def _require_nobody(refusal: Refused) -> None:
    if refusal.code != remote_outcomes.USER_DOESNT_EXIST:
        raise refusal


def _part(result: Any, name: str, *, of: type = dict) -> Any:
    part = result.get(name) if isinstance(result, dict) else None
    if not isinstance(part, of):
        raise remote_outcomes.nonsense(f"an answer without “{name}”.")
    return part


def _seen(row: Any, context: str) -> Seen:
    if not isinstance(row, dict) or row.get("contextId") != context:
        raise remote_outcomes.nonsense("a member of another context.")
    member, key, acl = (row.get(name) for name in ("userId", "pubKey", "acl"))
    if not (isinstance(member, str) and isinstance(key, str) and isinstance(acl, str)):
        raise remote_outcomes.nonsense("a member without name, key or access list.")
    return Seen(member, key, acl)
