"""What of signing in has run out goes: challenges, exchanges, spent tokens, history, sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Model, QuerySet

from identity.scoping import current
from identity.services import batches
from sessions_app.models import Challenge, Exchange, MachineSession, Session, SignIn, SpentToken
from sessions_app.services import history

CHALLENGES_KEPT: Final = timedelta(days=1)
"""So that who comes late is told apart from who was never asked, in a log at least."""
SESSIONS_KEPT: Final = timedelta(days=90)
"""How long a session that is over can be looked up; the audit record stays."""
MACHINE_SESSIONS_KEPT: Final = timedelta(days=7)
"""Programs begin one for a single call, too."""
# SQLite takes no more parameters than 32,766 in one statement.
_BATCH: Final = 5000


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows were removed in all scopes together."""

    challenges: int
    exchanges: int
    spent_tokens: int
    sign_ins: int
    sessions: int
    machine_sessions: int


def sweep(*, now: datetime) -> Swept:
    """Remove what has run out in every scope.

    Rows go in batches with a transaction each, found by an index on their end, so that nobody
    waits for long. A session that is still active leaves 90 days after it ran out, when no token
    of it is of use any more. These rows are protocol state and leave no audit event.
    """
    with current.across_scopes(why="what has run out is removed in every scope"):
        return Swept(
            challenges=_remove(_due(Challenge, "expires_at", now - CHALLENGES_KEPT)),
            exchanges=_remove(_due(Exchange, "expires_at", now - CHALLENGES_KEPT)),
            spent_tokens=_remove(_due(SpentToken, "expires_at", now)),
            sign_ins=_remove(_due(SignIn, "at", now - history.KEPT)),
            sessions=sum(_remove(rows) for rows in _over(Session, now - SESSIONS_KEPT)),
            machine_sessions=sum(
                _remove(rows) for rows in _over(MachineSession, now - MACHINE_SESSIONS_KEPT)
            ),
        )


def _due(model: type[Model], column: str, before: datetime, **more: Any) -> "QuerySet[Any]":
    rows: QuerySet[Any] = model._default_manager.filter(**{f"{column}__lt": before}, **more)  # noqa: SLF001 ours
    return rows.order_by(column)


def _over(model: type[Session | MachineSession], before: datetime) -> "Sequence[QuerySet[Any]]":
    return (
        _due(model, "ended_at", before, status=model.Status.ENDED),
        _due(model, "expires_at", before, status=model.Status.ACTIVE),
    )


def _remove(due: "QuerySet[Any]") -> int:
    return batches.delete(due, size=_BATCH)
