"""Refusals about signing in and staying in."""

from identity.errors import DomainError, Kind


class TokenRefused(DomainError):
    """One text for forged, expired, ended, revoked, of another scope or another use."""

    kind = Kind.UNAUTHENTICATED
    code = "token.refused"
    title = "This token is not valid."


class SignInRefused(DomainError):
    """One text for every cause: unknown, wrong, disabled, too often."""

    kind = Kind.UNAUTHENTICATED
    code = "sign-in.refused"
    title = "We could not sign you in with this."


class SignUpClosed(DomainError):
    """The proof was right, but nobody here has it, and newcomers need an invitation."""

    kind = Kind.FORBIDDEN
    code = "sign-in.by-invitation-only"
    title = "Nobody here signs in with this yet. Ask for an invitation."


class ChallengeRefused(DomainError):
    """Unknown, used, late, of another purpose, browser or address."""

    kind = Kind.UNAUTHENTICATED
    code = "challenge.refused"
    title = "This was used already, came too late, or belongs to something else. Begin anew."


class StepUpNeeded(DomainError):
    """`facts["seconds"]` says how fresh the proof has to be."""

    kind = Kind.FORBIDDEN
    code = "session.step-up-needed"
    title = "Prove once more who you are, then try again."


class ProviderUnusable(DomainError):
    """Disabled, unknown, misconfigured, or it does not answer as it should."""

    kind = Kind.UNPROCESSABLE
    code = "provider.unusable"
    title = "This provider can't be used now."


class ReturnRefused(DomainError):
    """An application sends people to its registered addresses alone."""

    kind = Kind.INVALID
    code = "application.return-refused"
    title = "This address is not one that the application registered."


class CodeRefused(DomainError):
    """One text for wrong, used, late, given up, and never sent from this browser."""

    kind = Kind.UNAUTHENTICATED
    code = "code.refused"
    title = "This code is wrong, was used, or is too old. Ask for a new one after five wrong ones."


class CodeSentAlready(DomainError):
    """`facts["retry_after"]` says in how many seconds the next one may be asked for."""

    kind = Kind.LIMITED
    code = "code.sent-already"
    title = "A code was sent a moment ago. Look for it, or wait before you ask again."
