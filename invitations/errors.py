"""Refusals about invitations, policies and proposals."""

from identity.errors import DomainError, Kind


class InvitationInvalid(DomainError):
    """Unknown, used, expired, revoked and locked invitations are told apart by nobody outside."""

    kind = Kind.UNAUTHENTICATED
    code = "invitation.not-valid"
    title = "This invitation is not valid. Ask for a new one."


class InvitationWaits(DomainError):
    """Policy asks for approval of who accepted; it is not used up, and not open to others."""

    kind = Kind.CONFLICT
    code = "invitation.waits"
    title = "Others have to approve this first. Sign in the same way when they have."


class InvitationNeedsDevice(DomainError):
    """For an account that is in use, or that has a password."""

    kind = Kind.CONFLICT
    code = "invitation.needs-device"
    title = "This invitation is accepted with a device, on the page that its link opens."


class TooManyInvitations(DomainError):
    kind = Kind.CONFLICT
    code = "invitation.too-many"
    title = "This user has as many open invitations as allowed. Revoke one first."


class PolicyDenied(DomainError):
    kind = Kind.FORBIDDEN
    code = "policy.denied"
    title = "A policy denies this."


class PolicyLocked(DomainError):
    kind = Kind.CONFLICT
    code = "policy.locked"
    title = "This policy is built in and can't be changed."


class QuorumUnreachable(DomainError):
    kind = Kind.CONFLICT
    code = "proposal.quorum-unreachable"
    title = "Too few people may approve this for its quorum ever to be reached."


class TooManyProposals(DomainError):
    kind = Kind.CONFLICT
    code = "proposal.too-many"
    title = "You have as many open proposals as allowed. Cancel one or wait for decisions."


class ProposalHashDiffers(DomainError):
    kind = Kind.INVALID
    code = "proposal.hash-differs"
    title = "The proposal_hash is not that of this proposal. Read the proposal again."


class ProposalEnded(DomainError):
    kind = Kind.CONFLICT
    code = "proposal.ended"
    title = "This proposal has ended."


class AlreadyVoted(DomainError):
    kind = Kind.CONFLICT
    code = "proposal.already-voted"
    title = "You have voted otherwise. Retract that vote first."


class NotEligible(DomainError):
    kind = Kind.FORBIDDEN
    code = "proposal.may-not-decide"
    title = "You may not decide this proposal."


class ReasonNeeded(DomainError):
    kind = Kind.INVALID
    code = "proposal.reason-needed"
    title = "A rejection needs a reason."


class ListUnreadable(DomainError):
    """A file with people to invite that can't be read as a whole."""

    kind = Kind.INVALID
    code = "invitation-batch.unreadable"
    title = "This list can't be read."


class ListColumnUnknown(DomainError):
    """`facts["column"]` names it."""

    kind = Kind.INVALID
    code = "invitation-batch.column-unknown"
    title = "This list has a column that is not known here."


class LinksByMailOff(DomainError):
    """The scope setting `mail_invitation_links` decides."""

    kind = Kind.CONFLICT
    code = "invitation.links-by-mail-off"
    title = "This scope sends no invitation links by mail."


class PersonHasJoined(DomainError):
    """A new invitation would be for a further device, which has to be asked for."""

    kind = Kind.CONFLICT
    code = "invitation.person-has-joined"
    title = "This person has joined already. Ask for an invitation for a further device."


class StatementDiffers(DomainError):
    kind = Kind.INVALID
    code = "statement.differs"
    title = "The signed statement says something else than what was asked."


class ChallengeFailed(DomainError):
    """One refusal for a challenge that is not ours, for other keys, too old or not opened."""

    kind = Kind.INVALID
    code = "challenge.failed"
    title = "The challenge was not answered. Ask for a new one."
