"""Profiles as clients read them: one statement for a person with wallets and provider accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from accounts.models import Follow, Profile, Role, RoleAssignment, RoleCredential, User
from identity.crypto import did_address
from identity.crypto.errors import AddressInvalid
from identity.scoping import prepared
from identity.scoping.foresight import Question


@dataclass(frozen=True, slots=True)
class WalletRow:
    """A wallet; `is_keyless` where the address only names the user."""

    id: UUID
    address: str
    public_key: str
    kind: str
    is_keyless: bool
    added_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """An account at a provider; `wallet_id` is the keyless wallet that stands for it, if any."""

    id: UUID
    provider: str
    subject: str
    email: str
    name: str
    wallet_id: UUID | None
    linked_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A profile with its user's state. `inviter` is the address of whoever invited the user.

    `has_credentials` tells whether there are role credentials to ask for: `role_credentials` says
    which of them give a role now.
    """

    user_id: UUID
    public_id: UUID
    status: str
    address: str
    public_key: str
    name: str
    full_name: str
    email: str
    is_email_verified: bool
    phone: str
    is_phone_verified: bool
    locale: str
    avatar: UUID | None
    source: str
    metadata: Mapping[str, Any]
    postal_address: Mapping[str, Any]
    privacy: Mapping[str, Any]
    notifications: Mapping[str, Any]
    extra: Mapping[str, Any]
    inviter: str
    generation: int
    first_sign_in_at: datetime
    last_sign_in_at: datetime
    last_sign_in_from: str
    created_at: datetime
    updated_at: datetime
    has_credentials: bool
    wallets: Sequence[WalletRow] = field(default=())
    identities: Sequence[IdentityRow] = field(default=())

    @property
    def is_active(self) -> bool:
        """Whether the user may sign in."""
        return self.status == User.Status.ACTIVE

    @property
    def proven(self) -> int:
        """What was proven, as bits: 1 the e-mail address, 2 the telephone."""
        return int(self.is_email_verified) | int(self.is_phone_verified) << 1


@dataclass(frozen=True, slots=True)
class RoleCredentialRow:
    """A role credential that gives a role now."""

    id: UUID
    credential_id: str
    role: str
    title: str
    document: Mapping[str, Any]
    source: str
    issued_at: datetime
    expires_at: datetime | None
    first_used_at: datetime | None
    last_used_at: datetime | None


def _columns() -> list[Any]:
    inviter = Profile.objects.filter(user_id=OuterRef("inviter")).values("address")[:1]
    valid = RoleCredential.objects.filter(status=RoleCredential.Status.VALID)
    return [
        *("user_id", "user__public_id", "user__status", "address", "public_key", "name"),
        *(
            "full_name",
            "email",
            "is_email_verified",
            "phone",
            "is_phone_verified",
            "locale",
            "avatar",
        ),
        *("source", "metadata", "postal_address", "privacy", "notifications", "extra"),
        Subquery(inviter),
        *("generation", "first_sign_in_at", "last_sign_in_at", "last_sign_in_from"),
        *("user__created_at", "updated_at"),
        Exists(valid.filter(user_id=OuterRef("user_id"))),
    ]


_PROFILE_COLUMNS: Final = 27
_INVITER: Final = 19
_WALLET_COLUMNS: Final = tuple(
    f"user__wallets__{name}"
    for name in ("id", "address", "public_key", "kind", "is_keyless", "added_at", "last_used_at")
)
_IDENTITY_COLUMNS: Final = tuple(
    f"user__external_identities__{name}"
    for name in (
        *("id", "provider", "subject", "email", "name", "wallet_id", "linked_at", "last_used_at"),
    )
)


def _whole(**by: Any) -> "QuerySet[Any, Any]":
    columns = [*_columns(), *_WALLET_COLUMNS, *_IDENTITY_COLUMNS]
    return Profile.objects.filter(**by).values_list(*columns)


_OF_USER: Final = prepared.prepare(lambda user: _whole(user_id=user), "user")
_OF_PUBLIC_ID: Final = prepared.prepare(lambda user: _whole(user__public_id=user), "user")
_AT_ADDRESS: Final = prepared.prepare(lambda address: _whole(address=address), "address")
_NAMED: Final = prepared.prepare(lambda name: _whole(name=name), "name")
_OF_WALLET: Final = prepared.prepare(
    lambda address: Profile.objects.filter(user__wallets__address=address).values_list("user_id"),
    "address",
)
_MINE: Final = RoleAssignment.objects.filter(user_id=OuterRef("user_id"))
_IS_HELD: Final = Exists(_MINE.filter(predefined=OuterRef("role"))) | Exists(
    _MINE.filter(role__name=OuterRef("role"), role__status=Role.Status.ACTIVE)
)
_CREDENTIALS: Final = prepared.prepare(
    lambda user, status: (
        RoleCredential.objects.filter(_IS_HELD, user_id=user, status=status)
        .order_by("issued_at", "id")
        .values_list(
            *("id", "credential_id", "role", "title", "document", "source", "issued_at"),
            *("expires_at", "first_used_at", "last_used_at"),
        )
    ),
    "user",
    "status",
)


def profile(user_id: UUID) -> ProfileRow | None:
    """The profile of a user of the scope in force. One statement; of the same rows one object."""
    return _PROFILE.of(user=user_id)


def profile_of(public_id: UUID) -> ProfileRow | None:
    """As `profile`, of the user whom clients know by this id."""
    return _PROFILE_OF.of(user=public_id)


def question(public_id: UUID) -> Question:
    """What `profile_of` will ask, for `foresight`; in the scope in force."""
    return _PROFILE_OF.question(user=public_id)


def profile_at(text: str) -> ProfileRow | None:
    """The profile whose user is known by this address or DID, of whichever wallet."""
    try:
        address = did_address.normalise(text)
    except AddressInvalid:
        return None
    found = _together(_AT_ADDRESS.rows(address=address))
    if found is not None:
        return found
    owner = _OF_WALLET.one(address=address)
    return None if owner is None else profile(owner[0])


def profile_named(name: str) -> ProfileRow | None:
    """The profile that has this name for others to find it by."""
    return _together(_NAMED.rows(name=name)) if name else None


def role_credentials(user_id: UUID, *, now: datetime) -> list[RoleCredentialRow]:
    """The credentials that give a user a role now, oldest first. One statement.

    Those whose role was taken from the user, or is disabled, give none.
    """
    rows = _CREDENTIALS.rows(user=user_id, status=RoleCredential.Status.VALID)
    found = [RoleCredentialRow(*row) for row in rows]
    return [each for each in found if each.expires_at is None or each.expires_at > now]


def credentials_of(row: ProfileRow, *, now: datetime) -> list[RoleCredentialRow]:
    """As `role_credentials`, without a statement for who has none."""
    return role_credentials(row.user_id, now=now) if row.has_credentials else []


def role_credential(credential_id: str) -> tuple[RoleCredentialRow, UUID, bool] | None:
    """A credential, whose it is, and whether it was revoked or gives no role any more."""
    found = RoleCredential.objects.filter(credential_id=credential_id).first()
    if found is None:
        return None
    row = RoleCredentialRow(*(getattr(found, each.name) for each in fields(RoleCredentialRow)))
    rows = RoleCredential.objects.filter(_IS_HELD, id=found.id, user__status=User.Status.ACTIVE)
    return row, found.user_id, not rows.filter(status=RoleCredential.Status.VALID).exists()


def is_following(follower: UUID, followed: UUID) -> bool:
    """Whether one user follows another."""
    return Follow.objects.filter(follower_id=follower, followed_id=followed).exists()


def _together(rows: list[tuple[Any, ...]]) -> ProfileRow | None:
    """One row for each pair of wallet and account: few, for nobody has many of either."""
    if not rows:
        return None
    wallets: dict[UUID, WalletRow] = {}
    identities: dict[UUID, IdentityRow] = {}
    behind = _PROFILE_COLUMNS + len(_WALLET_COLUMNS)
    for row in rows:
        if row[_PROFILE_COLUMNS] is not None:
            wallets[row[_PROFILE_COLUMNS]] = WalletRow(*row[_PROFILE_COLUMNS:behind])
        if row[behind] is not None:
            identities[row[behind]] = IdentityRow(*row[behind:])
    own = list(rows[0][:_PROFILE_COLUMNS])
    own[_INVITER] = own[_INVITER] or ""
    own.append(sorted(wallets.values(), key=lambda each: (each.added_at, each.id)))
    own.append(sorted(identities.values(), key=lambda each: (each.linked_at, each.id)))
    return ProfileRow(*own)


_PROFILE: Final = prepared.Made(_OF_USER, _together, most=4096)
_PROFILE_OF: Final = prepared.Made(_OF_PUBLIC_ID, _together, most=4096)
