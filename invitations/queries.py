"""What faces and the admin read about invitations, policies and proposals."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts import electors
from accounts.models import KnownKey, User
from identity import errors
from identity.actor import Actor
from identity.paging import Listed, Page
from identity.services import scopes
from invitations.models import Invitation, InvitationMail, Policy, Proposal, Vote
from invitations.rows import ElectorRow, InvitationRow, ProposalDetail, ProposalRow, VoteRow
from invitations.services import proposals, standing, votes

__all__ = [
    "ElectorRow",
    "InvitationRow",
    "ProposalDetail",
    "ProposalRow",
    "VoteRow",
    "invitation",
    "invitations",
    "policies",
    "policy",
    "proposal",
    "proposals_page",
    "visible_details",
]


def invitation(invitation_id: UUID, *, now: datetime) -> InvitationRow:
    """One invitation. Raises `Missing`."""
    row = _told().filter(id=invitation_id).first()
    if row is None:
        raise errors.Missing("There is no such invitation.")
    return _invitation(row, now)


def invitations(page: Page, *, now: datetime) -> Listed[InvitationRow]:
    """Invitations by time of making; filters `state` and `user`."""
    rows = _told()
    if "user" in page.filters:
        rows = rows.filter(user__public_id=page.filters["user"])
    if "state" in page.filters:
        rows = rows.filter(_in_state(page.filters["state"], now))
    return Listed([_invitation(row, now) for row in _slice(rows, page)], rows.count())


def policies(page: Page) -> Listed[Policy]:
    """All policies in the order in which they are tried."""
    rows = Policy.objects.order_by("-is_locked", "priority", "public_id")
    return Listed(list(rows[page.offset : page.offset + page.limit]), rows.count())


def policy(public_id: UUID) -> Policy:
    """One policy. Raises `Missing`."""
    row = Policy.objects.filter(public_id=public_id).first()
    if row is None:
        raise errors.Missing("There is no such policy.")
    return row


def proposals_page(page: Page, *, by: Actor, now: datetime) -> Listed[ProposalRow]:
    """Proposals; filters `state`, `resource`, `mine` and `waiting_for_me`."""
    rows = Proposal.objects.all()
    if "state" in page.filters:
        rows = rows.filter(_proposal_in_state(page.filters["state"], now))
    if "resource" in page.filters:
        rows = rows.filter(resource=page.filters["resource"])
    if page.filters.get("mine"):
        rows = rows.filter(proposer_id=by.user_id)
    if page.filters.get("waiting_for_me"):
        rows = rows.filter(id__in=_waiting_for(by, rows, now=now))
    shown = _slice(rows, page)
    names = _names(row.proposer_id for row in shown)
    return Listed([_proposal(row, names, now) for row in shown], rows.count())


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
        proposer_key=_proposer_key(row),
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


def _proposer_key(row: Proposal) -> str | None:
    # The key that the device had then; the holder of an invitation signs with its one-time key.
    if row.request_is_attested or row.proposer_device_id is None:
        return None
    keys = KnownKey.objects.filter(
        device_id=row.proposer_device_id,
        purpose=KnownKey.Purpose.SIGNATURE,
        first_seen_at__lte=row.created_at,
    )
    known = keys.order_by("-first_seen_at").values_list("public", flat=True).first()
    held = Invitation.objects.filter(temporary_device_id=row.proposer_device_id)
    return known or held.values_list("one_time_key", flat=True).first()


def visible_details(row: Proposal) -> list[dict[str, Any]]:
    """The inputs of a proposal's commands without what nobody may read."""
    return [
        {name: value for name, value in item["details"].items() if name not in command.secrets}
        for item, (command, _) in zip(row.commands, proposals.steps_of(row), strict=True)
    ]


def _told() -> "QuerySet[Any]":
    """Invitations with the name of who issued them and with how their last mail stands."""
    makers = User.objects.filter(id=OuterRef("invited_by")).values("username")
    mails = InvitationMail.objects.filter(invitation_id=OuterRef("id"))
    newest = mails.order_by("-queued_at", "-id").values("state")[:1]
    return Invitation.objects.select_related("user").annotate(
        maker=Subquery(makers[:1]), mail=Subquery(newest)
    )


def _invitation(row: Any, now: datetime) -> InvitationRow:
    return InvitationRow(
        id=row.id,
        user=row.user.public_id,
        username=row.user.username,
        state=row.state_at(now),
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        device=row.device_id,
        proposal=row.proposal_id,
        is_alarmed=row.alarmed_at is not None,
        invited_by=row.maker or ("operator" if row.invited_by else "system"),
        ended_at=row.ended_at,
        mail=row.mail or "",
    )


def _in_state(state: str, now: datetime) -> Q:
    if state == "expired":
        return Q(state=Invitation.State.OPEN, expires_at__lte=now)
    if state == Invitation.State.OPEN:
        return Q(state=state, expires_at__gt=now)
    return Q(state=state)


def _proposal_in_state(state: str, now: datetime) -> Q:
    if state == Proposal.State.EXPIRED:
        return Q(state=state) | Q(state=Proposal.State.PENDING, expires_at__lte=now)
    if state == Proposal.State.PENDING:
        return Q(state=state, expires_at__gt=now)
    return Q(state=state)


def _slice(rows: "QuerySet[Any]", page: Page) -> list[Any]:
    direction = "-" if page.is_descending else ""
    ordered = rows.order_by(f"{direction}created_at", f"{direction}id")
    return list(ordered[page.offset : page.offset + page.limit])


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


def _pending(rows: "QuerySet[Proposal]", now: datetime) -> list[Proposal]:
    return list(rows.filter(_proposal_in_state("pending", now)).order_by("-created_at")[:500])


def _waiting_for(by: Actor, rows: "QuerySet[Proposal]", *, now: datetime) -> list[UUID]:
    electorate = electors.everybody(now)
    asked = scopes.settings().device_age_rule
    waiting = []
    for row in _pending(rows.exclude(votes__in=_standing_votes_of(by)), now):
        question = standing.question_of(row, is_device_age_asked=asked, now=now)
        everybody = standing.of_everybody(question, electorate)
        if any(item.person.user_id == by.user_id and not item.obstacle for item in everybody):
            waiting.append(row.id)
    return waiting


def _standing_votes_of(by: Actor) -> "QuerySet[Vote]":
    votes_now = Vote.objects.filter(retracted_at__isnull=True)
    return votes_now.filter(user_id=by.user_id) if by.user_id else votes_now.none()
