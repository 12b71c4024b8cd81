"""How many wrong passwords or codes one client address may try, whatever accounts they are for.

Ten wrong passwords lock one account for a while; whoever tries one password on many accounts is
held here. Both are counted before the hash begins, by one statement each. Codes that were mailed
are counted apart: who can't find the right mail has lost no try of a password.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from accounts import errors
from identity.services import neighbourhoods, rates

MOST_WRONG: Final = 30
WINDOW_SECONDS: Final = 15 * 60


class Secret(enum.StrEnum):
    """What is guessed; each is counted for itself."""

    PASSWORD = "passwords"  # noqa: S105 a word, no secret
    CODE = "codes"


def reserve(address: str, *, now: datetime, secret: Secret = Secret.PASSWORD) -> None:
    """Count one try of this neighbourhood as wrong before it is looked at; "" is not counted.

    Not to be called in a transaction (RuntimeError). Raises
    `accounts.errors.TooManyWrongPasswords`, which says nothing about any account.
    """
    if not address:
        return
    try:
        rates.hit(_key(address, secret), limit=MOST_WRONG, window=WINDOW_SECONDS, now=_seconds(now))
    except rates.RateLimited as refusal:
        raise errors.TooManyWrongPasswords(**refusal.facts) from None


def reserve_later(address: str, *, now: datetime) -> None:
    """As `reserve` for a password, in the transaction that counts the try of the account.

    Raises at the latest with its next statement.
    """

    def refuse(refusal: rates.RateLimited) -> None:
        raise errors.TooManyWrongPasswords(**refusal.facts) from None

    if address:
        key = _key(address, Secret.PASSWORD)
        rates.hit_later(
            key, limit=MOST_WRONG, window=WINDOW_SECONDS, now=_seconds(now), refuse=refuse
        )


@dataclass(frozen=True, slots=True)
class Counting:
    """What counts one try as part of another statement, and what refuses where it gave no row."""

    statement: rates.Statement
    refuse: Callable[[], NoReturn]


def counting(address: str, *, now: datetime) -> Counting | None:
    """As `reserve_later`, for a statement of the caller's; None where no database counts alone."""
    if not address:
        return None
    statement = rates.counting(
        _key(address, Secret.PASSWORD), limit=MOST_WRONG, window=WINDOW_SECONDS, now=_seconds(now)
    )
    if statement is None:
        return None

    def refuse() -> NoReturn:
        raise errors.TooManyWrongPasswords(**statement.refusal.facts)

    return Counting(statement, refuse)


def give_back(address: str, *, now: datetime, secret: Secret = Secret.PASSWORD) -> None:
    """The try was right: it counts no more. Other wrong ones stay counted."""
    if address:
        rates.give_back(_key(address, secret), window=WINDOW_SECONDS, now=_seconds(now))


def _key(address: str, secret: Secret) -> str:
    return f"wrong {secret} of {neighbourhoods.of(address)}"


def _seconds(now: datetime) -> int:
    return int(now.timestamp())
