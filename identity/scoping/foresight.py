"""What will be asked next, asked along with a look-up: two answers for one round trip.

    with foresight.of(lookups.question(SESSION, session_id, kid)):
        lookups.call(connection, API_KEY_OF_SECRET, digest)   # asks both, in one statement
        lookups.call(connection, SESSION, session_id, kid)    # is answered already

On PostgreSQL the first look-up of the block brings the answer of the question along, and whoever
asks that very question in the block, in the state of isolation in which it was foreseen, gets it,
once. Whoever asks another one asks as ever, and so does everybody on SQLite. The order of its rows
is not kept, and it must be harmless to read before the look-up has said who asks.
"""

from collections.abc import Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any

from identity.crypto.remembered import Remembered
from identity.scoping import current, statements
from identity.scoping.statements import Rows


@dataclass(frozen=True, slots=True)
class Question:
    """A SELECT with its values, as the driver takes them, and the state in which it is asked."""

    sql: str
    values: Sequence[Any]
    state: current.State


class _Foreseen:
    """One question of a block, and its rows as soon as they are known."""

    __slots__ = ("question", "rows")

    def __init__(self, question: Question) -> None:
        self.question = question
        self.rows: Rows | None = None


_foreseen: ContextVar[_Foreseen | None] = ContextVar("countersign_foreseen", default=None)
_texts: Remembered[tuple[str, str, str], str] = Remembered(256)


class Block:
    """A `with` block in which a question is foreseen; None foresees nothing. Entered once."""

    __slots__ = ("_foreseen", "_token")

    def __init__(self, question: Question | None) -> None:
        self._foreseen = None if question is None else _Foreseen(question)

    def __enter__(self) -> None:
        self._token: Token[_Foreseen | None] = _foreseen.set(self._foreseen)

    def __exit__(self, *error: object) -> None:
        _foreseen.reset(self._token)


of = Block


def known(sql: str, values: Sequence[Any]) -> Rows | None:
    """The rows of a question that was foreseen and answered; None for every other one."""
    foreseen = _foreseen.get()
    if foreseen is None or foreseen.rows is None:
        return None
    question = foreseen.question
    is_it = question.sql == sql and question.values == values
    if not is_it or question.state.mark != current.state().mark:
        return None
    _foreseen.set(None)
    return foreseen.rows


def rows(sql: str, values: Sequence[Any], *, width: int) -> Rows:
    """The rows of a look-up of so many columns, at the door; on PostgreSQL alone.

    What is foreseen is asked along and kept. A look-up without a row brings no answer.
    """
    foreseen = _foreseen.get()
    if foreseen is None or foreseen.rows is not None:
        return statements.rows(sql, values)
    # A look-up is answered alike in every state: the one of the question is as good.
    with current.Block(foreseen.question.state):
        return _along(foreseen, sql, values, width)


def change(sql: str, values: Sequence[Any], *, width: int) -> Rows:
    """As `rows`, for an UPDATE … RETURNING in the state in force; the first column is not null.

    The answer of what is foreseen is that of before the change.
    """
    foreseen = _foreseen.get()
    if foreseen is None or foreseen.rows is not None:
        return statements.rows(sql, values)
    if foreseen.question.state.mark != current.state().mark:
        return statements.rows(sql, values)
    return _along(foreseen, "SELECT * FROM changed", values, width, before=sql)


def _along(
    foreseen: _Foreseen, sql: str, values: Sequence[Any], width: int, *, before: str = ""
) -> Rows:
    question = foreseen.question
    both = statements.rows(_together(sql, question.sql, before), [*values, *question.values])
    if not both:
        return []
    # Each row of the look-up comes with every row of the other.
    first = both[0][:width]
    own = [first] if len(both) == 1 else list(dict.fromkeys(row[:width] for row in both))
    foreseen.rows = [row[width + 1 :] for row in both if row[width] and row[:width] == first]
    return own


def _together(sql: str, other: str, before: str) -> str:
    key = (before, sql, other)
    known = _texts.get(key)
    if known is None:
        # All are texts of ours; values are bound.
        along = f"SELECT true, answer.* FROM ({other}) AS answer"  # noqa: S608
        both = f"SELECT * FROM ({sql}) AS first LEFT JOIN ({along}) AS along ON true"  # noqa: S608
        known = f"WITH changed AS ({before}) {both}" if before else both
        _texts.keep(key, known)
    return known
