"""Our results in the words of the wire; ids are the client-visible ones, times whole seconds."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from identity.crypto import check_code

Words = dict[str, Any]
Row = Mapping[str, Any]

_CATEGORIES: Final = {"person": "regular", "program": "api"}


def success(details: Any, metadata: Words | None = None) -> Words:
    """The answer to what was done or read."""
    return {"status": "success", "details": details, "metadata": metadata}


def listed(details: Any, total: int) -> Words:
    """The answer with one page of a list; `total` counts all pages."""
    return success(details, {"total_count": total})


def pending(proposal_id: UUID) -> Words:
    """The answer to a change that waits for others."""
    return {"status": "pending", "details": {"proposal_id": str(proposal_id)}, "metadata": None}


def second(moment: datetime | None) -> int | None:
    """A time in whole seconds since the epoch."""
    return None if moment is None else int(moment.timestamp())


def text(value: UUID | None) -> str | None:
    """An id as text."""
    return None if value is None else str(value)


def renamed(row: Row, **words: str) -> Words:
    """A row with some of its names in the words of the wire."""
    return {words.get(name, name): value for name, value in row.items()}


def user(row: Row) -> Words:
    """A user; `user_id` in other answers is this `uid`."""
    return {
        "uid": row["id"],
        "type": _CATEGORIES.get(row["kind"], row["kind"]),
        "status": row["status"],
        "username": row["username"],
        "email": row["email"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "mobile": row["mobile"],
        "customer_id": row["customer_id"],
        "roles": row["roles"],
        "groups": row["groups"],
        "networks": row["networks"],
        "expires_at": row["expires_at"],
        "created_at": row["created_at"],
        "created_by": row["created_by"],
        "updated_at": row["updated_at"],
        "updated_by": row["updated_by"],
    }


def device(row: Row) -> Words:
    """A device with its public keys and the code that people compare."""
    return {
        "id": row["id"],
        "user_id": row["user"],
        "label": row["name"],
        "ecdsa_pubkey": row["signature_key"],
        "rsa_pubkey": row["encryption_key"],
        "check_code": check_code.of_key(row["signature_key"]),
        "status": row["status"],
        "is_active": row["status"] in {"active", "unverified"},
        "created_at": row["registered_at"],
        "updated_at": row["updated_at"],
        "last_access_at": row["last_seen_at"],
    }


def role(row: Row) -> Words:
    """A role; the `rid` of a predefined one is its name."""
    return renamed(row, id="rid")


def rule(row: Row) -> Words:
    """A rule."""
    return renamed(row, id="rlid")


def group(row: Row) -> Words:
    """A group."""
    return renamed(row, id="gid")


def group_line(row: Row) -> Words:
    """A group in a list, which does not read who is in it."""
    shown = group(row)
    del shown["users"]
    return shown


def recipient(row: Row) -> Words:
    """A recipient."""
    return renamed(row, kind="type")


def recipient_group(row: Row) -> Words:
    """A list of recipients, which the reference calls its members."""
    return renamed(row, kind="type", recipients="members", recipient_count="member_count")


def recipient_group_line(row: Row) -> Words:
    """A list of recipients in a list of them, which does not read who is on it."""
    shown = recipient_group(row)
    del shown["members"]
    return shown


def policy(row: Row) -> Words:
    """A policy as a command answers it."""
    return renamed(row, policy="plid")


def policy_row(row: Any) -> Words:
    """A policy as it is stored."""
    return {
        "plid": str(row.public_id),
        "name": row.name,
        "description": row.description,
        "resource": row.resource,
        "action": row.action,
        "priority": row.priority,
        "expression": row.expression,
        "decision_on_true": row.decision_on_true,
        "review_expression": row.review_expression,
        "status": row.status,
        "version": row.version,
        "is_locked": row.is_locked,
        "only_if_reachable": row.only_if_reachable,
        "created_at": second(row.created_at),
        "updated_at": second(row.updated_at),
    }


def invitation(row: Any) -> Words:
    """An invitation as readers see it: without its secrets."""
    return {
        "id": str(row.id),
        "uid": str(row.user),
        "username": row.username,
        "state": row.state,
        "created_at": second(row.created_at),
        "expires_at": second(row.expires_at),
        "used_at": second(row.used_at),
        "device_uuid": text(row.device),
        "proposal_id": text(row.proposal),
        "is_alarmed": row.is_alarmed,
    }


def server_key(row: Any) -> Words:
    """The public half of a server key: PEM, or a compressed point in hex."""
    return {
        "kid": row.kid,
        "purpose": row.purpose,
        "public_key": row.public,
        "status": row.status,
        "not_before": second(row.activated_at),
        "not_after": second(row.expires_at),
    }


def audit_event(row: Any) -> Words:
    """One event of the audit record."""
    return {
        "sequence": row.sequence,
        "at": second(row.at),
        "name": row.name,
        "actor": row.actor,
        "subject_kind": row.subject_kind,
        "subject_id": row.subject_id,
        "facts": row.facts,
        "digest": row.digest,
    }


def proposal(row: Any) -> Words:
    """A proposal as lists show it."""
    return {
        "proposal_id": str(row.id),
        "state": row.state,
        "action": row.action,
        "resource": row.resource,
        "proposer_id": text(row.proposer),
        "proposer_name": row.proposer_name,
        "proposal_hash": row.hash,
        "created_at": second(row.created_at),
        "expires_at": second(row.expires_at),
        "decided_at": second(row.decided_at),
        "reason": row.reason,
        "has_outcome": row.has_outcome,
    }


def proposal_detail(
    detail: Any, *, tenant: UUID, proposer_key: str | None, outcome: Sequence[Row] | None
) -> Words:
    """A proposal with all that a voter recomputes, checks and signs (specification §5.5).

    `outcome` is there for the proposer, the first time it reads an executed proposal.
    """
    shown = proposal(detail.row) | {
        "tenant": str(tenant),
        "changes": list(detail.commands),
        "request_sign1": base64.b64encode(detail.request).decode(),
        "request_is_attested": detail.request_is_attested,
        "proposer_device_uuid": text(detail.proposer_device),
        "proposer_signature_pubkey": proposer_key,
        "policy_id": str(detail.policy_id),
        "policy_version": detail.policy_version,
        "policy": dict(detail.policy),
        "review_expression": detail.review_expression,
        "votes": [_vote(vote) for vote in detail.votes],
        "eligible": [_elector(item) for item in detail.electors if not item.obstacle],
        "ineligible": [
            _elector(item) | {"reason": item.obstacle} for item in detail.electors if item.obstacle
        ],
        "missing": list(detail.missing),
    }
    if outcome is not None:
        shown["outcome"] = list(outcome)
    return shown


def _vote(row: Any) -> Words:
    return {
        "user_id": str(row.user),
        "username": row.username,
        "device_uuid": text(row.device),
        "decision": row.decision,
        "reason": row.reason,
        "cast_at": second(row.cast_at),
        "retracted_at": second(row.retracted_at),
        "is_attested": row.is_attested,
    }


def _elector(row: Any) -> Words:
    return {"user_id": str(row.user), "username": row.username}
