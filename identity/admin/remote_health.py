"""How a remote does, in words, what its page tells about it, and what differs there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from accounts.queries.remotes import MOST_COUNTED, CarriedRow, RemoteRow
from identity.admin import facts as values

_WHY: Final = {
    "by-hand": "Paused by hand. What waits is carried when it is resumed.",
    "failing": "It failed again and again, so nothing is carried any more. What waits is kept:"
    " mend the cause, then resume it.",
}
_KINDS: Final[Mapping[str, str]] = {
    "missing": "missing there",
    "extra": "too many there",
    "unknown": "there, and never a member here",
    "other_key": "with another key there",
    "other_acl": "with another access list there",
}


@dataclass(frozen=True, slots=True)
class Health:
    """A word for the badge with its colour, and a sentence."""

    word: str
    tone: str
    about: str


@dataclass(frozen=True, slots=True)
class Different:
    """A member who stands otherwise there."""

    member: str
    how: str
    here: str
    there: str


def of(row: RemoteRow, *, now: datetime) -> Health:
    """How a remote does."""
    if row.status != "active":
        tone = "" if row.reason == "by-hand" else "bad"
        return Health("paused", tone, _WHY.get(row.reason, ""))
    if row.failures:
        rest = ""
        if row.rests_until is not None and row.rests_until > now:
            rest = f" It rests until {row.rests_until:%H:%M:%S} UTC."
        since = f" since {row.failing_since:%Y-%m-%d %H:%M} UTC" if row.failing_since else ""
        times = "once" if row.failures == 1 else f"{row.failures} times in a row"
        return Health("failing", "attention", f"It failed {times}{since}.{rest}")
    if row.given_up:
        return Health("stuck", "attention", "Some changes were given up: look at why.")
    if row.carried_at is None:
        return Health("active", "note", "Nothing was carried yet.")
    return Health("active", "good", f"It answered at {row.carried_at:%Y-%m-%d %H:%M:%S} UTC.")


def of_carried(row: CarriedRow) -> Health:
    """How a context stands there."""
    if not row.context_there:
        return Health("waiting", "note", "It is not there yet.")
    if row.given_up:
        return Health("stuck", "attention", "Some changes were given up.")
    if row.waiting:
        return Health("carrying", "note", f"{counted(row.waiting)} on the way.")
    return _compared(row)


def _compared(row: CarriedRow) -> Health:
    if row.checked_at is None:
        return Health("carried", "", "Not compared yet.")
    if row.drift.get("is_resync"):
        return Health("carried", "", "Whoever differed was carried anew. Compare again to see.")
    count = sum(row.drift.get(kind, 0) for kind in _KINDS)
    if count:
        return Health("differs", "bad", f"{'1 member' if count == 1 else f'{count} members'}.")
    return Health("same", "good", "Both sides agreed when they were compared.")


def counted(count: int) -> str:
    """A number that was counted up to a thousand."""
    return f"{MOST_COUNTED} or more" if count >= MOST_COUNTED else str(count)


def facts(row: RemoteRow) -> Sequence[tuple[str, str]]:
    """Names and values of a remote for its page."""
    shown = {
        "Address": row.url,
        "API key id": row.api_key_id,
        "API key secret": "is set, and never shown",
        "Solution there": row.solution_there,
        "On the way": counted(row.waiting),
        "Given up": counted(row.given_up),
        "Latest error": row.last_error,
        "Id": row.id,
        "Linked": row.created_at,
        "Changed": row.updated_at,
    }
    return [(name, values.value_of(value, name)) for name, value in shown.items()]


def facts_of_carried(row: CarriedRow) -> Sequence[tuple[str, str]]:
    """Names and values of a context that is carried."""
    shown: dict[str, Any] = {
        "Context": row.context,
        "Context there": row.context_there,
        "Members here": row.members,
        "On the way": counted(row.waiting),
        "Given up": counted(row.given_up),
        "Carried since": row.created_at,
        "Compared": row.checked_at,
    }
    return [(name, values.value_of(value, name)) for name, value in shown.items()]


def sums(row: CarriedRow) -> Sequence[tuple[str, str]]:
    """What was counted when both sides were compared."""
    drift = row.drift
    shown: dict[str, Any] = {
        "Members here": drift.get("here", 0),
        "Members there": drift.get("there", 0),
        "On the way then": drift.get("waiting", 0),
        **{_KINDS[kind].capitalize(): drift.get(kind, 0) for kind in _KINDS},
    }
    return [(name, values.value_of(value, name)) for name, value in shown.items()]


def differences(row: CarriedRow) -> Sequence[Different]:
    """The first hundred who stand otherwise there."""
    return [
        Different(
            one.get("member", ""),
            _KINDS.get(one.get("kind", ""), ""),
            one.get("here", ""),
            one.get("there", ""),
        )
        for one in row.drift.get("differences", ())
    ]
