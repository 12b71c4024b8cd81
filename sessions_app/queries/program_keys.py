"""API keys of programs as programs themselves see them: named as requests name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from identity import errors
from identity.crypto import ed25519
from identity.limits import Limits
from identity.models import ApiKey
from identity.services import api_key_limits, api_keys


@dataclass(frozen=True, slots=True)
class ProgramKeyRow:
    """A key that is not revoked; `key_id` is what requests name it by.

    `public_pem` is the public key of one that signs with Ed25519, "" for every other. `is_enabled`
    says nothing of its time, which may be over.
    """

    id: UUID
    key_id: str
    name: str
    public_pem: str
    permissions: Sequence[str]
    limits: Limits
    is_enabled: bool
    created_at: datetime


def program_keys() -> list[ProgramKeyRow]:
    """All of them in the scope in force, which are few (`identity.services.api_keys.MOST`)."""
    rows = _rows().order_by("created_at", "id")[: api_keys.MOST]
    return [_row(each) for each in rows]


def program_key(key_id: str) -> ProgramKeyRow:
    """The key that requests name so. Raises Missing."""
    found = _rows().filter(key_id=key_id).first()
    if found is None:
        raise errors.Missing("There is no such API key.")
    return _row(found)


def _rows() -> QuerySet[ApiKey]:
    programs = ApiKey.objects.filter(purpose=api_key_limits.PROGRAM)
    return programs.exclude(status=ApiKey.Status.REVOKED)


def _row(row: ApiKey) -> ProgramKeyRow:
    is_ed25519 = row.algorithm == ApiKey.Algorithm.ED25519
    return ProgramKeyRow(
        id=row.id,
        key_id=row.key_id,
        name=row.name,
        public_pem=_pem(row.public_key) if is_ed25519 else "",
        permissions=row.permissions,
        limits=row.limits,
        is_enabled=row.status == ApiKey.Status.ACTIVE,
        created_at=row.created_at,
    )


def _pem(public_key: str) -> str:
    return ed25519.spki_pem(ed25519.parse_public(bytes.fromhex(public_key)))
