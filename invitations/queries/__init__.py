"""What faces and the admin read about invitations, policies and proposals."""

from invitations.queries.changes import change
from invitations.queries.offers import invitation, invitations, invitations_window, told
from invitations.queries.policies import policies, policies_window, policy
from invitations.queries.proofs import Proof
from invitations.queries.proposals import (
    changes_of,
    proof_of,
    proposal,
    proposals_page,
    proposals_window,
    visible_details,
    waiting_for,
    words_of,
)
from invitations.queries.waiting import count as waiting_count
from invitations.rows import (
    Change,
    Difference,
    ElectorRow,
    InvitationRow,
    ProposalDetail,
    ProposalRow,
    VoteRow,
)

__all__ = [
    "Change",
    "Difference",
    "ElectorRow",
    "InvitationRow",
    "Proof",
    "ProposalDetail",
    "ProposalRow",
    "VoteRow",
    "change",
    "changes_of",
    "invitation",
    "invitations",
    "invitations_window",
    "policies",
    "policies_window",
    "policy",
    "proof_of",
    "proposal",
    "proposals_page",
    "proposals_window",
    "told",
    "visible_details",
    "waiting_count",
    "waiting_for",
    "words_of",
]
