"""What the caller's own ledger account holds: the one call that asks the ledger at once."""

from decimal import Decimal
from typing import Final

from accounts.ledger import Refused
from accounts.queries import balances
from identity.api.guardian import replies
from identity.api.guardian.errors import Told
from identity.api.guardian.route import SELF, Asked, Route
from identity.web.lane import Answer
from identity.web.limits import Rate

_asks: Final = Rate("ledger-balance", count=60, seconds=60)
_UNKNOWN: Final = "The ledger does not know this account"


def in_words(asked: Asked) -> Answer:
    """As people read it; null for who has no account."""
    member = asked.caller.member
    if member.account_id is None:
        return replies.json(None)
    amount = _amount(asked, member.account_id)
    user = {"username": member.username, "did": member.did}
    return replies.json({"balance": f"{amount:f} ℏ", "unit": "Hbar", "user": user})


def as_number(asked: Asked) -> Answer:
    """As programs read it; null for who has no DID."""
    member = asked.caller.member
    if member.did is None or member.account_id is None:
        return replies.json(None)
    return replies.json(float(_amount(asked, member.account_id)))


def _amount(asked: Asked, account_id: str) -> Decimal:
    _asks.hit(str(asked.caller.user_id), now=int(asked.now.timestamp()))
    try:
        return balances.of_account(account_id, scope_id=asked.scope_id)
    except Refused:
        raise Told(_UNKNOWN, status=422) from None


ROUTES: Final = (
    Route("GET", "/accounts/balance", SELF, in_words),
    Route("GET", "/profiles/{username}/balance", SELF, as_number),
)
