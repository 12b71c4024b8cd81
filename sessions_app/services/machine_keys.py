"""API keys and the sessions begun with them: what ends with a key, or with its old secret."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from identity.actor import Actor
from identity.models import ApiKey
from identity.scoping import current
from identity.services import api_keys, audit
from sessions_app.services import machine_ends

AT_ONCE: Final = timedelta()


def disable(*, key_id: UUID, by: Actor, now: datetime) -> ApiKey:
    """Switch a key off; its sessions end for good. Raises as `api_keys.disable`."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row = api_keys.disable(key_id=key_id, by=by, now=now)
        machine_ends.end_all_of(key_id, reason="key-disabled", by=by, now=now)
    return row


def revoke(*, key_id: UUID, by: Actor, now: datetime) -> ApiKey:
    """End a key for ever, and its sessions. Raises as `api_keys.revoke`."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row = api_keys.revoke(key_id=key_id, by=by, now=now)
        machine_ends.end_all_of(key_id, reason="key-revoked", by=by, now=now)
    return row


def rotate(*, key_id: UUID, overlap: timedelta, by: Actor, now: datetime) -> str:
    """Give a key a new secret, which is returned; without an overlap its sessions end, too.

    Whoever changes a secret at once may have lost it, and it may have been traded for tokens.
    Raises as `api_keys.rotate`.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        secret = api_keys.rotate(key_id=key_id, overlap=overlap, by=by, now=now)
        if overlap == AT_ONCE:
            machine_ends.end_all_of(key_id, reason="key-rotated", by=by, now=now)
    return secret
