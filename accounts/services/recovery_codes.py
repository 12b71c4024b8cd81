"""Recovery codes: each stands for one one-time password, once, when the generator is lost."""

import base64
import hashlib
import os
import re
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts import errors
from accounts.models import RecoveryCode, User
from accounts.queries import staff
from accounts.services import users, writing
from identity import errors as refusals
from identity.actor import Actor

COUNT: Final = 10
_BYTES: Final = 10
_FORM: Final = re.compile(r"[A-Z2-7]{16}")


def renew(*, user_id: UUID, by: Actor, now: datetime) -> list[str]:
    """Ten new codes, shown once; all earlier ones are void.

    Raises `Missing`, `Conflict` for an account without a generator, `Forbidden` for others.
    """
    if by.user_id != user_id:
        raise refusals.Forbidden("Recovery codes are made by their owner.")
    codes = [_new() for _ in range(COUNT)]
    with writing.of(by):
        user = users.locked(user_id)
        if user.one_time_password_id is None:
            raise refusals.Conflict("Set up one-time passwords first.")
        remove(user_id)
        RecoveryCode.objects.bulk_create(
            RecoveryCode(
                digest=_digest(user_id, code), scope_id=by.scope_id, user=user, created_at=now
            )
            for code in codes
        )
        users.record("recovery-codes.renewed", user, by=by, now=now, count=COUNT)
    return codes


def use(*, user_id: UUID, code: str, by: Actor, now: datetime) -> None:
    """Use up a code. Raises `accounts.errors.OneTimePasswordRefused`.

    One conditional statement decides, so a code is used once whoever comes at the same time.
    """
    digest = _digest(user_id, code)
    unused = RecoveryCode.objects.filter(digest=digest, user_id=user_id, used_at__isnull=True)
    with writing.of(by):
        if not unused.update(used_at=now):
            raise errors.OneTimePasswordRefused
        user = User.objects.get(id=user_id)
        left = staff.recovery_codes_left(user_id)
        users.record("recovery-code.used", user, by=by, now=now, left=left)


def remove(user_id: UUID) -> None:
    """Forget all codes of an account, in the caller's transaction."""
    RecoveryCode.objects.filter(user_id=user_id).delete()


def has_form(code: str) -> bool:
    """Whether this looks like a recovery code, and not like what a generator shows."""
    return _FORM.fullmatch(_plain(code)) is not None


def _new() -> str:
    text = base64.b32encode(os.urandom(_BYTES)).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _plain(code: str) -> str:
    return "".join(sign for sign in code.upper() if sign.isalnum())


def _digest(user_id: UUID, code: str) -> str:
    # Nobody guesses 80 random bits, so a fast hash is enough; the account's id keeps it apart.
    return hashlib.sha256(f"{user_id} {_plain(code)}".encode()).hexdigest()
