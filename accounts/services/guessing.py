"""How many wrong passwords one client address may try, whatever accounts they are for.

Ten wrong ones lock one account for a while; whoever tries one password on many accounts is held
here. Both are counted before the hash begins, by one statement each.
"""

from datetime import datetime
from typing import Final

from accounts import errors
from identity.services import neighbourhoods, rates

MOST_WRONG: Final = 30
WINDOW_SECONDS: Final = 15 * 60


def reserve(address: str, *, now: datetime) -> None:
    """Count one try of this neighbourhood as wrong before it is looked at; "" is not counted.

    Not to be called in a transaction (RuntimeError). Raises
    `accounts.errors.TooManyWrongPasswords`, which says nothing about any account.
    """
    if not address:
        return
    try:
        rates.hit(_key(address), limit=MOST_WRONG, window=WINDOW_SECONDS, now=_seconds(now))
    except rates.RateLimited as refusal:
        raise errors.TooManyWrongPasswords(**refusal.facts) from None


def give_back(address: str, *, now: datetime) -> None:
    """The try was right: it counts no more. Other wrong ones stay counted."""
    if address:
        rates.give_back(_key(address), window=WINDOW_SECONDS, now=_seconds(now))


def _key(address: str) -> str:
    return f"wrong passwords of {neighbourhoods.of(address)}"


def _seconds(now: datetime) -> int:
    return int(now.timestamp())
