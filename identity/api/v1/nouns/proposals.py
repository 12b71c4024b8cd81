"""Proposals: changes that wait for others; what they would do, who has voted and who still may."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from identity.api.v1 import route, shapes
from identity.api.v1.route import SELF, Asked
from identity.api.v1.shapes import Body, Newest, Shown
from identity.errors import Missing
from identity.paging import After, Window
from invitations import queries as invitations
from invitations.services import bundles, proposals, signed_votes, votes

_STATES = Literal["pending", "executed", "rejected", "cancelled", "expired", "stale", "failed"]


class Proposal(Shown, frozen=True):
    """A proposal as lists show it; `hash` is what voters sign."""

    id: UUID
    state: str
    action: str
    resource: str
    proposer: UUID | None
    proposer_name: str
    hash: str
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    reason: str
    has_outcome: bool


class Change(Shown, frozen=True):
    """One command of the proposal with its input, without what nobody may read."""

    command: str
    details: Mapping[str, Any]


class Vote(Shown, frozen=True):
    """A standing or retracted vote."""

    user: UUID
    username: str
    device: UUID | None
    decision: str
    reason: str
    cast_at: datetime
    retracted_at: datetime | None
    is_attested: bool


class Elector(Shown, frozen=True):
    """One user's standing; `obstacle` says why they may not decide and is empty if they may."""

    user: UUID
    username: str
    obstacle: str


class ProposalDetail(Proposal, frozen=True):
    """A proposal with all that a voter recomputes, checks and signs; bytes are base64."""

    scope: UUID
    changes: Sequence[Change]
    request: str
    request_is_attested: bool
    proposer_device: UUID | None
    proposer_key: str | None
    policy_id: UUID
    policy_version: int
    policy: Mapping[str, Any]
    review_expression: str
    votes: Sequence[Vote]
    electors: Sequence[Elector]
    missing: Sequence[str]


class Ballot(Body, frozen=True):
    """A vote: `proposal_hash` is the `hash` of the proposal, `statement` a COSE_Sign1 in base64.

    The statement says the same: the action `approve` or `reject`, the resource
    `/proposals/<id>`, and as details `proposal_hash` and, where there is one, `reason`.
    """

    decision: Literal["approve", "reject"]
    proposal_hash: str
    statement: str
    reason: str = ""


class Standing(Shown, frozen=True):
    """How a proposal stands after an act; `missing` says what it still needs."""

    id: UUID
    state: str
    reason: str
    missing: Sequence[str]


class Outcome(Shown, frozen=True):
    """What the changes answered, one for each, secrets included: shown to the proposer once."""

    results: Sequence[Mapping[str, Any]]


class ProposalFilters(Newest, frozen=True):
    """Which proposals; one's own and those that wait for one need no permission."""

    state: _STATES | None = None
    resource: str | None = None
    mine: bool = False
    waiting_for_me: bool = False


def _are_mine(asked: Asked) -> bool:
    return bool(asked.query.mine or asked.query.waiting_for_me)


def _is_mine(asked: Asked) -> bool:
    """Whether the caller proposed it; one that is not there is nobody's."""
    public_id = asked.caller.actor.public_id
    try:
        row = invitations.proposal(asked.ids["proposal"], now=asked.now).row
    except Missing:
        return False
    return public_id is not None and row.proposer == public_id


@route.listing(
    "/proposals",
    "proposals:list",
    "proposals_list",
    "Proposals",
    of=Proposal,
    query=ProposalFilters,
    own=_are_mine,
)
def proposals_list(asked: Asked, after: After) -> Window[Any]:
    """Proposals by time of making."""
    return invitations.proposals_window(after, by=asked.caller.actor, now=asked.now)


@route.read(
    "/proposals/{proposal}",
    "proposals:get",
    "proposals_get",
    "A proposal with what it would change",
    shows=ProposalDetail,
    own=_is_mine,
    is_own_by_token=True,
)
def proposal(asked: Asked) -> ProposalDetail:
    """One proposal with everything a voter needs."""
    detail = invitations.proposal(asked.ids["proposal"], now=asked.now)
    row: Proposal = shapes.of_row(Proposal, detail.row)
    return ProposalDetail(
        **{name: getattr(row, name) for name in Proposal.__struct_fields__},
        scope=asked.caller.actor.scope_id,
        changes=[Change(each["command"], each["details"]) for each in detail.commands],
        request=base64.b64encode(detail.request).decode(),
        request_is_attested=detail.request_is_attested,
        proposer_device=detail.proposer_device,
        proposer_key=detail.proposer_key,
        policy_id=detail.policy_id,
        policy_version=detail.policy_version,
        policy=dict(detail.policy),
        review_expression=detail.review_expression,
        votes=[shapes.of_row(Vote, vote) for vote in detail.votes],
        electors=[shapes.of_row(Elector, each) for each in detail.electors],
        missing=list(detail.missing),
    )


@route.act(
    "GET",
    "/proposals/{proposal}/evidence",
    "proposals:get",
    "proposals_evidence",
    "The bundle that proves a proposal's course offline",
    shows=dict[str, Any],
    own=_is_mine,
)
def evidence(asked: Asked) -> Any:
    """What `evidence.py` verifies without this server."""
    return bundles.export(asked.ids["proposal"], now=asked.now)


@route.act(
    "POST",
    "/proposals/{proposal}/outcome",
    SELF,
    "proposals_take_outcome",
    "Take what your executed proposal answered, once",
    shows=Outcome,
    is_dangerous=True,
)
def outcome(asked: Asked) -> Outcome:
    """For the proposer alone; Missing when there is none, or none any more."""
    taken = proposals.take_outcome(
        proposal_id=asked.ids["proposal"], by=asked.caller.actor, now=asked.now
    )
    if taken is None:
        raise Missing("There is no outcome for you to take.")
    return Outcome(results=taken)


@route.act(
    "POST",
    "/proposals/{proposal}/cancellation",
    "proposals:cancel",
    "proposals_cancel",
    "Cancel a proposal before it is decided",
    shows=Standing,
    own=_is_mine,
    is_own_by_token=True,
)
def cancel(asked: Asked) -> Standing:
    """By its proposer, or with the permission; the service asks."""
    ended = proposals.cancel(
        proposal_id=asked.ids["proposal"], by=asked.caller.actor, now=asked.now
    )
    return standing(ended, (), asked)


@route.act(
    "POST",
    "/proposals/{proposal}/votes",
    "proposals:approve",
    "proposals_vote",
    "Approve or reject a proposal",
    body=Ballot,
    shows=Standing,
    is_alone=True,
    is_dangerous=True,
)
def vote(asked: Asked) -> Standing:
    """With a statement that the voter's own device signed: it is the evidence of the vote."""
    counted = signed_votes.cast(
        proposal_id=asked.ids["proposal"],
        statement=shapes.decoded(asked.body.statement, "statement"),
        by=asked.caller.actor,
        now=asked.now,
        expected=signed_votes.Ballot(
            asked.body.decision, asked.body.proposal_hash, asked.body.reason
        ),
    )
    return standing(counted.proposal, counted.missing, asked)


@route.act(
    "DELETE",
    "/proposals/{proposal}/votes/mine",
    SELF,
    "proposals_retract_vote",
    "Take your own vote back",
    shows=Standing,
)
def retract(asked: Asked) -> Standing:
    """While the proposal is pending."""
    counted = votes.retract(proposal_id=asked.ids["proposal"], by=asked.caller.actor, now=asked.now)
    return standing(counted.proposal, counted.missing, asked)


def standing(found: Any, missing: Sequence[str], asked: Asked) -> Standing:
    """How a proposal stands now."""
    state = str(found.state_at(asked.now))
    return Standing(id=found.id, state=state, reason=found.reason, missing=list(missing))


ROUTES: Final = (proposals_list, proposal, evidence, outcome, cancel, vote, retract)
