"""The frame every write stands in: the actor's scope, one transaction, its audit events last."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError, models, transaction

from accounts import errors
from identity.actor import Actor
from identity.scoping import current, inserts
from identity.scoping.owned import ScopeOwned
from identity.services import audit

Row = TypeVar("Row", bound=ScopeOwned)
_is_whole: ContextVar[bool] = ContextVar("writing_is_whole", default=False)


@contextmanager
def of(by: Actor) -> Iterator[None]:
    """Enter the actor's scope and a transaction: all of the write happens or nothing.

    Inside a caller's transaction a refusal undoes this write alone. Events are appended at the
    end of the outermost block that gathers them, after every other row is locked.
    """
    is_part = _is_whole.get()
    with current.in_scope(by.scope_id), transaction.atomic(savepoint=not is_part), audit.gathered():
        yield


@contextmanager
def whole(by: Actor) -> Iterator[None]:
    """As `of`, for a caller of several services who lets every refusal undo all of it.

    Writes inside need no savepoints of their own then, each of which costs two statements.
    """
    with of(by):
        token = _is_whole.set(True)
        try:
            yield
        finally:
            _is_whole.reset(token)


@contextmanager
def part() -> Iterator[None]:
    """For a caller inside a transaction that every refusal undoes as a whole: as `whole` inside."""
    token = _is_whole.set(True)
    try:
        yield
    finally:
        _is_whole.reset(token)


def anything(_: object) -> bool:
    """For rows whose own fields say whether they are the same."""
    return True


def insert_once(
    row: Row,
    *,
    public_id: UUID | str,
    fields: Sequence[str],
    is_same: Callable[[Row], bool] = anything,
) -> tuple[Row, bool]:
    """Insert a row whose id its maker chose, or find that the same creation was done before.

    Returns the row and whether it is new. The unique constraint decides, so of two creations at
    the same time one is a repeat of the other. A repeat agrees in `fields`, among them who made
    it, and passes `is_same`. Raises `accounts.errors.NameTaken` for a clash of id or name.
    """
    try:
        with transaction.atomic():
            inserts.insert(row)
    except IntegrityError:
        # Every model has this manager, and ours see the scope in force through it.
        earlier = type(row)._base_manager.filter(public_id=public_id).first()  # noqa: SLF001
        if earlier is None or not _agree(earlier, row, fields) or not is_same(earlier):
            raise errors.NameTaken from None
        return earlier, False
    return row, True


def _agree(one: models.Model, other: models.Model, fields: Sequence[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in fields)
