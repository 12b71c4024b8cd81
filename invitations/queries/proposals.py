"""Reads about proposals: lists, and one with everything about it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from identity import errors
from identity.actor import Actor
from identity.paging import After, Listed, Page, Window, is_usable
from identity.scoping import keyset
from identity.services import scopes
from invitations.models import Proposal, Vote
from invitations.queries import changes, proofs, waiting
from invitations.queries.proofs import Proof
from invitations.rows import Change, ElectorRow, ProposalDetail, ProposalRow, VoteRow
from invitations.services import proposals, standing, votes

FILTERS: Final = frozenset({"state", "resource", "mine", "waiting_for_me"})
_MOST_TOLD: Final = 3


def proposals_page(page: Page, *, by: Actor, now: datetime) -> Listed[ProposalRow]:
    """Proposals; filters `state`, `resource`, `mine` and `waiting_for_me`."""
    rows = _narrowed(page.filters, by=by, now=now)
    if page.filters.get("waiting_for_me"):
        rows = rows.filter(id__in=waiting.for_actor(by, rows, now=now))
    direction = "-" if page.is_descending else ""
    ordered = rows.order_by(f"{direction}created_at", f"{direction}id")
    shown = list(ordered[page.offset : page.offset + page.limit])
    names = _names(row.proposer_id for row in shown)
    return Listed([_proposal(row, names, now) for row in shown], rows.count())


def proposals_window(after: After, *, by: Actor, now: datetime) -> Window[ProposalRow]:
    """Proposals; filters `state`, `resource`, `mine` and `waiting_for_me` (both True).

    A window of those that wait may hold fewer rows than asked for and go on all the same.
    Raises `Invalid`, `CursorInvalid`.
    """
    unknown = sorted(set(after.filters) - FILTERS)
    if unknown or not _are_known(after.filters):
        raise errors.Invalid(f"Filters are {', '.join(sorted(FILTERS))}.")
    rows = _narrowed(after.filters, by=by, now=now).defer("request")
    if after.filters.get("waiting_for_me"):
        shown, following = waiting.window(rows, after, by=by, now=now)
    else:
        shown, following = keyset.window(rows, after)
    names = _names(row.proposer_id for row in shown)
    return Window([_proposal(row, names, now) for row in shown], following)


def _narrowed(filters: Mapping[str, Any], *, by: Actor, now: datetime) -> "QuerySet[Proposal]":
    rows = Proposal.objects.all()
    if "state" in filters:
        rows = rows.filter(waiting.in_state(filters["state"], now))
    if "resource" in filters:
        rows = rows.filter(resource=filters["resource"])
    if filters.get("mine"):
        rows = rows.filter(proposer_id=by.user_id) if by.user_id else rows.none()
    return rows


def _are_known(filters: Mapping[str, Any]) -> bool:
    return (
        filters.get("state", Proposal.State.PENDING) in Proposal.State.values
        and isinstance(filters.get("resource", ""), str)
        and is_usable(filters.get("resource", ""))
        and all(isinstance(filters.get(name, True), bool) for name in ("mine", "waiting_for_me"))
    )


def proposal(proposal_id: UUID, *, now: datetime) -> ProposalDetail:
    """One proposal with everything about it. Raises `Missing`."""
    row = Proposal.objects.filter(id=proposal_id).first()
    if row is None:
        raise errors.Missing("There is no such proposal.")
    cast = list(row.votes.order_by("cast_at", "id"))
    names = _names([row.proposer_id, *(vote.user_id for vote in cast)])
    settings = scopes.settings()
    asked = settings.device_age_rule
    everybody = standing.of_everybody(standing.question_of(row, is_device_age_asked=asked, now=now))
    return ProposalDetail(
        row=_proposal(row, names, now),
        commands=[
            {"command": command.name, "details": shown}
            for (command, _), shown in zip(
                proposals.steps_of(row), visible_details(row), strict=True
            )
        ],
        request=bytes(row.request),
        request_is_attested=row.request_is_attested,
        proposer_device=row.proposer_device_id,
        proposer_key=None if row.request_is_attested else proofs.proposer_key(row),
        policy_id=row.policy_id,
        policy_version=row.policy_version,
        policy=row.policy,
        review_expression=row.review_expression,
        votes=[_vote(vote, names) for vote in cast],
        electors=[
            ElectorRow(item.person.public_id, item.person.username, item.obstacle)
            for item in everybody
        ],
        missing=(
            votes.still_missing(row, everybody, votes.living(row, settings, now=now))
            if row.state_at(now) == Proposal.State.PENDING
            else []
        ),
    )


def proof_of(proposal_id: UUID) -> Proof:
    """Whether the proposer's request verifies. Raises `Missing`."""
    row = Proposal.objects.filter(id=proposal_id).first()
    if row is None:
        raise errors.Missing("There is no such proposal.")
    return proofs.of_request(row)


def changes_of(proposal_id: UUID) -> Sequence[Change]:
    """What a proposal's commands change, as things are now. Raises `Missing`."""
    row = Proposal.objects.filter(id=proposal_id).first()
    if row is None:
        raise errors.Missing("There is no such proposal.")
    return [changes.change(command, details) for command, details in proposals.steps_of(row)]


def words_of(row: Proposal) -> str:
    """A proposal in a sentence, its first three changes for one of many."""
    steps = proposals.steps_of(row)
    told = "; ".join(changes.words(command, details) for command, details in steps[:_MOST_TOLD])
    return told if len(steps) <= _MOST_TOLD else f"{told}; and {len(steps) - _MOST_TOLD} more"


def waiting_for(*, by: Actor, now: datetime) -> list[UUID]:
    """The proposals that wait for this person's decision, of the newest 500 that are pending."""
    return waiting.for_actor(by, Proposal.objects.all(), now=now)


def visible_details(row: Proposal) -> list[dict[str, Any]]:
    """The inputs of a proposal's commands without what nobody may read."""
    return [
        {name: value for name, value in item["details"].items() if name not in command.secrets}
        for item, (command, _) in zip(row.commands, proposals.steps_of(row), strict=True)
    ]


def _names(user_ids: Iterable[UUID | None]) -> dict[UUID, User]:
    wanted = {user_id for user_id in user_ids if user_id is not None}
    return {user.id: user for user in User.objects.filter(id__in=wanted)}


def _proposal(row: Proposal, names: Mapping[UUID, User], now: datetime) -> ProposalRow:
    proposer = names.get(row.proposer_id) if row.proposer_id else None
    return ProposalRow(
        id=row.id,
        state=str(row.state_at(now)),
        action=row.action,
        resource=row.resource,
        proposer=UUID(row.actor["public_id"]) if row.actor["public_id"] else None,
        proposer_name=proposer.username if proposer else _kind(row),
        hash=row.hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
        reason=row.reason,
        has_outcome=row.sealed_outcome is not None,
    )


def _kind(row: Proposal) -> str:
    return "operator" if row.actor["is_operator"] else str(row.actor["kind"])


def _vote(vote: Vote, names: Mapping[UUID, User]) -> VoteRow:
    voter = names[vote.user_id]
    return VoteRow(
        user=voter.public_id,
        username=voter.username,
        device=vote.device_id,
        decision=vote.decision,
        reason=vote.reason,
        cast_at=vote.cast_at,
        retracted_at=vote.retracted_at,
        is_attested=vote.is_attested,
    )
