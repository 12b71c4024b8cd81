"""What the admin says about an onboarding: how it stands, what to do where it has failed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from accounts.queries.onboardings import OnboardingRow, StepRow

_PATIENCE: Final = timedelta(minutes=1)
_OVER: Final[Mapping[str, str]] = {
    "waiting": "Waits for the approval of others.",
    "completed": "All is done.",
    "cancelled": "It was cancelled, and its user name is free. Start another one instead.",
}
_NOBODY: Final = (
    "It is due, and no worker takes it up. See whether a task worker runs beside this server."
)
_ADVICE: Final[Mapping[str, str]] = {
    "onboarding.account-mismatch": (
        "Trying again changes nothing. Cancel it, and start another one with the account's own key."
    ),
    "onboarding.ledger-away": (
        "See whether the ledger can be reached from this server, then try it again."
    ),
    "onboarding.parent-not-ready": "Finish the registry's own onboarding, then try this one again.",
    "onboarding.parent-unknown": (
        "The registry was disabled or deleted. Enable it and try again, or start another onboarding"
        " for another registry."
    ),
    "onboarding.unexpected": (
        "The server's log says what broke. Mend that, then try it again: it goes on where it was."
    ),
}
_MEND: Final = (
    "If you can mend the cause, try it again: it goes on at the step that failed. If not, cancel it"
    " and start another one."
)


def standing(row: OnboardingRow, present: StepRow | None, *, now: datetime) -> str:
    """How it stands, in one or two sentences. `present` is the step that was begun, if any is."""
    if row.state in _OVER:
        return _OVER[row.state]
    if row.state == "failed":
        return "It has failed. What was done so far is kept for another try."
    if row.state == "running":
        return f"Step {present.number}: {present.name}." if present else "A worker has begun."
    return _queued(row, now)


def advice(row: OnboardingRow) -> str:
    """What to do about a failure; empty for what has not failed."""
    return _ADVICE.get(row.error_code, _MEND) if row.state == "failed" else ""


def _queued(row: OnboardingRow, now: datetime) -> str:
    due = row.next_attempt_at or now
    if due < now - _PATIENCE:
        return _NOBODY
    following = f"The next attempt is at {due:%Y-%m-%d %H:%M:%S} UTC."
    if row.outages:
        return f"The ledger was not there, {_times(row.outages)} in a row. {following}"
    if row.attempts and due > now:
        return f"A worker met a fault; the server's log says which. {following}"
    return "Waits for a worker."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
