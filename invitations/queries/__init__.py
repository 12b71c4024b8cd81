"""What faces and the admin read about invitations, policies and proposals."""

from invitations.queries.offers import invitation, invitations, invitations_window, told
from invitations.queries.policies import policies, policies_window, policy
from invitations.queries.proposals import (
    proposal,
    proposals_page,
    proposals_window,
    visible_details,
)
from invitations.rows import ElectorRow, InvitationRow, ProposalDetail, ProposalRow, VoteRow

__all__ = [
    "ElectorRow",
    "InvitationRow",
    "ProposalDetail",
    "ProposalRow",
    "VoteRow",
    "invitation",
    "invitations",
    "invitations_window",
    "policies",
    "policies_window",
    "policy",
    "proposal",
    "proposals_page",
    "proposals_window",
    "told",
    "visible_details",
]
