"""Ledger accounts for trying out: made at once, handed out with their key, kept by nobody."""

from dataclasses import dataclass, field
from datetime import datetime

from accounts import ledger as ledgers
from accounts.ledger import TINYBARS
from accounts.services import writing
from identity.actor import Actor
from identity.crypto import ed25519
from identity.scoping import current
from identity.services import audit, scopes


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account and its Ed25519 seed, shown once."""

    account_id: str
    seed: bytes = field(repr=False)


def make(*, by: Actor, now: datetime) -> DemoAccount:
    """A new account in the ledger of the actor's scope, with a little in it.

    Asks the ledger, which may be on the network: not in a transaction. Whether the scope is in demo
    mode is the caller's question. Raises `accounts.ledger.Unavailable`, `Refused`, `Lapsed`.
    """
    ledger, key = ledgers.open_ledger(by.scope_id), ed25519.generate()
    with current.in_scope(by.scope_id):
        balance = scopes.settings().opening_balance * TINYBARS
    account_id = ledger.create_account(
        transaction_id=ledger.begin(), public_key=key.public.raw, balance=balance, memo=""
    )
    with writing.of(by):
        subject = ("ledger-account", account_id)
        audit.record("ledger-account.made", by=by, subject=subject, now=now)
    return DemoAccount(account_id, ed25519.private_bytes(key))
