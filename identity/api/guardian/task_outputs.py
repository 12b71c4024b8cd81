"""Tasks in the words of this protocol."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts.queries.onboardings import OnboardingRow, Progress, Record, StepRow, expectation
from identity.api.guardian import outputs

ACTIONS: Final[Mapping[str, str]] = {
    "onboard": "Onboard user",
    "connect": "Connect user",
    "random-key": "Create random key",
}
_FAILED: Final = "Task failed"
_RESULT: Final = {
    "username": "username",
    "role": "role",
    "did": "did",
    "account_id": "hederaAccountId",
    "public_key": "publicKey",
}
_KEY: Final = {"account_id": "id", "private_key": "key"}


def begun(task_id: UUID, action: str, owner: UUID | None) -> dict[str, Any]:
    """What a client is told that began a task."""
    return {
        "taskId": str(task_id),
        "expectation": expectation(action),
        "action": ACTIONS[action],
        "userId": str(owner) if owner else None,
    }


def progress(found: Progress) -> dict[str, Any]:
    """How far a task is, for anybody."""
    return {
        "taskId": str(found.task_id),
        "action": ACTIONS[found.action],
        "expectation": found.expectation,
        "completed": found.is_completed,
        "failed": found.is_failed,
        "error": {"message": found.error or _FAILED} if found.is_failed else None,
    }


def task(record: Record, owner: UUID | None) -> dict[str, Any]:
    """All of a task, for its owner."""
    row = record.row
    return {
        "taskId": str(row.id),
        "action": ACTIONS[row.action],
        "userId": str(owner) if owner else None,
        "expectation": record.expectation,
        "date": outputs.time(row.created_at),
        "statuses": [line for step in record.steps for line in _lines(step)],
        "result": result(row.action, record.result),
        "error": {"code": 500, "message": _error(row)} if _is_failed(row.state) else None,
        "info": _info(row, record.steps),
    }


def result(action: str, made: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What came of a task of this kind."""
    if made is None:
        return None
    names = _KEY if action == "random-key" else _RESULT
    return {theirs: made[ours] for ours, theirs in names.items() if ours in made}


def _error(row: OnboardingRow) -> str:
    """Why it failed, with the rule that was broken: the poll says the first sentence alone."""
    return f"{row.error or _FAILED} {row.reason}".strip()


def _lines(step: StepRow) -> Sequence[dict[str, str]]:
    if step.started_at is None:
        return []
    begun = {
        "type": "Processing",
        "message": step.name,
        "date": outputs.time(step.started_at),
    }
    if step.ended_at is None or step.state != "completed":
        return [begun]
    return [
        begun,
        {"type": "Completed", "message": step.name, "date": outputs.time(step.ended_at)},
    ]


def _info(row: OnboardingRow, steps: Sequence[StepRow]) -> dict[str, Any]:
    """The tree that pages draw: the task, and its steps below it."""
    ended = sum(step.ended_at is not None for step in steps)
    whole = _node(
        ACTIONS[row.action],
        row.state,
        row.started_at,
        row.ended_at,
        size=len(steps),
        progress=100 * ended // max(1, len(steps)),
    )
    return whole | {
        "error": _error(row) if _is_failed(row.state) else None,
        "action": ACTIONS[row.action],
        "steps": [
            _node(
                step.name,
                step.state,
                step.started_at,
                step.ended_at,
                index=step.number - 1,
                progress=100 if step.ended_at else 0,
            )
            for step in steps
        ],
    }


def _node(
    name: str,
    state: str,
    started_at: datetime | None,
    ended_at: datetime | None,
    *,
    size: int = 0,
    index: int = 0,
    progress: int = 0,
) -> dict[str, Any]:
    return {
        "name": name,
        "message": name,
        "started": started_at is not None,
        "completed": state == "completed",
        "failed": _is_failed(state),
        "skipped": state == "skipped",
        "minimized": False,
        "error": None,
        "size": size,
        "index": index,
        "estimate": 1,
        "progress": progress,
        "startDate": _milliseconds(started_at),
        "stopDate": _milliseconds(ended_at),
        "timestamp": _milliseconds(ended_at or started_at),
        "action": None,
        "steps": [],
    }


def _is_failed(state: str) -> bool:
    return state in {"failed", "cancelled", "compensated"}


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)
