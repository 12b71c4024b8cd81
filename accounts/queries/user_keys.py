"""The user keys with which an account is signed in to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models.functions import Length

from accounts.models import Wallet
from identity import errors

_POINT_DIGITS: Final = 66
"""Hexadecimal digits of a compressed point, which no other kind of wallet but a DID's is."""


@dataclass(frozen=True, slots=True)
class UserKey:
    """A key of an account; `public_key` is the Base58Check of its compressed point."""

    id: UUID
    public_key: str
    added_at: datetime


def of(user_id: UUID) -> Sequence[UserKey]:
    """The user keys of an account, the oldest first; there are some dozens at most."""
    rows = Wallet.objects.filter(user_id=user_id, kind=Wallet.Kind.SECP256K1, is_keyless=False)
    points = rows.alias(digits=Length("public_key")).filter(digits=_POINT_DIGITS)
    # A DID's address has colons; that of a user key is its Base58Check.
    found = points.exclude(address__contains=":").order_by("added_at", "id")
    return [of_wallet(row) for row in found]


def one(user_id: UUID, key_id: UUID) -> UserKey:
    """One of an account's. Raises `Missing`."""
    found = next((row for row in of(user_id) if row.id == key_id), None)
    if found is None:
        raise errors.Missing("There is no such user key.")
    return found


def of_wallet(row: Wallet) -> UserKey:
    """A wallet that is a user key."""
    return UserKey(row.id, row.address, row.added_at)
