"""Status lists as everybody reads them: credentials that the scope signs anew each hour."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import orjson

from accounts import status_list_addresses
from accounts.models import Credential, CredentialStatusList
from accounts.services import credential_issuer
from identity.crypto import data_integrity, json_ld_contexts, status_list
from identity.crypto.remembered import Remembered
from identity.crypto.verification_methods import ASSERTION
from identity.errors import Missing

LIFE: Final = timedelta(hours=25)
"""How long a copy counts that somebody has kept: a revoked credential must not live by an old one.
"""
MAX_AGE: Final = 300
"""Seconds that a copy may be used without asking again whether it changed."""
_HOUR: Final = timedelta(hours=1)
_packed: Final = Remembered[tuple[UUID, int], str](64)


@dataclass(frozen=True, slots=True)
class Published:
    """A list as it is sent; the same until a bit changes or the hour is over."""

    body: bytes = field(repr=False)
    tag: str


def published(number: int, *, now: datetime) -> Published:
    """A list of the scope in force, signed by it. Raises Missing."""
    row = CredentialStatusList.objects.filter(number=number).first()
    if row is None:
        raise Missing("There is no such list.")
    signer = credential_issuer.signer(now=now)
    hour = now.replace(minute=0, second=0, microsecond=0)
    # A change shows at once, and otherwise all processes sign the same bytes.
    since = max(hour, row.changed_at.replace(microsecond=0))
    document = status_list.document(
        url=status_list_addresses.url_of(row.scope_id, number),
        issuer=credential_issuer.did_of(signer),
        encoded=_encoded(row),
        valid_from=since,
        valid_until=since + LIFE,
    )
    signed = data_integrity.sign(
        document,
        suite=data_integrity.JCS,
        signer=signer,
        purpose=ASSERTION,
        created=since,
        contexts=json_ld_contexts.bundled(),
    )
    return Published(orjson.dumps(signed), f"{row.id.hex}.{row.version}.{int(since.timestamp())}")


def _encoded(row: CredentialStatusList) -> str:
    known = _packed.get((row.id, row.version))
    if known is None:
        revoked = Credential.objects.filter(status_list=row, status=Credential.Status.REVOKED)
        known = status_list.encode(revoked.values_list("status_index", flat=True))
        _packed.keep((row.id, row.version), known)
    return known
