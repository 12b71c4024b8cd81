"""The scope in force: what the code that runs now may see, in Django and in the database."""

import functools
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from uuid import UUID


class NoScopeError(RuntimeError):
    """Scope-owned rows were asked for where no single scope is in force."""


class ForeignScopeError(RuntimeError):
    """A row of another scope than the one in force was about to be written."""


class Reach(Enum):
    """How far the running code may see."""

    NOWHERE = "nowhere"
    SCOPE = "scope"
    ACROSS = "across"
    OWNER = "owner"
    DOOR = "door"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class State:
    """One state of isolation. Equal states have equal marks.

    `mark` is what a database session that follows this state is labelled with; it is shorter than
    PostgreSQL's limit of 63 bytes. `why` is empty unless the state opens a door.
    """

    reach: Reach
    scope_id: UUID | None = None
    why: str = ""
    mark: bytes = b""


NOWHERE = State(Reach.NOWHERE, mark=b"countersign run")
_DOOR = State(Reach.DOOR, mark=b"countersign door")
_TEMPLATE = State(Reach.TEMPLATE, mark=NOWHERE.mark)

_state: ContextVar[State] = ContextVar("countersign_scope", default=NOWHERE)

state = _state.get
"""The state of isolation in force. Called before every statement, so it is the bare C function."""


@functools.lru_cache(maxsize=4096)
def _inside(scope_id: UUID) -> State:
    if not isinstance(scope_id, UUID):
        raise TypeError(f"a scope is named by a UUID, not by {type(scope_id).__name__}")
    return State(
        Reach.SCOPE,
        scope_id=scope_id,
        mark=b"countersign run %s" % str(scope_id).encode(),
    )


class Block:
    """A `with` block in which a state is in force; entered once.

    Several stand around every request, and a generator's context costs four times as much.
    """

    __slots__ = ("_entered", "_token")

    def __init__(self, entered: State) -> None:
        self._entered = entered

    def __enter__(self) -> None:
        self._token = _state.set(self._entered)

    def __exit__(self, *error: object) -> None:
        _state.reset(self._token)


def in_scope(scope_id: UUID) -> Block:
    """Work in one scope: its rows are visible and writable, no others are.

    Blocks nest; leaving one restores what was in force before it. Raises TypeError unless
    `scope_id` is a UUID. Whether such a scope exists is not asked: an unknown one has no rows.
    """
    return Block(_inside(scope_id))


def across_scopes(*, why: str) -> Block:
    """The one door out: all rows of all scopes. `why` makes every use easy to find and to judge.

    Raises ValueError when `why` is empty. On PostgreSQL the statements inside run under the role
    `countersign_sweep`.
    """
    return Block(State(Reach.ACROSS, why=_reason(why), mark=b"countersign sweep"))


def as_owner(*, why: str) -> Block:
    """Work on the tables themselves: migrations, flushing, making a test database.

    On PostgreSQL the statements inside run with the rights of the login, for which row-level
    security does not hold if it owns the tables. Never used to serve a request. Raises ValueError
    when `why` is empty.
    """
    return Block(State(Reach.OWNER, why=_reason(why), mark=b"countersign owner"))


def at_the_door() -> Block:
    """For `identity.scoping.lookups` alone: the scope does not matter, the run-time role does."""
    return Block(_DOOR)


def as_template() -> Block:
    """For `identity.scoping.prepared` alone: SQL is compiled with the scope left open."""
    return Block(_TEMPLATE)


def scope_in_force() -> UUID | None:
    """The scope in force, or None outside every scope and across all of them."""
    return _state.get().scope_id


def required_scope() -> UUID:
    """The scope in force. Raises NoScopeError where there is none, or more than one."""
    scope_id = _state.get().scope_id
    if scope_id is None:
        raise NoScopeError(
            f"no single scope is in force (reach: {_state.get().reach.value}): "
            "enter one with current.in_scope(scope_id)"
        )
    return scope_id


def check_writable(scope_id: UUID | None) -> None:
    """Raise unless a row of this scope may be written now.

    Raises NoScopeError outside every scope, ForeignScopeError for a row of another scope or of
    none. Across scopes and as the owner any row may be written.
    """
    if sees_all():
        return
    expected_scope_id = required_scope()
    if scope_id != expected_scope_id:
        raise ForeignScopeError(f"a row of scope {scope_id} in scope {expected_scope_id}")


def sees_all() -> bool:
    """Whether rows of all scopes are open to the running code."""
    return _state.get().reach in {Reach.ACROSS, Reach.OWNER}


def is_owner() -> bool:
    """Whether the running code works on the tables themselves."""
    return _state.get().reach is Reach.OWNER


def _reason(why: str) -> str:
    if not why.strip():
        raise ValueError("say why this work needs more than one scope")
    return why
