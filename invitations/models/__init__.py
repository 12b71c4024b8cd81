"""Tables of invitations, policies, proposals and votes."""

from invitations.models.invitation import Invitation
from invitations.models.invitation_batch import InvitationBatch, InvitationBatchLine
from invitations.models.invitation_mail import InvitationMail
from invitations.models.policy import Policy
from invitations.models.proposal import Effect, Proposal, Vote

__all__ = [
    "Effect",
    "Invitation",
    "InvitationBatch",
    "InvitationBatchLine",
    "InvitationMail",
    "Policy",
    "Proposal",
    "Vote",
]
