"""Lambdas as their owners and staff read them, and how their runs went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Lambda, LambdaExecution
from accounts.queries import listing
from identity.errors import Missing
from identity.paging import After, Window

STATES: Final = tuple(str(state) for state in Lambda.Status)
MOST_KEPT: Final = 100
"""Runs of a lambda that its history keeps."""


@dataclass(frozen=True, slots=True)
class LambdaRow:
    """A lambda; `user` is the client-visible id of its owner, `status` active or disabled."""

    id: UUID
    user: UUID
    config: Mapping[str, Any]
    status: str
    max_executions: int
    total_executions: int
    ok_executions: int
    last_executed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """One run; `outcome` begun, signed, not-met or failed.

    `reason` is the code of a refusal, or `lambda.not-compiled`.
    """

    number: int
    outcome: str
    reason: str
    digest: str
    address: str
    hooks_sent: int
    hooks_failed: int
    began_at: datetime
    ended_at: datetime | None


def one(lambda_id: UUID) -> LambdaRow:
    """One lambda of the scope in force. Raises Missing."""
    row = _rows().filter(id=lambda_id).first()
    if row is None:
        raise Missing("There is no such lambda.")
    return _row(row)


def of_user(user_id: UUID) -> Sequence[LambdaRow]:
    """The lambdas of a user, the oldest first: there are few."""
    return [_row(row) for row in _rows().filter(user_id=user_id).order_by("created_at", "id")]


def own(lambda_id: UUID, user_id: UUID | None) -> LambdaRow:
    """A lambda of this very user. Raises Missing, as for an id that there is not."""
    row = _rows().filter(id=lambda_id, user_id=user_id).first() if user_id else None
    if row is None:
        raise Missing("There is no such lambda.")
    return _row(row)


def owner_of(lambda_id: UUID) -> UUID | None:
    """The client-visible id of a lambda's owner; None where there is no such lambda."""
    rows = Lambda.objects.filter(id=lambda_id)
    return rows.values_list("user__public_id", flat=True).first()


def window(after: After) -> Window[LambdaRow]:
    """Those of everybody, by user or status. Raises `Invalid` for other filters."""
    return listing.windowed(
        _rows(), after, filters=_FILTERS, read=lambda rows: list(map(_row, rows))
    )


def executions(lambda_id: UUID) -> Sequence[ExecutionRow]:
    """The latest runs of a lambda, the newest first, at most 100."""
    rows = LambdaExecution.objects.filter(executed_id=lambda_id).order_by("-number")
    return [_execution(row) for row in rows[:MOST_KEPT]]


_FILTERS: Final[Mapping[str, listing.Filter]] = {
    "user": listing.by_id("user__public_id"),
    "status": listing.by_word("status", STATES),
}


def _rows() -> "QuerySet[Lambda]":
    return Lambda.objects.select_related("user")


def _row(row: Lambda) -> LambdaRow:
    return LambdaRow(
        id=row.id,
        user=row.user.public_id,
        config=row.config,
        status=row.status,
        max_executions=row.max_executions,
        total_executions=row.total_executions,
        ok_executions=row.ok_executions,
        last_executed_at=row.last_executed_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        disabled_at=row.disabled_at,
    )


def _execution(row: LambdaExecution) -> ExecutionRow:
    return ExecutionRow(
        number=row.number,
        outcome=row.outcome,
        reason=row.reason,
        digest=row.digest,
        address=row.address,
        hooks_sent=row.hooks_sent,
        hooks_failed=row.hooks_failed,
        began_at=row.began_at,
        ended_at=row.ended_at,
    )
