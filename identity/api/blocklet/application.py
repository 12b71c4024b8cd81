"""The scope as an application: its permanent address, its key, and answers signed with that."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from identity.crypto import answer_signature, wallet_keys
from identity.crypto.did_address import Role
from identity.crypto.remembered import Remembered
from identity.scoping import current
from identity.services import token_keys

MOST: Final = 4096
_CSRF: Final = b"countersign blocklet csrf\n"


@dataclass(frozen=True, slots=True)
class Identity:
    """What clients know an application by; `did` moves with its key, `permanent` never does."""

    did: str
    permanent: str
    public_key: str


_permanent: Final = Remembered[UUID, str](MOST)


def permanent(*, now: datetime) -> str:
    """The address of the first key that the scope in force ever had: tokens are made out to it."""
    scope_id = current.required_scope()
    known = _permanent.get(scope_id)
    if known is None:
        first = token_keys.first_application() or token_keys.application(now=now).public.raw
        known = wallet_keys.public_of(first).address(Role.APPLICATION)
        _permanent.keep(scope_id, known)
    return known


def identity(*, now: datetime) -> Identity:
    """The application that the scope in force is, with the key that it signs with now."""
    public = wallet_keys.public_of(token_keys.application(now=now).public.raw)
    return Identity(public.address(Role.APPLICATION), permanent(now=now), public.hex)


def key(*, now: datetime) -> bytes:
    """The public key under which the scope in force signs answers now."""
    return token_keys.application(now=now).public.raw


def signed(answer: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """The answer with its `$signature` by the application's key."""
    return answer_signature.sign(answer, token_keys.application(now=now))


def csrf_key() -> bytes:
    """What tokens against forged requests are made with, in the scope in force."""
    scope = str(current.required_scope()).encode()
    return hmac.digest(settings.SECRET_KEY.encode(), _CSRF + scope, hashlib.sha256)
