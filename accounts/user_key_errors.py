"""Refusals about the user keys of an account."""

from identity.errors import DomainError, Kind


class TooManyUserKeys(DomainError):
    """As with passkeys: a person has a handful of devices."""

    kind = Kind.CONFLICT
    code = "user-key.too-many"
    title = "This account has as many user keys as allowed. Remove one first."
