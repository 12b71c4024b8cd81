"""Ledgers behind one interface: accounts, topics and messages that others can check."""

from uuid import UUID

from django.conf import settings

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
    "announcement_topic",
    "open_ledger",
]


def open_ledger(scope_id: UUID) -> Ledger:
    """The ledger that a scope writes to, as the settings name it. Calls nobody."""
    if settings.LEDGER.kind == "local":
        return LocalLedger(scope_id)
    # An extra of its own, which most deployments do not install.
    from accounts.ledger.hedera.opening import open_hedera  # noqa: PLC0415

    return open_hedera(scope_id, settings.LEDGER)


def announcement_topic() -> str:
    """The topic of the whole network in which registries announce themselves; "" for none."""
    topic: str = settings.LEDGER.topic
    return topic
