"""Ledgers behind one interface: accounts, topics and messages that others can check."""

from uuid import UUID

from accounts.ledger.errors import AccountTaken, Lapsed, Refused, Unavailable
from accounts.ledger.local import LocalLedger
from accounts.ledger.protocol import TINYBARS, Ledger, Message, Receipt
from accounts.ledger.signing import LocalSigner, Signer

__all__ = [
    "TINYBARS",
    "AccountTaken",
    "Lapsed",
    "Ledger",
    "LocalSigner",
    "Message",
    "Receipt",
    "Refused",
    "Signer",
    "Unavailable",
    "open_ledger",
]


def open_ledger(scope_id: UUID) -> Ledger:
    """The ledger that a scope writes to, as the settings name it. Calls nobody."""
    return LocalLedger(scope_id)
