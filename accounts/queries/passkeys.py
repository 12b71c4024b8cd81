"""Reads of passkeys: whose they are, and which of them can be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Passkey
from accounts.models.user import fold
from accounts.queries import passkey_makers
from identity import errors
from identity.scoping import prepared
from identity.services import passkey_policy

_DESCRIPTORS: Final = prepared.prepare(
    lambda name: (
        Passkey.objects.filter(
            user__username_folded=name, user__deleted_at__isnull=True, suspended_at__isnull=True
        )
        .order_by("added_at", "id")
        .values_list("credential_id", "transports", "rp_id")
    ),
    "name",
)

_USABLE: Final = prepared.prepare(
    lambda user, domain: Passkey.objects.filter(
        user_id=user, rp_id=domain, suspended_at__isnull=True
    ).values_list("id"),
    *("user", "domain"),
)

USABLE, SUSPENDED, ELSEWHERE = "active", "suspended", "of-another-domain"


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey as its holder and staff see it; `state` is one of the three words above."""

    id: UUID
    name: str
    credential_id: str
    handle: str
    rp_id: str
    state: str
    aaguid: UUID
    attestation: str
    transports: Sequence[str]
    is_backup_eligible: bool
    is_backed_up: bool
    was_verified: bool
    added_at: datetime
    last_used_at: datetime | None
    alarmed_at: datetime | None
    suspended_at: datetime | None

    @property
    def is_usable(self) -> bool:
        """Whether it is a way in."""
        return self.state == USABLE

    @property
    def maker(self) -> str:
        """What its model is called, as far as it says so itself; "" for an unknown one."""
        return passkey_makers.name(self.aaguid)


def of(user_id: UUID) -> list[PasskeyRow]:
    """The passkeys of a user of the scope in force, the oldest first; there are at most 20."""
    domain = passkey_policy.rp_id()
    rows = Passkey.objects.filter(user_id=user_id).order_by("added_at", "id")
    return [_row(each, domain) for each in rows]


def usable(user_id: UUID) -> list[PasskeyRow]:
    """Those with which the user can sign in now."""
    return [row for row in of(user_id) if row.is_usable]


def descriptors(name: str) -> list[tuple[str, list[str], str]]:
    """Credential ids, transports and domains of what the user of this name can use.

    The oldest first. One statement, the same one for a name that nobody has.
    """
    return [(*row,) for row in _DESCRIPTORS.rows(name=fold(name))]


def has_usable(user_id: UUID) -> bool:
    """Whether there is one with which the user can sign in now."""
    return bool(_USABLE.rows(user=user_id, domain=passkey_policy.rp_id()))


def is_usable(user_id: UUID, passkey_id: UUID) -> bool:
    """Whether a user can still sign in with this passkey."""
    rows = Passkey.objects.filter(id=passkey_id, user_id=user_id, suspended_at__isnull=True)
    return rows.filter(rp_id=passkey_policy.rp_id()).exists()


def one(user_id: UUID, passkey_id: UUID) -> PasskeyRow:
    """One of a user's. Raises `Missing`."""
    row = Passkey.objects.filter(id=passkey_id, user_id=user_id).first()
    if row is None:
        raise errors.Missing("There is no such passkey.")
    return _row(row, passkey_policy.rp_id())


def state(row: Passkey, *, rp_id: str) -> str:
    """Whether a passkey can be used where passkeys belong to this domain."""
    if row.suspended_at is not None:
        return SUSPENDED
    return USABLE if row.rp_id == rp_id else ELSEWHERE


ALARMS: Final = ("suspended", "raised")
"""What lists of alarms can be narrowed to."""


def alarmed(rows: "QuerySet[Passkey]", which: str) -> "QuerySet[Passkey]":
    """The rows whose counter went backwards: all of them, or those suspended for it."""
    found = rows.filter(alarmed_at__isnull=False)
    return found if which == "raised" else found.filter(suspended_at__isnull=False)


def _row(row: Passkey, domain: str) -> PasskeyRow:
    return PasskeyRow(
        id=row.id,
        name=row.name,
        credential_id=row.credential_id,
        handle=row.handle,
        rp_id=row.rp_id,
        state=state(row, rp_id=domain),
        aaguid=row.aaguid,
        attestation=row.attestation,
        transports=row.transports,
        is_backup_eligible=row.is_backup_eligible,
        is_backed_up=row.is_backed_up,
        was_verified=row.was_verified,
        added_at=row.added_at,
        last_used_at=row.last_used_at,
        alarmed_at=row.alarmed_at,
        suspended_at=row.suspended_at,
    )
