"""Acts of staff in the admin: the same door as for devices, with the server's statement."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from identity.actor import Actor
from identity.services import attestations
from invitations.commands.command import registry
from invitations.services import account, attested, governance, votes
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending, Step
from invitations.services.votes import Counted


def submit(*, command: str, details: Mapping[str, Any], by: Actor, now: datetime) -> Done | Pending:
    """Submit a sensitive command for a staff member. Raises what `governance.submit` raises."""
    return submit_together(steps=[Step(command, details)], by=by, now=now)


def submit_together(*, steps: Sequence[Step], by: Actor, now: datetime) -> Done | Pending:
    """Submit several commands as one. Raises what `governance.submit_together` raises."""
    evidence = attested.of_steps(steps, by=by)
    return governance.submit_together(steps=steps, by=by, now=now, evidence=evidence)


def bringing_keys(command: str, details: Mapping[str, Any], *, by: Actor) -> dict[str, Any]:
    """The input of a command that brings a device's keys, with the server's statement about it."""
    known = registry.get(command)
    statement = {
        "action": known.action,
        "resource": known.path(known.read(details)),
        "details": dict(details),
        "user": str(by.public_id),
    }
    sign1 = attestations.request(_bytes(statement))
    registration = base64.b64encode(sign1).decode()
    return {**details, "registration": registration, "is_attested": True}


def vote(
    *, decision: str, proposal_id: UUID, proposal_hash: str, reason: str, by: Actor, now: datetime
) -> Counted:
    """Cast a staff member's vote. Raises what `votes.approve` and `votes.reject` raise."""
    statement = {
        "action": decision,
        "resource": f"/proposals/{proposal_id}",
        "details": {"proposal_hash": proposal_hash, "reason": reason},
        "user": str(by.public_id),
    }
    cast = votes.approve if decision == "approve" else votes.reject
    return cast(
        proposal_id=proposal_id,
        proposal_hash=proposal_hash,
        reason=reason,
        by=by,
        now=now,
        evidence=Evidence(sign1=attestations.vote(_bytes(statement)), is_attested=True),
    )


def change_password(*, old: str, new: str, by: Actor, now: datetime) -> Done | Pending:
    """Change a staff member's own password; neither one is in the statement that is kept.

    Raises what `account.change_password` raises.
    """
    statement = {
        "action": "edit",
        "resource": "/account-management/password",
        "details": {},
        "user": str(by.public_id),
    }
    evidence = Evidence(sign1=attestations.request(_bytes(statement)), is_attested=True)
    return account.change_password(old=old, new=new, by=by, now=now, evidence=evidence)


def report(request: HttpRequest, answer: Done | Pending, *, done: str) -> None:
    """Say what became of it: both shapes of success."""
    if isinstance(answer, Done):
        messages.success(request, done)
        return
    link = reverse("admin:invitations_proposal_change", args=[answer.proposal_id])
    messages.info(
        request,
        format_html('This waits for approval: <a href="{}">see the proposal</a>.', link),
    )


def _bytes(statement: Mapping[str, Any]) -> bytes:
    return orjson.dumps(statement, option=orjson.OPT_SORT_KEYS)
