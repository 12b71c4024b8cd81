"""Answers of the server in the client's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from identity.sdk.errors import NoAnswer, Refused

_REFUSALS = "failed", "unauthorized", "rejected"


@dataclass(frozen=True, slots=True)
class Done:
    """The command took effect, or here is what was asked for."""

    details: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """Others have to approve first. Some answers do not name the proposal."""

    proposal_id: str | None
    details: Any = None


Result: TypeAlias = Done | Pending


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One outcome for each item, in the order of the request."""

    batch: tuple[Done | Pending | Refused, ...]
    atomic_batch: tuple[Done | Pending | Refused, ...]


def read(reply: Any, *, retry_after: int | None = None) -> Done | Pending | Refused:
    """The outcome in one public reply object. Raises NoAnswer if it is none."""
    if not isinstance(reply, Mapping):
        raise NoAnswer("The reply is no object.")
    status, details = reply.get("status"), reply.get("details")
    if status == "success":
        metadata = reply.get("metadata")
        return Done(details, metadata if isinstance(metadata, Mapping) else {})
    if status == "pending":
        proposal_id = details.get("proposal_id") if isinstance(details, Mapping) else None
        return Pending(proposal_id if isinstance(proposal_id, str) else None, details)
    if status in _REFUSALS:
        return Refused(
            status,
            str(reply.get("error_code") or ""),
            str(reply.get("message") or ""),
            details=details,
            retry_after=retry_after,
        )
    raise NoAnswer("The reply has a status that the protocol does not know.")


def read_batch(reply: Mapping[str, Any], batch: int, atomic_batch: int) -> BatchResult:
    """The outcomes of so many items. Raises NoAnswer if the reply has other numbers of them."""
    parts = []
    for name, expected_count in (("batch", batch), ("atomicBatch", atomic_batch)):
        outcomes = reply.get(name) or []
        if not isinstance(outcomes, list) or len(outcomes) != expected_count:
            raise NoAnswer(f"The reply does not answer each item of {name}.")
        parts.append(tuple(read(outcome) for outcome in outcomes))
    return BatchResult(*parts)
