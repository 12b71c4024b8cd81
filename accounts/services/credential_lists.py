"""Places in status lists: each credential gets one, for ever, and nobody can tell whose it is."""

import hashlib
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import F

from accounts.models import CredentialStatusList
from identity.crypto import status_list
from identity.models import Scope
from identity.scoping import inserts, statements

_TAKE: Final = (
    "UPDATE accounts_credentialstatuslist SET taken = taken + 1 WHERE scope_id = %s AND taken < %s"
    " AND id = (SELECT id FROM accounts_credentialstatuslist WHERE scope_id = %s AND taken < %s"
    " ORDER BY number LIMIT 1) RETURNING id, number, taken - 1"
)


def take(*, scope_id: UUID, now: datetime) -> tuple[CredentialStatusList, int]:
    """A list of the scope in force and a free place in it, inside the caller's transaction."""
    taken = _taken(scope_id)
    if taken is None:
        # One at a time makes a list; who waited for it takes that one.
        Scope.objects.select_for_update(no_key=True).get(id=scope_id)
        taken = _taken(scope_id)
    if taken is None:
        _made(scope_id, now=now)
        taken = _taken(scope_id)
    if taken is None:
        raise RuntimeError("a status list was full when it was made")
    return taken


def note_changed(list_ids: set[UUID], *, now: datetime) -> None:
    """Note that bits of these lists changed."""
    rows = CredentialStatusList.objects.select_for_update().filter(id__in=list_ids)
    # In one order, so that two of us never wait for each other.
    locked = [row.id for row in rows.order_by("number")]
    changed = CredentialStatusList.objects.filter(id__in=locked)
    changed.update(version=F("version") + 1, changed_at=now)


def place(list_id: UUID, serial: int) -> int:
    """Where the credential with this serial number stands: scattered, each place once.

    The order of the places must not tell in which order people came (Bitstring Status List §6.1).
    """
    digest = hashlib.sha256(b"countersign.status-list" + list_id.bytes).digest()
    factor = int.from_bytes(digest[:4]) | 1
    return (serial * factor + int.from_bytes(digest[4:8])) % status_list.SIZE


def _taken(scope_id: UUID) -> tuple[CredentialStatusList, int] | None:
    """The next place of the first list that has one, by one conditional statement."""
    values = inserts.bound(CredentialStatusList, scope=scope_id)
    found = statements.rows(_TAKE, [*values, status_list.SIZE, *values, status_list.SIZE])
    if not found:
        # Nothing is free, or the last place went a moment ago.
        return None
    list_id, number, serial = found[0]
    list_id = list_id if isinstance(list_id, UUID) else UUID(list_id)
    return CredentialStatusList(id=list_id, number=number), place(list_id, serial)


def _made(scope_id: UUID, *, now: datetime) -> None:
    last = CredentialStatusList.objects.order_by("-number").values_list("number", flat=True).first()
    number = (last or 0) + 1
    row = CredentialStatusList(scope_id=scope_id, number=number, created_at=now, changed_at=now)
    inserts.insert(row)
