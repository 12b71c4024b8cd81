"""Reads about accounts that the server holds, and about what they signed; never a secret."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import KeySignature, ManagedKey
from identity.crypto import ethereum_address
from identity.crypto.errors import AddressInvalid
from identity.errors import Invalid, Missing
from identity.paging import After, Window
from identity.scoping import keyset, prepared

_BY_USER: Final = prepared.prepare(
    lambda user: ManagedKey.objects.filter(user_id=user).values_list(
        "id", "address", "public_key", "user__public_id", "user__username", "created_at"
    ),
    "user",
)
FILTERS: Final = frozenset({"address"})
_BY_ASKING: Final = keyset.Key("asked_at")


@dataclass(frozen=True, slots=True)
class ManagedKeyFacts:
    """An account. `address` has EIP-55's capitals, `public_key` the 33 bytes of the point."""

    id: UUID
    address: str
    public_key: bytes = field(repr=False)
    user: UUID
    """The client-visible id."""
    username: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """What an account signed, or was asked to sign; `digest` is `0x` and 64 digits."""

    id: UUID
    key: UUID
    kind: str
    digest: str
    outcome: str
    actor_kind: str
    session: UUID | None
    device: UUID | None
    vouched_by: UUID | None
    proposal: UUID | None
    asked_at: datetime
    signed_at: datetime | None


def of_user(user_id: UUID) -> ManagedKeyFacts | None:
    """The account of a user of the scope in force."""
    row = _BY_USER.one(user=user_id)
    return None if row is None else _facts(row)


def managed_key(key_id: UUID) -> ManagedKeyFacts:
    """One account. Raises `Missing`."""
    row = ManagedKey.objects.select_related("user").filter(id=key_id).first()
    if row is None:
        raise Missing("There is no such account.")
    return _shown(row)


def managed_keys_window(after: After) -> Window[ManagedKeyFacts]:
    """Accounts of the scope; filter `address`, whole and in any capitals that are right.

    Raises `Invalid`, `CursorInvalid`.
    """
    if set(after.filters) - FILTERS:
        raise Invalid(f"Filters are {', '.join(sorted(FILTERS))}.")
    rows = ManagedKey.objects.select_related("user").defer("sealed_secret")
    if "address" in after.filters:
        rows = rows.filter(address=canonical(after.filters["address"]))
    shown, following = keyset.window(rows, after)
    return Window([_shown(row) for row in shown], following)


def signatures_window(key_id: UUID, after: After) -> Window[SignatureRow]:
    """What an account signed or was asked to sign. Raises `Missing`, `Invalid`, `CursorInvalid`."""
    managed_key(key_id)
    if after.filters:
        raise Invalid("There are no filters.")
    rows = KeySignature.objects.filter(key_id=key_id).defer("sealed_result")
    shown, following = keyset.window(rows, after, _BY_ASKING)
    return Window([signature_row(row) for row in shown], following)


def canonical(address: str) -> str:
    """The address in EIP-55's capitals, or empty for what is none, which nobody has."""
    try:
        return ethereum_address.normalise(address.strip())
    except AddressInvalid:
        return ""


def signature_row(row: KeySignature) -> SignatureRow:
    """A signature without what it says."""
    return SignatureRow(
        id=row.id,
        key=row.key_id,
        kind=row.kind,
        digest=f"0x{row.digest}",
        outcome=row.outcome,
        actor_kind=row.actor_kind,
        session=row.session_id,
        device=row.device_id,
        vouched_by=row.vouched_by,
        proposal=row.proposal_id,
        asked_at=row.asked_at,
        signed_at=row.signed_at,
    )


def signatures_of(key_id: UUID, *, most: int) -> "QuerySet[KeySignature]":
    """The newest signatures of an account, without what they say."""
    rows = KeySignature.objects.filter(key_id=key_id).defer("sealed_result")
    return rows.order_by("-asked_at", "-id")[:most]


def _shown(row: ManagedKey) -> ManagedKeyFacts:
    user = row.user
    values = (row.id, row.address, row.public_key, user.public_id, user.username, row.created_at)
    return _facts(values)


def _facts(row: tuple[Any, ...]) -> ManagedKeyFacts:
    key_id, address, public_key, *more = row
    return ManagedKeyFacts(key_id, address, bytes(public_key), *more)
