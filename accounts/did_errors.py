"""Refusals about DIDs of users."""

from identity.errors import DomainError, Kind


class DidTaken(DomainError):
    """A DID is one user's of a scope, and a user has one of each kind that is published."""

    kind = Kind.CONFLICT
    code = "did.taken"
    title = "User DID already exists"


class DidDeactivated(DomainError):
    """For ever; its keys are gone."""

    kind = Kind.GONE
    code = "did.deactivated"
    title = "This DID is deactivated."


class DidUnproven(DomainError):
    """Anybody can write a DID down; its key must have signed here for the user."""

    kind = Kind.UNPROCESSABLE
    code = "did.unproven"
    title = "No device, wallet or account of this user has the key of this DID."
