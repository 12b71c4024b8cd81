"""What accounts hold, as the ledger says it now."""

from decimal import Decimal
from uuid import UUID

from accounts import ledger as ledgers
from accounts.ledger import TINYBARS


def of_account(account_id: str, *, scope_id: UUID) -> Decimal:
    """The balance of an account in the ledger's currency.

    Asks the ledger, which may be on the network: not in a transaction. Raises
    `accounts.ledger.Unavailable` and `Refused` for an account that it does not know.
    """
    tinybars = ledgers.open_ledger(scope_id).balance(account_id=account_id)
    return Decimal(tinybars) / TINYBARS
