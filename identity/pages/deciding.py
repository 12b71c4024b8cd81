"""What a member of staff does with a proposal: vote, take a vote back, withdraw, see the answer."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from identity.actor import Actor
from identity.api.enterprise import results
from identity.pages import handing_over, own_devices, staff_acts
from identity.services import scopes, server_keys
from invitations import queries
from invitations.errors import ProposalHashDiffers
from invitations.services import proposals, votes
from invitations.services.votes import Counted

PENDING: Final = "pending"
_INVITING: Final = frozenset({"user.invite", "device.invite"})
_REGISTER: Final = "Register this browser first:"
DANGEROUS: Final = frozenset({"approve", "reject", "outcome"})
"""What a session that was left alone does not do: vote, and see an answer with its secrets."""
_DECISIONS: Final = ("approve", "reject", "retract", "cancel", "outcome")


class DecisionForm(forms.Form):
    """A decision; the hash says what exactly was on the page."""

    reason = forms.CharField(max_length=512, required=False)
    proposal_hash = forms.CharField(max_length=64, required=False)
    decision = forms.ChoiceField(choices=[(name, name) for name in _DECISIONS])


def page(detail: queries.ProposalDetail, *, by: Actor) -> dict[str, Any]:
    """What the page of a proposal shows to this person."""
    is_pending = detail.row.state == PENDING
    is_mine = by.public_id is not None and detail.row.proposer == by.public_id
    has_voted = any(
        vote.user == by.public_id and vote.retracted_at is None for vote in detail.votes
    )
    obstacle = _obstacle(detail, by=by, has_voted=has_voted) if is_pending else ""
    here = reverse("admin:invitations_proposal_change", args=[detail.row.id])
    return {
        "signing": own_devices.signing(by, back=here),
        "accepts_attested": scopes.settings().accept_attested_votes,
        "is_deviceless": obstacle.endswith(_REGISTER),
        "detail": detail,
        "changes": queries.changes_of(detail.row.id),
        "proof": queries.proof_of(detail.row.id),
        "is_pending": is_pending,
        "obstacle": obstacle,
        "may_vote": is_pending and not obstacle,
        "may_retract": is_pending and has_voted,
        "may_cancel": is_pending and (is_mine or by.may("proposals:cancel")),
        "outcome_is_mine": is_mine and detail.row.has_outcome,
    }


def decide(
    request: HttpRequest, proposal_id: UUID, asked: Mapping[str, str], *, by: Actor, now: datetime
) -> None:
    """Vote, take a vote back or withdraw the proposal, and say how it stands afterwards.

    Raises what the services raise, and `ProposalHashDiffers` for a vote on nothing.
    """
    decision = asked["decision"]
    if decision == "cancel":
        proposals.cancel(proposal_id=proposal_id, by=by, now=now)
        messages.success(request, "The proposal is withdrawn.")
    elif decision == "retract":
        votes.retract(proposal_id=proposal_id, by=by, now=now)
        messages.success(request, "Your vote is taken back.")
    elif not asked["proposal_hash"]:
        raise ProposalHashDiffers
    else:
        counted = staff_acts.vote(
            decision=decision,
            proposal_id=proposal_id,
            proposal_hash=asked["proposal_hash"],
            reason=asked["reason"],
            by=by,
            now=now,
        )
        _tell(request, counted)


def outcome(
    proposal_id: UUID, commands: Sequence[Mapping[str, Any]], *, by: Actor, now: datetime
) -> dict[str, Any] | None:
    """What the change answered, for its proposer's page, once; None when there is nothing."""
    taken = proposals.take_outcome(proposal_id=proposal_id, by=by, now=now)
    if taken is None:
        return None
    first, *others = commands
    if first["command"] in _INVITING:
        # Roles that were given with it have no answer that anybody waits for.
        email = first["details"].get("email", "")
        return {"handover": handing_over.of(taken[0]), "email": email}
    shown = [
        results.of_command(item["command"], result, client_keys=server_keys.client_keys)
        for item, result in zip(commands, taken, strict=True)
    ]
    return {"bundle": json.dumps(shown if others else shown[0], indent=2, default=str)}


def _tell(request: HttpRequest, counted: Counted) -> None:
    state = str(counted.proposal.state)
    if state == PENDING:
        needed = "; ".join(counted.missing)
        messages.success(request, f"Your vote is recorded. The proposal {needed}.")
    elif state == "executed":
        messages.success(request, "Your vote decided it: the change is made.")
    elif state == "rejected":
        messages.success(request, "Your vote decided it: the proposal is rejected.")
    else:
        reason = counted.proposal.reason
        messages.warning(request, f"Your vote decided it, but the change was not made: {reason}.")


def _obstacle(detail: queries.ProposalDetail, *, by: Actor, has_voted: bool) -> str:
    if by.is_operator:
        return "Platform operators may propose, but never vote: a scope's own people decide."
    mine = next((item for item in detail.electors if item.user == by.public_id), None)
    if mine is None or not by.may("proposals:approve"):
        return "Your roles in this scope decide no proposals."
    if mine.obstacle:
        return _why_not(mine.obstacle)
    if has_voted:
        return "You have voted. To vote otherwise, take your vote back first."
    return ""


def _why_not(obstacle: str) -> str:
    text = f"You may not decide this proposal: a person who {obstacle} may not."
    if obstacle == "has no active device":
        return f"{text} {_REGISTER}"
    return text
