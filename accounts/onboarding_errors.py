"""Refusals about onboardings: what is wrong with a request at the door."""

from identity.errors import DomainError, Kind


class AccountIdInvalid(DomainError):
    """A ledger key came without an account that it could belong to."""

    kind = Kind.UNPROCESSABLE
    code = "onboarding.account-id-invalid"
    title = "The id of a ledger account is three numbers with dots between them."


class AccountKeyInvalid(DomainError):
    """A ledger account came without its private key, or with something that is none."""

    kind = Kind.UNPROCESSABLE
    code = "onboarding.account-key-invalid"
    title = "The key of a ledger account is an Ed25519 private key: 64 hex digits, or DER in hex."


class AccountMismatch(DomainError):
    """The ledger knows another key for this account, or no such account."""

    kind = Kind.UNPROCESSABLE
    code = "onboarding.account-mismatch"
    title = "This is not the key of the ledger account."


class ParentRequired(DomainError):
    """A user belongs to a registry."""

    kind = Kind.INVALID
    code = "onboarding.parent-required"
    title = "Name the registry that the new user belongs to."


class ParentUnknown(DomainError):
    """Unknown, or known and no registry: one text, so that nobody learns who has an account."""

    kind = Kind.INVALID
    code = "onboarding.parent-unknown"
    title = "There is no such registry."


class ParentNotReady(DomainError):
    """A registry without a DID and a topic has nowhere to publish its users."""

    kind = Kind.INVALID
    code = "onboarding.parent-not-ready"
    title = "This registry is not set up. Finish its own onboarding first."


class RemoteSigningIncomplete(DomainError):
    """Somebody else's signer cannot be asked without its address and credentials that fit."""

    kind = Kind.INVALID
    code = "onboarding.remote-signing-incomplete"
    title = "Say how the remote signer is reached."


class RemoteAccountRequired(DomainError):
    """An account that is made here gets a key that is made here, which no remote signer has."""

    kind = Kind.INVALID
    code = "onboarding.remote-account-required"
    title = "Bring the ledger account whose key the remote signer holds, and that key."


class AlreadyOnboarded(DomainError):
    """A user is set up once."""

    kind = Kind.CONFLICT
    code = "onboarding.already-done"
    title = "This user has a DID already."


class Unexpected(DomainError):
    """A fault of ours, or a worker that died each time at the same place; the log says more."""

    kind = Kind.UNAVAILABLE
    code = "onboarding.unexpected"
    title = "This onboarding met a fault. It can be tried again."


class LedgerAway(DomainError):
    """It was not there for a whole day."""

    kind = Kind.UNAVAILABLE
    code = "onboarding.ledger-away"
    title = "The ledger could not be reached. The onboarding can be tried again."
