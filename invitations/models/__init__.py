"""Tables of invitations, policies, proposals and votes."""

from invitations.models.invitation import Invitation
from invitations.models.policy import Policy
from invitations.models.proposal import Effect, Proposal, Vote

__all__ = ["Effect", "Invitation", "Policy", "Proposal", "Vote"]
