"""Refusals of ledgers and of those who sign for them."""

from identity.errors import DomainError, Kind


class Unavailable(DomainError):
    """Nobody knows whether anything happened: repeat the call with the same transaction id."""

    kind = Kind.UNAVAILABLE
    code = "ledger.unavailable"
    title = "The ledger can't be reached at the moment."


class Refused(DomainError):
    """Nothing happened, and the same call will never succeed."""

    kind = Kind.UNPROCESSABLE
    code = "ledger.refused"
    title = "The ledger does not accept this."


class Lapsed(DomainError):
    """Nothing happened under this transaction id and nothing will: begin another and repeat.

    Only for ids that were begun and left alone for longer than the ledger takes them.
    """

    kind = Kind.CONFLICT
    code = "ledger.lapsed"
    title = "This transaction never reached the ledger, and its time is over."


class AccountTaken(DomainError):
    """One account of a ledger belongs to one user of a scope, and a user has one."""

    kind = Kind.CONFLICT
    code = "ledger-account.taken"
    title = "This ledger account belongs to another user here."
