"""The first API key of a scope, for whoever set the server up and has no other way in yet."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Final

from identity import errors
from identity.actor import Actor
from identity.errors import DomainError, Kind
from identity.limits import Limits
from identity.models import ApiKey
from identity.scoping import current
from identity.services import api_keys
from identity.services.api_key_secrets import Credential

_FIRST: Final = uuid.UUID("7b9f61c9-6cf0-5d0b-9d0c-2f4d1b1f6a53")
"""The namespace of the ids of first keys, so that a scope can have only one."""


class FirstApiKeyExists(DomainError):
    """Also when it was revoked since: the way in is open once."""

    kind = Kind.CONFLICT
    code = "api-key.first-exists"
    title = "This scope has had its first API key."


def require_none(*, scope_id: uuid.UUID) -> None:
    """Raises FirstApiKeyExists if the scope has, or ever had, an API key of any purpose."""
    with current.in_scope(scope_id):
        if ApiKey.objects.exists():
            raise FirstApiKeyExists


def create(
    *,
    name: str,
    credential: Credential,
    words: Collection[str],
    limits: Limits,
    by: Actor,
    now: datetime,
) -> ApiKey:
    """Make the first API key of the actor's scope, which must never have had one.

    Of any number at the same time one is made: their id is the same, and unique. Requests name it
    by 32 random hexadecimal digits. Raises FirstApiKeyExists, and what `api_keys.create` raises.
    """
    require_none(scope_id=by.scope_id)
    try:
        return api_keys.create(
            key_id=uuid.uuid5(_FIRST, str(by.scope_id)),
            called=uuid.uuid4().hex,
            name=name,
            credential=credential,
            words=words,
            limits=limits,
            by=by,
            now=now,
        )
    except errors.Conflict:
        raise FirstApiKeyExists from None
